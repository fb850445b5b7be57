"""Secrets that never pass through the dialogue: deposited once, taken once, bound to a conversation and a purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete

from areaclienti.crypto import new_token, sha256_hex
from areaclienti.domain.codes import looks_like_code
from areaclienti.domain.passwords import failed_rules
from areaclienti.domain.taxcodes import TaxCodeRejected, parse_tax_code
from areaclienti.identity import addresses
from areaclienti.identity.db.models import VaultEntry
from areaclienti.identity.errors import SecretRejected
from areaclienti.identity.work import Work
from areaclienti.password_hashes import Passwords

Purpose = Literal["password", "verification_code", "tax_code"]


@dataclass(frozen=True)
class Deposit:
    reference: str
    purpose: Purpose
    expires_at: datetime


async def prepare(purpose: Purpose, value: str, passwords: Passwords) -> str:
    """What will be kept: the hash of a password, the canonical form of a code. Raises `SecretRejected`.

    Hashing takes long, so this comes before the transaction.
    """
    if purpose == "password":
        if failed := failed_rules(value):
            raise SecretRejected(failed)
        return await passwords.hash(value)
    if purpose == "verification_code":
        code = looks_like_code(value)
        if code is None:
            raise SecretRejected(["six_digits"])
        return code
    try:
        return parse_tax_code(value).value
    except TaxCodeRejected:
        raise SecretRejected(["not_a_tax_code"]) from None


async def deposit(
    work: Work, conversation_id: str, purpose: Purpose, prepared: str, client_address: str | None = None
) -> Deposit:
    """Keeps what `prepare` gave, in place of an older secret of the same purpose and conversation.

    Every step that is limited by address begins with a secret, so `client_address` is remembered here.
    """
    settings = work.settings
    seconds = settings.vault_password_seconds if purpose == "password" else settings.vault_other_seconds
    reference = f"vlt_{new_token()}"
    digest = sha256_hex(reference)
    await work.database.serialise(work.session, "vault", conversation_id, purpose)
    await addresses.remember(work, conversation_id, client_address)
    await work.session.execute(
        delete(VaultEntry).where(VaultEntry.conversation_id == conversation_id, VaultEntry.purpose == purpose)
    )
    entry = VaultEntry(
        reference_sha256=digest,
        conversation_id=conversation_id,
        purpose=purpose,
        sealed=work.sealer.seal(prepared, f"vault {digest}"),
        expires_at=work.now + timedelta(seconds=seconds),
    )
    work.session.add(entry)
    work.note("secret_deposited", purpose, conversation_id=conversation_id)
    return Deposit(reference, purpose, entry.expires_at)


async def take(work: Work, reference: str, conversation_id: str, purpose: Purpose) -> str | None:
    """Gives the secret and deletes it in one statement, so that it can be had once; None if it cannot be had."""
    digest = sha256_hex(reference)
    sealed = await work.session.scalar(
        delete(VaultEntry)
        .where(
            VaultEntry.reference_sha256 == digest,
            VaultEntry.conversation_id == conversation_id,
            VaultEntry.purpose == purpose,
            VaultEntry.expires_at > work.now,
        )
        .returning(VaultEntry.sealed)
    )
    return None if sealed is None else work.sealer.open(sealed, f"vault {digest}")
