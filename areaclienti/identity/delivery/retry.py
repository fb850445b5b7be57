"""When to try again: back-off with jitter, what a Retry-After header says, and no later than the message lives."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_FIRST_SECONDS = 2.0
_LONGEST_SECONDS = 60.0


def backoff_seconds(tries: int, jitter: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds before the next try after `tries` of them: 1–2, 2–4, 4–8 … 30–60, spread so that not all come at once."""
    top = min(_FIRST_SECONDS * 2.0 ** min(tries - 1, 16), _LONGEST_SECONDS)
    return jitter(top / 2, top)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds from `now`; None when there is none that can be read.

    RFC 9110 §10.2.3: a number of seconds, or an HTTP-date.
    """
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


def next_try(
    now: datetime, tries: int, asked_seconds: float | None, expires_at: datetime, needs_seconds: float
) -> datetime | None:
    """When to try again; None when the message will have expired by then.

    What the provider asked for is respected. Our own back-off is cut so that the last try still falls into the
    message's life.
    """
    latest = expires_at - timedelta(seconds=needs_seconds)
    if asked_seconds is not None:
        at = now + timedelta(seconds=max(asked_seconds, 1.0))
        return at if at < latest else None
    if now >= latest:
        return None
    soonest = now + timedelta(seconds=1)
    at = now + timedelta(seconds=backoff_seconds(tries))
    return min(at, max(latest - timedelta(seconds=1), soonest))
