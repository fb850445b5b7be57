"""The append-only record of what happened: reason codes and ids, chained by hash, never a value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import AuditEvent

_GENESIS = "0" * 64


@dataclass(frozen=True)
class Event:
    """`event` and `reason` are codes; `subject` is the id of a registration, a sign-in or an account."""

    event: str
    reason: str | None = None
    subject: str | None = None
    conversation_id: str | None = None


async def append(database: Database, session: AsyncSession, events: Sequence[Event], now: datetime) -> None:
    """Chains the events to the end of the record, as the last thing before the transaction commits."""
    if not events:
        return
    await database.serialise(session, "audit")
    last = await session.scalar(select(AuditEvent.sha256).order_by(AuditEvent.id.desc()).limit(1))
    previous = last or _GENESIS
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


async def first_broken_link(session: AsyncSession) -> int | None:
    """The id of the first row that does not follow from the one before it, or None if the record is whole."""
    previous = _GENESIS
    for row in await session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
        event = Event(row.event, row.reason, row.subject, row.conversation_id)
        if row.previous_sha256 != previous or row.sha256 != _digest(previous, row.at, event):
            return row.id
        previous = row.sha256
    return None


def _digest(previous: str, at: datetime, event: Event) -> str:
    line = [previous, at.astimezone(UTC).isoformat(), event.event, event.reason, event.subject, event.conversation_id]
    return hashlib.sha256(json.dumps(line, separators=(",", ":")).encode()).hexdigest()
