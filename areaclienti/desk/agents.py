"""The people at the desk: who they are, whether they are there, and what becomes of their conversations when not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from areaclienti.desk.scope import Role, Where, Who
from areaclienti.gateway.db.desk import DeskAgent, Handover

Presence = Literal["available", "paused", "offline"]


def new_agent(
    name: str,
    email: str,
    roles: Collection[Role],
    *,
    agency_code: str | None = None,
    consultant_code: str | None = None,
    capacity: int = 3,
) -> DeskAgent:
    """Somebody who may sign in; without an agency he is of the pool. Not there until his desk says so."""
    return DeskAgent(
        id=uuid4().hex,
        name=name,
        email=email,
        roles=sorted(roles),
        agency_code=agency_code,
        consultant_code=consultant_code,
        capacity=capacity,
        presence="offline",
        active=True,
    )


def who(agent: DeskAgent) -> Who:
    """The agent, as far as rights go."""
    return Who(agent.id, frozenset(agent.roles), agent.agency_code, agent.consultant_code, agent.active)


def where(handover: Handover) -> Where:
    """The handover, as far as rights go. Whose it was is nobody's any more when it has ended."""
    agent_id = handover.agent_id if handover.ended_at is None else None
    return Where(handover.level, handover.agency_code, handover.consultant_code, agent_id)


def seen(session: Session, agent_id: str, at: datetime, presence: Presence | None = None) -> bool:
    """His desk was heard from; with `presence`, he said so. False when there is no such agent, or not any more."""
    change = update(DeskAgent).where(DeskAgent.id == agent_id, DeskAgent.active)
    values = {"seen_at": at} if presence is None else {"seen_at": at, "presence": presence}
    return session.scalar(change.values(**values).returning(DeskAgent.id)) is not None


def gone(session: Session, before: datetime) -> list[str]:
    """Sign off those whose desks were not heard from since `before`, and who were revoked; the ids of all who are off
    and still have a conversation.
    """
    lost = (DeskAgent.seen_at.is_(None)) | (DeskAgent.seen_at <= before) | ~DeskAgent.active
    session.execute(update(DeskAgent).where(DeskAgent.presence != "offline", lost).values(presence="offline"))
    having = select(Handover.agent_id).where(Handover.state.in_(("offered", "human")))
    return list(session.scalars(select(DeskAgent.id).where(DeskAgent.presence == "offline", DeskAgent.id.in_(having))))
