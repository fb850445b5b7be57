"""The ports of one process: our own tables, or systems of the insurer, chosen by the settings."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from areaclienti.identity.ports.accounts.contract import Accounts
from areaclienti.identity.ports.accounts.http import HttpAccounts
from areaclienti.identity.ports.accounts.sql import SqlAccounts
from areaclienti.identity.ports.back_end import BackEnd, tls_context
from areaclienti.identity.ports.challenges.contract import Challenges
from areaclienti.identity.ports.challenges.http import HttpChallenges
from areaclienti.identity.ports.challenges.sql import SqlChallenges
from areaclienti.identity.ports.registry.contract import Registry
from areaclienti.identity.ports.registry.http import HttpRegistry
from areaclienti.identity.ports.registry.sql import SqlRegistry
from areaclienti.password_hashes import Passwords
from areaclienti.settings import IdentitySettings


@dataclass(frozen=True)
class Ports:
    """Where what is true about customers comes from. `back_ends` are those of them that are other systems, by name."""

    registry: Registry
    challenges: Challenges
    accounts: Accounts
    back_ends: dict[str, BackEnd]

    async def close(self) -> None:
        for back_end in self.back_ends.values():
            await back_end.close()


def choose(settings: IdentitySettings, passwords: Passwords) -> Ports:
    """An HTTP client for each port that has a URL, the SQL implementation for the others."""
    back_ends = _back_ends(settings)
    registry = back_ends.get("registry")
    challenges = back_ends.get("challenges")
    accounts = back_ends.get("accounts")
    return Ports(
        registry=HttpRegistry(registry) if registry else SqlRegistry(),
        challenges=HttpChallenges(challenges) if challenges else SqlChallenges(),
        accounts=HttpAccounts(accounts) if accounts else SqlAccounts(passwords),
        back_ends=back_ends,
    )


def _back_ends(settings: IdentitySettings) -> dict[str, BackEnd]:
    addresses: dict[str, tuple[str | None, SecretStr | None]] = {
        "registry": (settings.registry_url, settings.registry_key),
        "challenges": (settings.challenges_url, settings.challenges_key),
        "accounts": (settings.accounts_url, settings.accounts_key),
        "notifications": (settings.notifications_url, settings.notifications_key),
    }
    if not any(url for url, _ in addresses.values()):
        return {}
    tls = tls_context(settings.ports_ca_file, settings.ports_certificate_file, settings.ports_certificate_key_file)
    return {
        name: BackEnd(name, url, key.get_secret_value() if key else None, settings.ports_timeout_seconds, tls)
        for name, (url, key) in addresses.items()
        if url
    }
