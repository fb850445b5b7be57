"""The append-only record of what happened: reason codes and ids, chained by hash, never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from areaclienti import audit_chain
from areaclienti.audit_chain import GENESIS, Anchor, Finding, Follower, Link
from areaclienti.identity.db.engine import Database
from areaclienti.identity.db.models import AuditEvent


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
    previous = last or GENESIS
    for event in events:
        digest = audit_chain.digest(previous, now, _fields(event))
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
    """Follows the chain from its beginning, and through the anchor."""
    follower = Follower(anchor)
    while True:
        following = select(AuditEvent).where(AuditEvent.id > follower.end.last_id).order_by(AuditEvent.id)
        rows = (await session.scalars(following.limit(audit_chain.ROWS_AT_ONCE))).all()
        links = [Link(row.id, row.at, _fields(row), row.previous_sha256, row.sha256) for row in rows]
        session.expunge_all()  # a record of years need not fit into memory
        if not follower.follow(links) or len(links) < audit_chain.ROWS_AT_ONCE:
            return follower.finding()


async def first_broken_link(session: AsyncSession) -> int | None:
    """The id of the first row that does not follow from the one before it, or None if the record is whole."""
    return (await verify(session)).broken_id


def _fields(row: Event | AuditEvent) -> tuple[str | None, ...]:
    return row.event, row.reason, row.subject, row.conversation_id
