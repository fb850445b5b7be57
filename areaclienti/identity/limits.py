"""Counting how often something happened in a rolling window, so that races cannot go past a limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, func, select

from areaclienti.identity.db.models import LimitEvent
from areaclienti.identity.work import Work

DAY = timedelta(hours=24)

# What is counted, and by which key.
CODE_CHECK = "code_check"  # contact
CODE_SENT = "code_sent"  # contact
SMS_SENT = "sms_sent"  # all together
MATCH = "match"  # conversation
TAX_CODE = "tax_code"  # tax code


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
        work.session.add(LimitEvent(kind=kind, key_hmac=key_of(work, kind, key), at=work.now))
        await work.session.flush()
    return wait


async def seconds_until_free(work: Work, kind: str, key: str, allowed: int, window: timedelta) -> int | None:
    """None while fewer than `allowed` events lie in the window; else the seconds until the oldest leaves it."""
    key_hmac = key_of(work, kind, key)
    await work.database.serialise(work.session, kind, key_hmac)
    times = (
        await work.session.scalars(
            select(LimitEvent.at)
            .where(LimitEvent.kind == kind, LimitEvent.key_hmac == key_hmac, LimitEvent.at > work.now - window)
            .order_by(LimitEvent.at.desc())
            .limit(allowed)
        )
    ).all()
    if len(times) < allowed:
        return None
    return max(1, int((times[-1] + window - work.now).total_seconds()) + 1)


def key_of(work: Work, kind: str, key: str) -> str:
    return work.mac.hex("limit", kind, key)
