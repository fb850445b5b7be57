"""A forgotten password: a code to the mobile on file, then a new password; the same answers whoever asks.

By mobile only: an e-mail is no out-of-band authenticator (NIST SP 800-63B-4 §3.1.3.1), as at the first access (9a).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import select

from areaclienti.crypto import new_id
from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.domain.passwords import failed_rules
from areaclienti.identity import accounts, addresses, challenges, limits, sessions, throttle
from areaclienti.identity.db.models import Account, Contact, PasswordReset
from areaclienti.identity.errors import Refused, SecretRejected
from areaclienti.identity.work import Do, Work
from areaclienti.password_hashes import Passwords

_NO_ROW = -1  # no row has this id


@dataclass(frozen=True)
class ResetAnswer:
    """`code_sent` also when nobody has that username or no mobile is on file; `wait` counts by address, and guesses by
    username, whoever has it.
    """

    outcome: Literal["code_sent", "wait", "too_soon", "limit_reached"]
    reset_id: str | None = None
    life_minutes: int | None = None
    resend_after_seconds: int | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class ResetCheck:
    outcome: Literal["confirmed", "wrong_code", "code_expired", "code_spent"]
    attempts_left: int


async def begin(work: Work, username: str, client_address: str) -> ResetAnswer:
    """Sends a code if there is an account with a mobile; the answer is the same if not."""
    address = addresses.hmac_of(work, client_address)
    full = await limits.reserve(work, limits.RESET_FROM, address, work.settings.resets_per_hour_of_address, limits.HOUR)
    if full is not None:
        work.note("password_reset", "wait")
        return ResetAnswer("wait", retry_after_seconds=full)
    key = accounts.username_key(username)
    username_hmac = username_hmac_of(work, key)
    if (spent := await _guesses_spent(work, username_hmac)) is not None:
        work.note("password_reset", "wait")
        return ResetAnswer("wait", retry_after_seconds=spent)
    account = await work.ports.accounts.of_username(work, key)
    mobile = await accounts.mobile_of(work, account)
    reset = PasswordReset(
        id=new_id("rst"),
        account_id=account.id if account else None,
        contact_id=mobile.id if mobile else None,
        username_hmac=username_hmac,
        address_hmac=address,
        status="waiting",
        codes_sent=0,
        code_sent_at=work.now,
        attempts_used=0,
        created_at=work.now,
        expires_at=work.now + timedelta(seconds=work.settings.sign_in_life_seconds),
    )
    work.session.add(reset)
    await work.session.flush()
    reason = "unknown_username" if account is None else "no_mobile" if mobile is None else "asked"
    work.note("password_reset", reason, reset.id)
    if account is not None and mobile is None:
        await _point_to_agency(work, account)
    return await _send(work, reset, mobile)


async def send_new_code(work: Work, reset_id: str) -> ResetAnswer:
    """In place of the one before. Raises `Refused` (404 `reset_unknown`)."""
    reset = await _find(work, reset_id, "waiting")
    settings = work.settings
    steps = settings.code_resend_backoff_seconds
    wait = reset.code_sent_at + timedelta(seconds=steps[min(reset.codes_sent, len(steps)) - 1]) - work.now
    if wait > timedelta():
        return ResetAnswer("too_soon", retry_after_seconds=int(wait.total_seconds()) + 1)
    spent = await _guesses_spent(work, reset.username_hmac)
    if spent is not None or reset.codes_sent > settings.code_resends_per_10_minutes:
        return ResetAnswer("limit_reached", retry_after_seconds=spent)
    mobile = await work.session.scalar(select(Contact).where(Contact.id == (reset.contact_id or _NO_ROW)))
    return await _send(work, reset, mobile)


async def verify(work: Work, reset_id: str, code: str) -> ResetCheck:
    """Checks the code. Raises `Refused` (404 `reset_unknown`)."""
    reset = await _find(work, reset_id, "waiting")
    settings = work.settings
    allowed = settings.code_attempts
    if reset.attempts_used >= allowed:
        return ResetCheck("code_spent", 0)
    if reset.code_sent_at + timedelta(seconds=settings.code_life_sms_seconds) <= work.now:
        return ResetCheck("code_expired", allowed - reset.attempts_used)
    # Who guesses in somebody's name must leave him checks of the day for his own codes: locking out is an attack too.
    if await limits.reserve(work, limits.RESET_CHECK, reset.username_hmac, settings.reset_checks_per_day) is not None:
        work.note("password_reset", "limit_reached", reset.id)
        return ResetCheck("code_spent", 0)
    reset.attempts_used += 1  # the row is locked: parallel guesses wait their turn
    left = allowed - reset.attempts_used
    if not await _is_right(work, reset, code):
        return ResetCheck("wrong_code" if left else "code_spent", left)
    reset.status = "confirmed"
    reset.expires_at = work.now + timedelta(seconds=settings.sign_in_life_seconds)
    work.note("password_reset", "confirmed", reset.id)
    return ResetCheck("confirmed", left)


async def finish(do: Do, passwords: Passwords, reset_id: str, new: str, client_address: str) -> None:
    """Replaces the password, ends all sessions and tells the owner.

    Raises `SecretRejected` (the reset stays open), `Refused` (404 `reset_unknown`).
    """

    async def look(work: Work) -> None:
        account = await _account_of(work, await _find(work, reset_id, "confirmed"))
        if failed := failed_rules(new, await accounts.personal_words_of(work, account)):
            raise SecretRejected(failed)

    await do(look)
    hashed = await passwords.hash(new)  # outside any transaction: it takes long

    async def replace(work: Work) -> None:
        reset = await _find(work, reset_id, "confirmed")
        account = await _account_of(work, reset)
        reset.status = "completed"
        await work.ports.accounts.set_password(work, account, hashed)
        await sessions.end_all(work, account)
        await accounts.end_unfinished_sign_ins(work, account)
        # Whoever has guessed at the old password must not make the owner wait with the new one.
        await throttle.take_back(work, throttle.buckets_of(work, account.username_key, client_address))
        await accounts.tell_owner(work, account, "password_changed")
        work.note("password_reset", "completed", f"account_{account.id}")

    await do(replace)


async def _send(work: Work, reset: PasswordReset, mobile: Contact | None) -> ResetAnswer:
    """Sends, if there is where to; what the limits of the contact refuse is not told either."""
    settings = work.settings
    reset.codes_sent += 1
    reset.code_sent_at, reset.attempts_used = work.now, 0
    recipient = mobile or _nowhere(work, reset.username_hmac)
    await challenges.withdraw(work, "password_reset", reset.id)
    # A share of the contact's codes of a day: who asks for resets in somebody's name can't use all of them up.
    full = await limits.reserve(work, limits.RESET_CODE, recipient.key, settings.reset_codes_per_day)
    if full is None:
        await challenges.issue(work, "password_reset", reset.id, recipient, again=False, address=reset.address_hmac)
    else:
        work.note("code_refused", "limit_reached", reset.id)
    steps = settings.code_resend_backoff_seconds
    return ResetAnswer(
        "code_sent",
        reset.id,
        life_minutes=max(1, settings.code_life_sms_seconds // 60),
        resend_after_seconds=steps[min(reset.codes_sent, len(steps)) - 1],
    )


async def _guesses_spent(work: Work, username_hmac: str) -> int | None:
    """Seconds until a code for this username may be tried again, or None if one may now."""
    allowed = work.settings.reset_checks_per_day
    return await limits.seconds_until_free(work, limits.RESET_CHECK, username_hmac, allowed, limits.DAY)


async def _is_right(work: Work, reset: PasswordReset, code: str) -> bool:
    try:
        checked = await challenges.check(work, "password_reset", reset.id, code)
    except Refused:  # the limits had let no code go out
        return False
    return checked.outcome == "right" and reset.account_id is not None


def _nowhere(work: Work, username_hmac: str) -> TypedContact:
    """A number that nobody typed and nothing is sent to: the statements are the same with it."""
    digits = str(int(work.mac.hex("nowhere", username_hmac)[:12], 16) % 10**7).zfill(7)
    number = f"+39399{digits}"
    return TypedContact("mobile", number, number, number)


async def _point_to_agency(work: Work, account: Account) -> None:
    """Once a day, to the e-mail on file: without a mobile only consultant or agency can help (manual 10a)."""
    if await limits.reserve(work, limits.RESET_NO_MOBILE, str(account.id), 1) is None:
        await accounts.tell_owner(work, account, "password_reset_no_mobile")


def username_hmac_of(work: Work, key: str) -> str:
    """What a username is counted by, and found again."""
    return work.mac.hex("password reset", key)


async def _find(work: Work, reset_id: str, status: str) -> PasswordReset:
    reset = await work.session.scalar(
        select(PasswordReset)
        .where(PasswordReset.id == reset_id, PasswordReset.status == status, PasswordReset.expires_at > work.now)
        .with_for_update()
    )
    if reset is None:
        raise _unknown()
    return reset


async def _account_of(work: Work, reset: PasswordReset) -> Account:
    account = await work.session.scalar(
        select(Account).where(Account.id == reset.account_id, Account.deactivated_at.is_(None)).with_for_update()
    )
    if account is None:
        raise _unknown()
    return account


def _unknown() -> Refused:
    return Refused(404, "reset_unknown", "The password reset is unknown or over.")
