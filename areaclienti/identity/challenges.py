"""Verification codes: issued within limits, checked at most so often, right at most once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload

from areaclienti.crypto import new_id
from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.domain.masking import mask_email, mask_mobile
from areaclienti.identity import limits, sms_budget
from areaclienti.identity.db.models import Challenge, Contact, LimitEvent
from areaclienti.identity.delivery import outbox
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.challenges.contract import life_minutes
from areaclienti.identity.work import Work

# What a code confirms: the contact that was typed (manual 6a) or chosen (4c), the first access or a secure operation
# (9a), a new password. A code is looked up and its HMAC made under its purpose: it is of no use for another.
Purpose = Literal["registration", "contact_confirmation", "first_access", "step_up", "password_reset"]

_MOBILE_ONLY = ("first_access", "step_up", "password_reset")  # manual 9a; NIST SP 800-63B-4 §3.1.3.1: not by e-mail
_TEN_MINUTES = timedelta(minutes=10)


@dataclass(frozen=True)
class Issued:
    """A code that is on its way, as the customer may see it."""

    challenge_id: str
    channel: str
    masked_destination: str
    expires_at: datetime
    life_minutes: int
    resend_after_seconds: int
    attempts_left: int
    only_if_on_file: bool = False  # the strict setting: who is not on file sees the same, and gets nothing


@dataclass(frozen=True)
class Issue:
    outcome: Literal["code_sent", "too_soon", "limit_reached"]
    challenge: Issued | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class Check:
    """`attempts_left` is of this code. `contact` is set when the code is right."""

    outcome: Literal["right", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    attempts_left: int
    contact: Contact | None = None


async def issue(
    work: Work,
    purpose: Purpose,
    session_id: str,
    contact: Contact | TypedContact,
    *,
    again: bool,
    address: str | None = None,
    masked: str | None = None,
) -> Issue:
    """Makes a code in place of the session's older one of this purpose and puts it in the outbox, if the limits allow.

    `session_id` (at most 40 characters) is the id of what the code is to confirm: a registration, a sign-in, … To a
    `contact` that is not on file nothing is sent: the answer, the limits and the statements are the same, and no code
    is right (a decoy). `again`: the customer asked for a new code ("Richiedi nuovo codice", manual 4c), so the back-off
    counts. `address` is `addresses.hmac_of` where the request came from; without it no address limit applies. `masked`
    is how to show the contact, by default the mask of what is on file.

    Raises ValueError for an e-mail address where the purpose needs a mobile.
    """
    settings, session = work.settings, work.session
    channel = "email" if contact.kind == "email" else "sms"
    if channel == "email" and purpose in _MOBILE_ONLY:
        raise ValueError(f"{purpose} needs a mobile")
    if not outbox.is_reachable(contact):
        work.note("code_refused", "not_reachable", session_id)
        return Issue("limit_reached")
    # Others that send to this contact wait from here on, so that the newest code seen stays the newest.
    await work.database.serialise(session, limits.CODE_SENT, contact.key)
    made, newest = await _made_so_far(work, purpose, session_id)
    if again and newest is not None:
        wait = newest + timedelta(seconds=_backoff(work, made)) - work.now
        if wait > timedelta():
            return Issue("too_soon", retry_after_seconds=int(wait.total_seconds()) + 1)
    if (full := await _full_for(work, contact.key, channel, address)) is not None:
        work.note("code_refused", "limit_reached", session_id)
        work.count("codes", channel, "limit_reached")
        return Issue("limit_reached", retry_after_seconds=full)

    await withdraw(work, purpose, session_id)
    on_file = contact if isinstance(contact, Contact) else None
    life = settings.code_life_email_seconds if channel == "email" else settings.code_life_sms_seconds
    challenge = Challenge(
        id=new_id("chl"),
        purpose=purpose,
        session_id=session_id,
        contact_id=on_file.id if on_file else None,
        contact_hmac=limits.key_of(work, limits.CODE_CHECK, contact.key),
        channel=channel,
        code_hmac="",
        attempts_used=0,
        attempts_allowed=settings.code_attempts,
        created_at=work.now,
        expires_at=work.now + timedelta(seconds=life),
    )
    session.add(challenge)
    await work.ports.challenges.send(work, challenge, contact)
    await session.flush()
    await _count_sending(work, contact.key, channel, address, is_sent=on_file is not None)
    work.note("code_issued" if on_file else "code_not_issued", channel, session_id)
    work.count("codes", channel, "issued" if on_file else "decoy")
    issued = Issued(
        challenge_id=challenge.id,
        channel=channel,
        masked_destination=masked or mask_value(contact.kind, contact.value),
        expires_at=challenge.expires_at,
        life_minutes=life_minutes(challenge),
        resend_after_seconds=_backoff(work, made + 1),
        attempts_left=challenge.attempts_allowed,
    )
    return Issue("code_sent", issued)


async def withdraw(work: Work, purpose: Purpose, session_id: str) -> None:
    """Makes the session's code, if it has one, worth nothing; unsent it is not sent any more."""
    await work.session.execute(
        update(Challenge)
        .where(Challenge.purpose == purpose, Challenge.session_id == session_id, Challenge.status == "active")
        .values(status="replaced")
    )


