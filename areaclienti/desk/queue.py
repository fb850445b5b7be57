"""The queue as it stands: who waits, in which place, how long it usually takes, who has what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from areaclienti.gateway.db.desk import DeskAgent, Handover

WAITING = ("queued", "offered", "callback")
AT_WORK = ("offered", "human")  # what counts against an agent's capacity
_RECENT = timedelta(days=1)
_MOST_RECENT = 20
_FEWEST = 3  # fewer tell nothing


def usual_wait_minutes(session: Session, at: datetime) -> int | None:
    """How many minutes customers waited lately, half of them less; None where too few were answered to tell."""
    query = (
        select(Handover.queued_at, Handover.claimed_at)
        .where(Handover.claimed_at > at - _RECENT, Handover.claimed_at <= at)
        .order_by(Handover.claimed_at.desc())
        .limit(_MOST_RECENT)
    )
    waits = [(claimed - queued).total_seconds() for queued, claimed in session.execute(query) if claimed is not None]
    return max(1, math.ceil(median(waits) / 60)) if len(waits) >= _FEWEST else None


def waiting(session: Session) -> Sequence[Handover]:
    """All that wait for a person, the first to come first."""
    query = select(Handover).where(Handover.state.in_(WAITING)).order_by(Handover.queued_at, Handover.id)
    return session.scalars(query).all()


def of_agent(session: Session, agent_id: str) -> Sequence[Handover]:
    """What an agent has: what is offered to him, what he answers, what he wraps up."""
    having = Handover.agent_id == agent_id, Handover.state.in_((*AT_WORK, "wrap_up"))
    return session.scalars(select(Handover).where(*having).order_by(Handover.queued_at, Handover.id)).all()


def load_of(agent_id: InstrumentedAttribute[str]) -> ColumnElement[int]:
    """How many conversations count against an agent's capacity, as part of a query on agents."""
    counted = select(func.count()).select_from(Handover)
    return counted.where(Handover.agent_id == agent_id, Handover.state.in_(AT_WORK)).scalar_subquery()


def is_there(present: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Whether an agent's desk was heard from lately, and he did not sign off."""
    return DeskAgent.active & (DeskAgent.presence != "offline") & (DeskAgent.seen_at > present - lease)
