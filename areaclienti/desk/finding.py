"""Finds handovers again, by what the ledger shows of them; and, for who watches over all, conversations of nobody's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, false, or_, select, true, tuple_
from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.audit import record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.insight import entitled
from areaclienti.desk.operations import Forbidden, Unknown
from areaclienti.desk.scope import Who, sees_all
from areaclienti.domain.text import fold
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.models import Conversation, Message
from areaclienti.gateway.journeys import WALL_CLOCK

PAGE: Final = 50
MOST_IN_FILE: Final = 10_000
MOST_READ: Final = 5_000  # conversations whose words are read for one answer; the next page goes on behind them
_AT_ONCE: Final = 200
_EXCERPT: Final = 90
Kind = Literal["handovers", "conversations"]


@dataclass(frozen=True)
class Sought:
    """What is looked for; None: whatever. `words` stand, all of them, in what the customer wrote, whatever the accents
    and case. `first` and `last` are days on the wall clock, both included; `id` a handover's or a conversation's.
    """

    kind: Kind = "handovers"
    words: str | None = None
    reason: str | None = None
    first: date | None = None
    last: date | None = None
    agent_id: str | None = None
    state: str | None = None
    channel: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Place:
    """Where the next page begins: behind this line."""

    at: datetime
    id: str


@dataclass(frozen=True)
class Line:
    """What a list shows. Of a conversation that came to nobody there is no handover, and nothing to open."""

    at: datetime
    handover_id: str | None
    conversation_id: str
    channel: str
    state: str
    reason: str | None
    step: str
    agent_name: str | None
    agency_code: str | None
    outcome: str | None
    rating: int | None
    excerpt: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.at, self.handover_id or self.conversation_id)


@dataclass(frozen=True)
class Found:
    """The newest first. `following` None: there are no more."""

    lines: Sequence[Line]
    following: Place | None


class Finding:
    """Every method raises Unknown for an agent who is not active, Forbidden for what his roles don't have."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def page(self, agent_id: str, sought: Sought, after: Place | None = None) -> Found:
        """One page of what he may read."""

        def work(session: Session) -> Found:
            return _found(session, _active(session, agent_id), sought, after, PAGE)

        return await self._database.read(work)

    async def all(self, agent_id: str, sought: Sought) -> Sequence[Line]:
        """What is found, at most MOST_IN_FILE lines of it, to keep: the audit record says that he did."""

        def work(session: Session) -> Sequence[Line]:
            who = entitled(session, agent_id, "export")
            record(session, agent_id, "exported", reason_code=sought.kind, at=self._clock())
            lines: list[Line] = []
            found = _found(session, who, sought, None, MOST_IN_FILE)
            lines += found.lines
            while found.following is not None and len(lines) < MOST_IN_FILE:
                found = _found(session, who, sought, found.following, MOST_IN_FILE - len(lines))
                lines += found.lines
            return lines

        return await self._database.write(work)

    async def agents(self, agent_id: str) -> Sequence[tuple[str, str]]:
        """Id and name of those whose conversations he may look for."""

        def work(session: Session) -> Sequence[tuple[str, str]]:
            who = _active(session, agent_id)
            query = select(DeskAgent.id, DeskAgent.name).order_by(DeskAgent.name, DeskAgent.id)
            if who.agency_code is not None:
                query = query.where(DeskAgent.agency_code == who.agency_code)
            return [(row.id, row.name) for row in session.execute(query)]

        return await self._database.read(work)


def readable(who: Who) -> ColumnElement[bool]:
    """`scope.may(who, "read", …)` as a condition on handovers."""
    seen = [_seen_as(role, who) for role in who.roles] if who.active else []
    return or_(false(), *seen)


def _seen_as(role: str, who: Who) -> ColumnElement[bool]:
    if role not in ("agente", "supervisore", "auditor"):
        return false()
    if who.agency_code is not None:
        return Handover.agency_code == who.agency_code
    if role != "agente":
        return true()
    return or_(Handover.level == "pool", and_(Handover.agent_id == who.id, Handover.ended_at.is_(None)))


def _active(session: Session, agent_id: str) -> Who:
    agent = session.get(DeskAgent, agent_id)
    if agent is None or not agent.active:
        raise Unknown
    return agents.who(agent)


