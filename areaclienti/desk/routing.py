"""To whom a waiting conversation goes: the own consultant, then the agency, then the pool, an offer at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from areaclienti.desk import queue
from areaclienti.desk.hours import utc_now
from areaclienti.desk.scope import Level
from areaclienti.desk.transitions import DESK, move
from areaclienti.gateway.db.desk import DeskAgent, Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation
from areaclienti.settings import GatewaySettings

LEVELS: Final[tuple[Level, ...]] = ("consultant", "agency", "pool")
PASSED_FOR = timedelta(seconds=60)  # whoever let a conversation pass, or gave it back, is not offered it for so long
_PASSED = ("not_answered", "released")


@dataclass(frozen=True)
class Belonging:
    """Whose customer it is, by the codes of the registry; None where that is not known."""

    consultant_code: str | None = None
    agency_code: str | None = None


@dataclass(frozen=True)
class Patience:
    """How long is waited for whom."""

    levels: dict[Level, timedelta]
    offer: timedelta
    lease: timedelta
    wrap_up: timedelta

    @classmethod
    def of(cls, settings: GatewaySettings) -> Patience:
        """What the operator set."""
        return cls(
            {
                "consultant": timedelta(seconds=settings.desk_consultant_seconds),
                "agency": timedelta(seconds=settings.desk_agency_seconds),
                "pool": timedelta(seconds=settings.desk_pool_seconds),
            },
            timedelta(seconds=settings.desk_offer_seconds),
            timedelta(seconds=settings.desk_lease_seconds),
            timedelta(seconds=settings.desk_wrap_up_seconds),
        )


@dataclass
class _Free:
    """An agent with room."""

    id: str
    consultant_code: str | None
    agency_code: str | None
    capacity: int
    load: int

    def fits(self, level: str | None, consultant_code: str | None, agency_code: str | None) -> bool:
        """`_at_level` for who is in memory."""
        if level == "consultant":
            return consultant_code is not None and self.consultant_code == consultant_code
        is_own_agency = agency_code is not None and self.agency_code == agency_code
        return is_own_agency or (level == "pool" and self.agency_code is None)


class Router:
    """Decides inside a transaction that holds the conversation's lock."""

    def __init__(self, patience: Patience, clock: Callable[[], datetime] = utc_now) -> None:
        self._patience = patience
        self._clock = clock

    def place(self, session: Session, handover: Handover, belonging: Belonging) -> None:
        """Let it wait for the nearest to the customer; where none of them is there, for those who come after."""
        handover.consultant_code, handover.agency_code = belonging.consultant_code, belonging.agency_code
        self._wait_for(session, handover, LEVELS)

    def widen(self, session: Session, handover: Handover) -> bool:
        """Let it wait for more people; False where it waited for everybody, and nothing changes any more."""
        wider = LEVELS[LEVELS.index(_level(handover)) + 1 :]
        if not wider:
            handover.level_until = None
            return False
        self._wait_for(session, handover, wider)
        return True

    def at(self, handover: Handover, level: Level) -> None:
        """Let it wait at a level from now on: a colleague said where it belongs."""
        handover.level, handover.level_until = level, self._clock() + self._patience.levels[level]

    def to_offer(self, session: Session) -> list[tuple[str, str]]:
        """The waiting handovers for which somebody who is there has room now, with their conversations, the first to
        come first: no more of them than there is room for.

        Read without a lock, to leave all others alone: `offer` decides.
        """
        room = self._room(session)
        if not room:
            return []
        passed = set(session.execute(self._passed()))
        waiting = (
            select(
                Handover.id, Handover.conversation_id, Handover.level, Handover.consultant_code, Handover.agency_code
            )
            .where(Handover.state == "queued", Handover.level.is_not(None), Handover.ended_at.is_(None))
            .order_by(Handover.queued_at, Handover.id)
        )
        found = []
        for handover_id, conversation_id, *where in session.execute(waiting):
            fitting = (one for one in room if one.fits(*where) and (handover_id, one.id) not in passed)
            freest = min(fitting, key=lambda one: one.load, default=None)
            if freest is None:
                continue
            found.append((handover_id, conversation_id))
            freest.load += 1
            if freest.load == freest.capacity:
                room.remove(freest)
            if not room:
                break
        return found

    def offer(self, session: Session, conversation: Conversation, handover: Handover) -> bool:
        """Offer it to the one of those who are there with the fewest conversations; False where nobody has room."""
        agent = self._next_agent(session, handover)
        return agent is not None and self.offer_to(session, conversation, handover, agent, who=DESK, reason="offered")

    def offer_to(
        self,
        session: Session,
        conversation: Conversation,
        handover: Handover,
        agent: DeskAgent,
        *,
        who: str,
        reason: str,
    ) -> bool:
        """Offer it to this one; False when somebody was faster."""
        if not move(session, conversation, handover, "offered", who=who, reason=reason, agent_id=agent.id):
            return False
        handover.offered_until = self._clock() + self._patience.offer
        return True

    def requeue(
        self, session: Session, conversation: Conversation, handover: Handover, *, who: str, reason: str
    ) -> bool:
        """Back into the queue, at its place; False when somebody was faster."""
        was_offered = conversation.owner == "offered"
        if not move(session, conversation, handover, "queued", who=who, reason=reason):
            return False
        if not was_offered:  # the wait begins anew, for whoever is there now
            self._wait_for(session, handover, LEVELS)
        return True

    def _wait_for(self, session: Session, handover: Handover, levels: tuple[Level, ...]) -> None:
        there = (level for level in levels if self._somebody_there(session, handover, level))
        reached: Level = "pool" if handover.state == "callback" else next(there, "pool")
        handover.level, handover.level_until = reached, self._clock() + self._patience.levels[reached]

    def _somebody_there(self, session: Session, handover: Handover, level: Level) -> bool:
        there = queue.is_there(self._clock(), self._patience.lease)
        query = select(DeskAgent.id).where(there, _at_level(level, handover)).limit(1)
        return session.scalar(query) is not None

    def _passed(self) -> Select[str, str | None]:
        """Which handovers were let pass lately, and by whom."""
        return select(HandoverEvent.handover_id, HandoverEvent.agent_id).where(
            HandoverEvent.reason.in_(_PASSED),
            HandoverEvent.at > self._clock() - PASSED_FOR,
            HandoverEvent.agent_id.is_not(None),
        )

    def _room(self, session: Session) -> list[_Free]:
        """Who is there, takes offers, and has fewer conversations than he can do; the ones seen last first."""
        load = queue.load_of(DeskAgent.id)
        query = (
            select(DeskAgent.id, DeskAgent.consultant_code, DeskAgent.agency_code, DeskAgent.capacity, load)
            .where(
                queue.is_there(self._clock(), self._patience.lease),
                DeskAgent.presence == "available",
                load < DeskAgent.capacity,
            )
            .order_by(DeskAgent.seen_at.desc(), DeskAgent.id)
        )
        return [_Free(*row) for row in session.execute(query)]

    def _next_agent(self, session: Session, handover: Handover) -> DeskAgent | None:
        passed = (
            self._passed().with_only_columns(HandoverEvent.agent_id).where(HandoverEvent.handover_id == handover.id)
        )
        load = queue.load_of(DeskAgent.id)
        query = (
            select(DeskAgent)
            .where(
                queue.is_there(self._clock(), self._patience.lease),
                DeskAgent.presence == "available",
                _at_level(_level(handover), handover),
                DeskAgent.id.not_in(passed),
                load < DeskAgent.capacity,
            )
            .order_by(load, DeskAgent.seen_at.desc(), DeskAgent.id)
            .limit(1)
        )
        agent = session.scalar(query)
        if agent is None:
            return None
        # two gateways must not give one agent more than he can do; whoever waits here counts again
        session.refresh(agent, with_for_update={"key_share": True})
        has_room = session.scalar(select(load < DeskAgent.capacity).where(DeskAgent.id == agent.id))
        return agent if has_room else None


def _level(handover: Handover) -> Level:
    return next(level for level in LEVELS if level == handover.level)


def _at_level(level: Level, handover: Handover) -> ColumnElement[bool]:
    """`scope.at_level` as a condition on agents who answer customers."""
    if level == "consultant":
        return _is(DeskAgent.consultant_code, handover.consultant_code)
    own_agency = _is(DeskAgent.agency_code, handover.agency_code)
    return own_agency if level == "agency" else or_(own_agency, DeskAgent.agency_code.is_(None))


def _is(column: InstrumentedAttribute[str | None], code: str | None) -> ColumnElement[bool]:
    return false() if code is None else column == code
