"""Counting how often something happened in a rolling window, so that races cannot go past a limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, func, select

from areaclienti.identity.db.models import LimitEvent
from areaclienti.identity.work import Work

DAY = timedelta(hours=24)

HOUR = timedelta(hours=1)

# What is counted, and by which key. Where a request counts several, it does so in this order, so that two requests
# never wait for each other on PostgreSQL.
MATCH = "match"  # conversation
RESET_FROM = "reset_from"  # client address
RESET_CHECK = "reset_check"  # username
RESET_NO_MOBILE = "reset_no_mobile"  # account
RESET_CODE = "reset_code"  # contact
TAX_CODE_FROM = "tax_code_from"  # client address
TAX_CODE = "tax_code"  # tax code
CODE_FROM = "code_from"  # client address
CODE_SENT = "code_sent"  # contact
CODE_CHECK = "code_check"  # contact
OWNER_TOLD = "owner_told"  # contact
NEW_CONTACT_BY = "new_contact_by"  # agent
NEW_CONTACT_FOR = "new_contact_for"  # customer
NEW_CONTACT_SHOWN = "new_contact_shown"  # agent
NEW_CONTACT_DECIDED = "new_contact_decided"  # agent


def counted_since(kind: str, key_hmac: str, since: datetime) -> ScalarSelect[int]:
    """The number of events in the window, as a subquery for the statement that must respect it."""
    return (
        select(func.count())
        .select_from(LimitEvent)
        .where(LimitEvent.kind == kind, LimitEvent.key_hmac == key_hmac, LimitEvent.at > since)
        .scalar_subquery()
    )


async def reserve(work: Work, kind: str, key: str, allowed: int, window: timedelta = DAY) -> int | None:
    """Counts one more event and gives None; if the window is full, counts nothing and gives the seconds to wait."""
    wait = await seconds_until_free(work, kind, key, allowed, window)
    if wait is None:
        count(work, kind, key)
        await work.session.flush()
    return wait


async def seconds_until_free(work: Work, kind: str, key: str, allowed: int, window: timedelta) -> int | None:
    """None while fewer than `allowed` events lie in the window; else the seconds until there is room for one more.

    Others that count by the same key wait until this write ends: what is seen here still holds when it is counted.
    """
    if allowed <= 0:
        return int(window.total_seconds())
    key_hmac = key_of(work, kind, key)
    await work.database.serialise(work.session, kind, key_hmac)
    makes_it_full = await work.session.scalar(
        select(LimitEvent.at)
        .where(LimitEvent.kind == kind, LimitEvent.key_hmac == key_hmac, LimitEvent.at > work.now - window)
        .order_by(LimitEvent.at.desc())
        .offset(allowed - 1)
        .limit(1)
    )
    if makes_it_full is None:
        return None
    return max(1, int((makes_it_full + window - work.now).total_seconds()) + 1)


def count(work: Work, kind: str, key: str) -> None:
    """Counts one more event. The caller has seen that there is room for it, in this write."""
    work.session.add(LimitEvent(kind=kind, key_hmac=key_of(work, kind, key), at=work.now))


def key_of(work: Work, kind: str, key: str) -> str:
    return work.mac.hex("limit", kind, key)
