"""The append-only record of what happened: reason codes and ids, chained by hash, never a value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import AuditEvent

GENESIS = "0" * 64
_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Event:
    """`event` and `reason` are codes; `subject` is the id of a registration, a sign-in or an account."""

    event: str
    reason: str | None = None
    subject: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True)
class Anchor:
    """Where the record ended when it was last found whole: how many rows, the last one's id (0: none) and its hash."""

    rows: int
    last_id: int
    sha256: str


@dataclass(frozen=True)
class Finding:
    """`whole`; or `broken`: the row `broken_id` does not follow from the one before it; or `cut_off`: the record is
    whole in itself, but does not go on from the anchor. `end` is where the whole part ends.
    """

    state: Literal["whole", "broken", "cut_off"]
    end: Anchor
    broken_id: int | None = None


async def append(database: Database, session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Chains the events to the end of the record, as the last thing before the transaction commits."""
    if not events:
        return
    await database.serialise(session, "audit")
    last = await session.scalar(select(AuditEvent.sha256).order_by(AuditEvent.id.desc()).limit(1))
    previous = last or GENESIS
    for event in events:
        digest = _digest(previous, now, event)
        session.add(
            AuditEvent(
                at=now,
                event=event.event,
                reason=event.reason,
                subject=event.subject,
                conversation_id=event.conversation_id,
                previous_sha256=previous,
                sha256=digest,
            )
        )
        await session.flush()
        previous = digest


async def verify(session: AsyncSession, anchor: Anchor | None = None) -> Finding:
    """Follows the chain from its beginning. With an anchor of an earlier time it must also pass through that place:
    whoever cuts the end off, or writes the whole record anew, leaves a chain that is whole but another.
    """
    end = Anchor(0, 0, GENESIS)
    anchored = anchor is None or anchor == end
    while True:
        following = select(AuditEvent).where(AuditEvent.id > end.last_id).order_by(AuditEvent.id).limit(_ROWS_AT_ONCE)
        rows = (await session.scalars(following)).all()
        for row in rows:
            event = Event(row.event, row.reason, row.subject, row.conversation_id)
            if row.previous_sha256 != end.sha256 or row.sha256 != _digest(end.sha256, row.at, event):
                return Finding("broken", end, row.id)
            end = Anchor(end.rows + 1, row.id, row.sha256)
            anchored = anchored or end == anchor
        session.expunge_all()  # a record of years need not fit into memory
        if len(rows) < _ROWS_AT_ONCE:
            return Finding("whole" if anchored else "cut_off", end)


async def first_broken_link(session: AsyncSession) -> int | None:
    """The id of the first row that does not follow from the one before it, or None if the record is whole."""
    return (await verify(session)).broken_id


def _digest(previous: str, at: datetime, event: Event) -> str:
    line = [previous, at.astimezone(UTC).isoformat(), event.event, event.reason, event.subject, event.conversation_id]
    return hashlib.sha256(json.dumps(line, separators=(",", ":")).encode()).hexdigest()
