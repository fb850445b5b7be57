"""Signing in with username and password, and the code that the first access needs (manual 8a, 9a, 10a)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update

from areaclienti.crypto import new_id
from areaclienti.identity import accounts, addresses, challenges, sessions, throttle
from areaclienti.identity.challenges import Issue, Issued
from areaclienti.identity.db.models import Account, Contact, SignIn
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.accounts.contract import Accounts, Credential
from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.sessions import Device
from areaclienti.identity.throttle import Buckets
from areaclienti.identity.work import Do, Work


@dataclass(frozen=True)
class SignInAnswer:
    outcome: Literal["signed_in", "code_required", "no_mobile", "rejected", "wait"]
    session_token: str | None = None
    session_expires_at: datetime | None = None
    sign_in_id: str | None = None
    challenge: Issued | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class FirstAccessAnswer:
    outcome: Literal["signed_in", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    attempts_left: int
    session_token: str | None = None
    session_expires_at: datetime | None = None


async def sign_in(
    do: Do, store: Accounts, username: str, password: str, client_address: str, device: Device
) -> SignInAnswer:
    """Whether this is a customer's username and password. A wrong one, either of them, gives the same `rejected`.

    The username is the contact in any presentation ("333 123 4567", "+39 3331234567"). A session of this browser that
    was open before is for the caller to close.
    """
    username_key = accounts.username_key(username)

    async def look_up(work: Work) -> tuple[Buckets, int | None, Credential]:
        buckets = throttle.buckets_of(work, username_key, client_address)
        wait = await throttle.reserve(work, buckets)
        credential = await store.find(work, username_key)
        if wait is not None:
            work.note("sign_in", "wait")
        return buckets, wait, credential

    buckets, wait, credential = await do(look_up)
    if wait is not None:
        return SignInAnswer("wait", retry_after_seconds=wait)

    async def enter(work: Work) -> SignInAnswer | None:
        account = await store.enter(work, verified) if verified else None
        if verified and account is None and await store.find(work, username_key) != credential:
            return None
        if account is None:
            work.note("sign_in", "rejected")
            return SignInAnswer("rejected")
        await throttle.take_back(work, buckets)
        if account.first_access_at is None or work.settings.code_at_every_sign_in:
            return await _begin_first_access(work, account, client_address)
        work.note("sign_in", "signed_in", f"account_{account.id}")
        opened = await sessions.open_session(work, account, device)
        return SignInAnswer("signed_in", opened.token, opened.expires_at)

    while True:
        try:
            verified = await store.verify(credential, password)  # outside any transaction: it takes long
        except BackEndUnavailable:
            await do(lambda work: throttle.undo(work, buckets))
            raise
        if (answer := await do(enter)) is not None:
            return answer
        # Meanwhile the password was changed, maybe because somebody else knew it: it is looked at again.
        credential = await do(lambda work: store.find(work, username_key))


async def verify(work: Work, sign_in_id: str, code: str, device: Device) -> FirstAccessAnswer:
    """Checks the code of the first access and opens the session (manual 9a).

    Raises `Refused`: 404 `sign_in_unknown`, 409 `no_challenge`.
    """
    pending, account, contact = await _pending(work, sign_in_id)
    checked = await challenges.check(work, "first_access", pending.id, code)
    if checked.outcome != "right":
        return FirstAccessAnswer(checked.outcome, checked.attempts_left)
    pending.status = "completed"
    is_first = account.first_access_at is None
    account.first_access_at = account.first_access_at or work.now
    account.device_key = contact.key
    work.note("sign_in", "first_access" if is_first else "signed_in", f"account_{account.id}")
    opened = await sessions.open_session(work, account, device)
    return FirstAccessAnswer("signed_in", checked.attempts_left, opened.token, opened.expires_at)


async def send_new_code(work: Work, sign_in_id: str) -> Issue:
    """Raises `Refused` (404 `sign_in_unknown`)."""
    pending, _, contact = await _pending(work, sign_in_id)
    address = await addresses.of(work, pending.id)
    return await challenges.issue(work, "first_access", pending.id, contact, again=True, address=address)


async def _begin_first_access(work: Work, account: Account, client_address: str) -> SignInAnswer:
    contact = await accounts.mobile_of(work, account)
    if contact is None:
        work.note("sign_in", "no_mobile", f"account_{account.id}")
        return SignInAnswer("no_mobile")  # manual 10a
    pending = SignIn(
        id=new_id("sgn"),
        account_id=account.id,
        contact_id=contact.id,
        created_at=work.now,
        expires_at=work.now + timedelta(seconds=work.settings.sign_in_life_seconds),
    )
    work.session.add(pending)
    await addresses.remember(work, pending.id, client_address)
    address = await addresses.of(work, pending.id)
    issue = await challenges.issue(work, "first_access", pending.id, contact, again=False, address=address)
    if issue.challenge is None:
        return SignInAnswer("wait", retry_after_seconds=issue.retry_after_seconds)
    # Codes of earlier, unfinished sign-ins end here: one way in at a time.
    await work.session.execute(
        update(SignIn)
        .where(SignIn.account_id == account.id, SignIn.id != pending.id, SignIn.status == "waiting")
        .values(expires_at=work.now)
    )
    work.note("sign_in", "code_required", f"account_{account.id}")
    return SignInAnswer("code_required", sign_in_id=pending.id, challenge=issue.challenge)


async def _pending(work: Work, sign_in_id: str) -> tuple[SignIn, Account, Contact]:
    row = (
        await work.session.execute(
            select(SignIn, Account, Contact)
            .join(Account, Account.id == SignIn.account_id)
            .join(Contact, Contact.id == SignIn.contact_id)
            .where(SignIn.id == sign_in_id, SignIn.status == "waiting", SignIn.expires_at > work.now)
            .with_for_update(of=SignIn)
        )
    ).one_or_none()
    if row is None:
        raise Refused(404, "sign_in_unknown", "The sign-in is unknown or over.")
    return row[0], row[1], row[2]