def _found(session: Session, who: Who, sought: Sought, after: Place | None, most: int) -> Found:
    if sought.kind == "conversations" and not sees_all(who):
        raise Forbidden
    read = _handovers if sought.kind == "handovers" else _conversations
    words = fold(sought.words).split() if sought.words and sought.kind == "handovers" else []
    if not words:
        lines = read(session, who, sought, after, most + 1)
        return Found(lines[:most], lines[most - 1].place if len(lines) > most else None)
    found: list[Line] = []
    looked_at = 0
    while looked_at < MOST_READ:
        lines = read(session, who, sought, after, _AT_ONCE)
        for place, line in enumerate(_saying(session, lines, words)):
            looked_at, after = looked_at + 1, lines[place].place
            if line is not None:
                found.append(line)
            if len(found) == most:
                return Found(found, after)
        if len(lines) < _AT_ONCE:
            return Found(found, None)
    return Found(found, after)


def _saying(session: Session, lines: Sequence[Line], words: Sequence[str]) -> list[Line | None]:
    """Each of the lines with the message that has the words, or None where no customer's message has them all."""
    query = (
        select(Message.conversation_id, Message.text)
        .where(
            Message.conversation_id.in_({line.conversation_id for line in lines}),
            Message.author == "customer",
            Message.kind == "text",
        )
        .order_by(Message.conversation_id, Message.seq)
    )
    said: dict[str, list[str]] = {}
    for conversation_id, text in session.execute(query):
        said.setdefault(conversation_id, []).append(text)
    return [_excerpted(line, said.get(line.conversation_id, []), words) for line in lines]


def _excerpted(line: Line, texts: Sequence[str], words: Sequence[str]) -> Line | None:
    folded = [fold(text) for text in texts]
    if not all(any(word in text for text in folded) for word in words):
        return None
    first = next(text for text, plain in zip(texts, folded, strict=True) if words[0] in plain)
    shown = " ".join(first.split())
    cut = shown if len(shown) <= _EXCERPT else f"{shown[: _EXCERPT - 1]}…"
    return Line(**(vars(line) | {"excerpt": cut}))


def _handovers(session: Session, who: Who, sought: Sought, after: Place | None, most: int) -> list[Line]:
    where: list[ColumnElement[bool]] = [readable(who), *_period(sought, Handover.queued_at)]
    for column, value in (
        (Handover.reason, sought.reason),
        (Handover.agent_id, sought.agent_id),
        (Handover.state, sought.state),
        (Conversation.channel, sought.channel),
    ):
        if value is not None:
            where.append(column == value)
    if sought.id is not None:
        where.append(or_(Handover.id == sought.id, Handover.conversation_id == sought.id))
    if after is not None:
        where.append(tuple_(Handover.queued_at, Handover.id) < (after.at, after.id))
    query = (
        select(Handover, Conversation.channel, DeskAgent.name)
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .outerjoin(DeskAgent, DeskAgent.id == Handover.agent_id)
        .where(*where)
        .order_by(Handover.queued_at.desc(), Handover.id.desc())
        .limit(most)
    )
    return [
        Line(
            one.queued_at, one.id, one.conversation_id, channel, one.state, one.reason, one.resume_step, name,
            one.agency_code, one.outcome, one.rating,
        )
        for one, channel, name in session.execute(query)
    ]  # fmt: skip


def _conversations(session: Session, who: Who, sought: Sought, after: Place | None, most: int) -> list[Line]:
    """Those that nobody was asked for: that there are, and how far they came; no word of them."""
    came = select(Handover.id).where(Handover.conversation_id == Conversation.id).exists()
    where: list[ColumnElement[bool]] = [~came, Conversation.erased_at.is_(None)]
    where += _period(sought, Conversation.created_at)
    if sought.channel is not None:
        where.append(Conversation.channel == sought.channel)
    if sought.id is not None:
        where.append(Conversation.id == sought.id)
    if after is not None:
        where.append(tuple_(Conversation.created_at, Conversation.id) < (after.at, after.id))
    query = select(Conversation).where(*where)
    ordered = query.order_by(Conversation.created_at.desc(), Conversation.id.desc()).limit(most)
    return [
        Line(
            one.created_at, None, one.id, one.channel, "closed" if one.closed_at else one.owner, None, one.step, None,
            None, None, None,
        )
        for one in session.scalars(ordered)
    ]  # fmt: skip


def _period(sought: Sought, moment: Any) -> list[ColumnElement[bool]]:
    days: list[ColumnElement[bool]] = []
    if sought.first is not None:
        days.append(moment >= datetime.combine(sought.first, time(), tzinfo=WALL_CLOCK).astimezone(UTC))
    if sought.last is not None:
        following = sought.last + timedelta(days=1)
        days.append(moment < datetime.combine(following, time(), tzinfo=WALL_CLOCK).astimezone(UTC))
    return days
