"""The ports of one process: what holds customers, chosen by the settings."""

from __future__ import annotations

from dataclasses import dataclass

from areaclienti.identity.ports.back_end import BackEnd, tls_context
from areaclienti.identity.ports.registry.contract import Registry
from areaclienti.identity.ports.registry.http import HttpRegistry
from areaclienti.identity.ports.registry.sql import SqlRegistry
from areaclienti.settings import IdentitySettings


@dataclass(frozen=True)
class Ports:
    """Where what is true about customers comes from. `back_ends` are those of them that are other systems."""

    registry: Registry
    back_ends: tuple[BackEnd, ...] = ()

    async def close(self) -> None:
        for back_end in self.back_ends:
            await back_end.close()


def choose(settings: IdentitySettings) -> Ports:
    """An HTTP client for each port that has a URL, the SQL implementation for the others."""
    if settings.registry_url is None:
        return Ports(SqlRegistry())
    tls = tls_context(settings.ports_ca_file, settings.ports_certificate_file, settings.ports_certificate_key_file)
    key = settings.registry_key
    registry = BackEnd(
        "registry",
        settings.registry_url,
        key.get_secret_value() if key else None,
        settings.ports_timeout_seconds,
        tls,
    )
    return Ports(HttpRegistry(registry), (registry,))