async def spend(work: Work, purpose: Purpose, session_id: str) -> None:
    """Takes back that the session's code was used: what it was to confirm could not be done."""
    await work.session.execute(
        update(Challenge)
        .where(Challenge.purpose == purpose, Challenge.session_id == session_id, Challenge.status == "used")
        .values(status="spent")
        .execution_options(synchronize_session=False)
    )


async def check(work: Work, purpose: Purpose, session_id: str, code: str) -> Check:
    """Compares a code with the session's newest one. An attempt is reserved before anything is compared.

    Raises `Refused` (409 `no_challenge`) when the session has no code to compare with.
    """
    challenge = await _newest(work, purpose, session_id)
    if challenge is None or challenge.status in ("used", "replaced"):
        raise Refused(409, "no_challenge", "There is no code to verify.")
    checked = await _checked(work, challenge, session_id, code)
    work.count("code_checks", challenge.channel, checked.outcome)
    return checked


async def _checked(work: Work, challenge: Challenge, session_id: str, code: str) -> Check:
    left = challenge.attempts_allowed - challenge.attempts_used
    if challenge.status == "spent" or left <= 0:
        return Check("code_spent", 0)
    if challenge.expires_at <= work.now:
        work.note("code_refused", "code_expired", session_id)
        return Check("code_expired", left)

    used = await reserve_attempt(work, challenge)
    if used is None:
        return await _why_not_reserved(work, challenge, session_id)
    left = challenge.attempts_allowed - used
    compared = await work.ports.challenges.compare(work, challenge, code)
    if compared == "right" and challenge.contact is not None:
        await _finish(work, challenge, "used")
        work.note("code_right", challenge.purpose, session_id)
        return Check("right", left, challenge.contact)
    work.note("code_refused", "code_expired" if compared == "expired" else "wrong_code", session_id)
    if compared == "expired":
        return Check("code_expired", left)
    if compared == "wrong" and left > 0:
        return Check("wrong_code", left)
    await _finish(work, challenge, "spent")
    return Check("code_spent", 0)


