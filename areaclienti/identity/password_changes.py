"""Changing the password in the signed-in area: behind a step-up, with the present password (ASVS 6.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from areaclienti.domain.passwords import failed_rules
from areaclienti.identity import accounts, sessions, step_ups
from areaclienti.identity.errors import SecretRejected
from areaclienti.identity.ports.accounts.contract import Accounts, Credential
from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.work import Do, Work
from areaclienti.password_hashes import Passwords


@dataclass(frozen=True)
class PasswordChange:
    """`attempts_left` is of the present password; the session goes on under another token when changed."""

    outcome: Literal["changed", "wrong_password"]
    attempts_left: int
    session_token: str | None = None
    session_expires_at: datetime | None = None


async def change(
    do: Do, passwords: Passwords, store: Accounts, token: str | None, step_up_id: str, present: str, new: str
) -> PasswordChange:
    """Replaces the password, ends the other sessions and tells the owner.

    Raises `SecretRejected` for a new password that breaks the rules (no try is lost), `Refused`: 401 `session_invalid`,
    409 `step_up_required`.
    """

    async def check_and_count(work: Work) -> tuple[int, Credential, str]:
        session = await sessions.live(work, token)
        if failed := failed_rules(new, await accounts.personal_words_of(work, session.account)):
            raise SecretRejected(failed)
        left = await step_ups.take_try(work, session, step_up_id, "change_password")
        credential = await store.find(work, session.account.username_key)
        return left, credential, f"account_{session.account_id}"

    left, credential, subject = await do(check_and_count)
    # Outside any transaction: both take long.
    try:
        right = await store.verify(credential, present)
    except BackEndUnavailable:
        await do(lambda work: step_ups.give_try_back(work, step_up_id))
        raise
    hashed = await passwords.hash(new) if right else ""

    async def replace(work: Work) -> PasswordChange:
        if not right:
            work.note("password_change", "wrong_password", subject)
            return PasswordChange("wrong_password", left)
        session = await sessions.live(work, token)
        account = session.account
        await step_ups.spend(work, session, step_up_id, "change_password")
        # Changed elsewhere meanwhile: what was typed is not the present one.
        if await store.find(work, account.username_key) != credential:
            raise step_ups.required()
        await store.set_password(work, account, hashed)
        await sessions.end_others(work, session)
        await accounts.end_unfinished_sign_ins(work, account)
        await accounts.tell_owner(work, account, "password_changed")
        work.note("password_change", "changed", subject)
        opened = await sessions.rotate(work, session)
        return PasswordChange("changed", left, opened.token, opened.expires_at)

    return await do(replace)