async def reserve_attempt(work: Work, challenge: Challenge) -> int | None:
    """Takes one attempt of the code and one of the contact's day in ONE statement; None if either is used up.

    Reading, comparing and then writing would let parallel guesses all see attempts left.
    """
    settings, key_hmac = work.settings, challenge.contact_hmac
    await work.database.serialise(work.session, limits.CODE_CHECK, key_hmac)
    checked_today = limits.counted_since(limits.CODE_CHECK, key_hmac, work.now - limits.DAY)
    used = await work.session.scalar(
        update(Challenge)
        .where(
            Challenge.id == challenge.id,
            Challenge.status == "active",
            Challenge.attempts_used < Challenge.attempts_allowed,
            Challenge.expires_at > work.now,
            checked_today < settings.code_checks_per_day,
        )
        .values(attempts_used=Challenge.attempts_used + 1)
        .returning(Challenge.attempts_used)
        .execution_options(synchronize_session=False)
    )
    if used is not None:
        work.session.add(LimitEvent(kind=limits.CODE_CHECK, key_hmac=key_hmac, at=work.now))
        await work.session.flush()
    return used


def mask(contact: Contact) -> str:
    """The contact as it may be shown: "320 ****600" (manual 4c)."""
    return mask_value(contact.kind, contact.value)


def mask_value(kind: str, value: str) -> str:
    return mask_email(value) if kind == "email" else mask_mobile(value)


async def _newest(work: Work, purpose: Purpose, session_id: str) -> Challenge | None:
    return await work.session.scalar(
        select(Challenge)
        .where(Challenge.purpose == purpose, Challenge.session_id == session_id)
        .order_by((Challenge.status == "active").desc(), Challenge.created_at.desc())
        .limit(1)
        .options(joinedload(Challenge.contact))
        .execution_options(populate_existing=True)
    )


async def _made_so_far(work: Work, purpose: Purpose, session_id: str) -> tuple[int, datetime | None]:
    row = await work.session.execute(
        select(func.count(), func.max(Challenge.created_at)).where(
            Challenge.purpose == purpose, Challenge.session_id == session_id
        )
    )
    made, newest = row.one()
    return made, newest


def _backoff(work: Work, made: int) -> int:
    """Seconds between the code number `made` of a session (from 1) and the next."""
    steps = work.settings.code_resend_backoff_seconds
    return steps[min(max(made, 1), len(steps)) - 1]


async def _full_for(work: Work, key: str, channel: str, address: str | None) -> int | None:
    """Seconds until this contact may get another code from this address, or None if it may now."""
    settings = work.settings
    checks = [
        (limits.CODE_SENT, key, settings.code_resends_per_10_minutes + 1, _TEN_MINUTES),
        (limits.CODE_SENT, key, settings.code_sends_per_day, limits.DAY),
        (limits.CODE_CHECK, key, settings.code_checks_per_day, limits.DAY),
    ]
    if address is not None:
        checks.insert(0, (limits.CODE_FROM, address, settings.codes_per_hour_of_address, limits.HOUR))
    waits = [await limits.seconds_until_free(work, *check) for check in checks]
    if channel == "sms":
        waits.append(await sms_budget.seconds_until_code(work))
    return max((wait for wait in waits if wait is not None), default=None)


async def _count_sending(work: Work, key: str, channel: str, address: str | None, *, is_sent: bool) -> None:
    limits.count(work, limits.CODE_SENT, key)
    if address is not None:
        limits.count(work, limits.CODE_FROM, address)
    if channel == "sms":
        sms_budget.count(work, is_sent=is_sent)
    await work.session.flush()


async def _why_not_reserved(work: Work, challenge: Challenge, session_id: str) -> Check:
    await work.session.refresh(challenge, ["status", "attempts_used"])
    if challenge.status in ("used", "replaced"):
        raise Refused(409, "no_challenge", "There is no code to verify.")
    if challenge.status == "spent" or challenge.attempts_used >= challenge.attempts_allowed:
        return Check("code_spent", 0)
    work.note("code_refused", "limit_reached", session_id)
    return Check("limit_reached", challenge.attempts_allowed - challenge.attempts_used)


async def _finish(work: Work, challenge: Challenge, status: str) -> None:
    await work.session.execute(
        update(Challenge)
        .where(Challenge.id == challenge.id, Challenge.status == "active")
        .values(status=status)
        .execution_options(synchronize_session=False)
    )
