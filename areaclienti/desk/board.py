"""All open handovers as lists show them, read once for all who look: each change reaches every watcher as its ids."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from areaclienti.desk.agents import where
from areaclienti.desk.rounds import FEED
from areaclienti.desk.scope import Where
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent, Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation, Message
from areaclienti.gateway.hub import Hub
from areaclienti.logging import get_logger

log = get_logger()

LOOKED_AT_SECONDS = 2.0  # also without news: another gateway's customers write what nobody here is told of
PAUSE_SECONDS = 0.1  # many changes at once are read once
PAUSE_FOR_EACH_READING = 4  # no more than a fifth of the time is spent on reading everything
MOST_TOUCHED = 500  # conversations that are read by themselves; of more everything is read
KEPT_CHANGES = 2_000
MOST_UNANSWERED = 50
LAST_WORDS = 80  # characters
SPOKEN = ("text", "choice")  # kinds of lines that are words


@dataclass(frozen=True)
class Line:
    """A handover as a list shows it. `unanswered` are the customer's messages (their seqs) that nobody replied to yet,
    `called_back_at` is when it became a call back, `last_words` what the customer wrote last to the person who has it.
    """

    id: str
    conversation_id: str
    owner: str
    epoch: int
    channel: str
    reason: str
    resume_step: str
    where: Where
    agent_name: str | None
    queued_at: datetime
    offered_until: datetime | None
    claimed_at: datetime | None
    wrap_up_until: datetime | None
    called_back_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    unanswered: tuple[int, ...]
    last_words: str | None


def read_lines(session: Session, handover_ids: Collection[str] | None = None) -> dict[str, Line]:
    """The handovers with these ids; without ids all that are open, the first to come first."""
    return _read(session, Handover.ended_at.is_(None) if handover_ids is None else Handover.id.in_(handover_ids))


def read_lines_of(session: Session, conversation_ids: Collection[str]) -> dict[str, Line]:
    """The open handovers of these conversations, the first to come first."""
    return _read(session, Handover.conversation_id.in_(conversation_ids) & Handover.ended_at.is_(None))


def _read(session: Session, chosen: ColumnElement[bool]) -> dict[str, Line]:
    query = (
        select(Handover, Conversation.owner, Conversation.epoch, Conversation.channel, DeskAgent.name)
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .outerjoin(DeskAgent, DeskAgent.id == Handover.agent_id)
        .order_by(Handover.queued_at, Handover.id)
    )
    return _lines(session, session.execute(query.where(chosen)).all())


def line_of(session: Session, handover: Handover, conversation: Conversation, agent: DeskAgent | None) -> Line:
    """What is in memory already, as it is in this transaction; `agent`: who has it."""
    name = agent.name if agent is not None else None
    row = (handover, conversation.owner, conversation.epoch, conversation.channel, name)
    return _lines(session, [row])[handover.id]


def _lines(session: Session, rows: Sequence[tuple[Handover, str, int, str, str | None]]) -> dict[str, Line]:
    with_person = [one.conversation_id for one, *_ in rows if one.state in ("human", "wrap_up")]
    unanswered, last_words = _of_customers(session, with_person)
    called_back = _called_back(session, [one.id for one, *_ in rows if one.state == "callback"])
    return {
        one.id: Line(
            id=one.id,
            conversation_id=one.conversation_id,
            owner=owner if one.ended_at is None else "ended",
            epoch=epoch,
            channel=channel,
            reason=one.reason,
            resume_step=one.resume_step,
            where=where(one),
            agent_name=agent_name,
            queued_at=one.queued_at,
            offered_until=one.offered_until,
            claimed_at=one.claimed_at,
            wrap_up_until=one.wrap_up_until,
            called_back_at=called_back.get(one.id),
            ended_at=one.ended_at,
            outcome=one.outcome,
            unanswered=tuple(unanswered.get(one.conversation_id, ())) if one.state == "human" else (),
            last_words=last_words.get(one.conversation_id),
        )
        for one, owner, epoch, channel, agent_name in rows
    }


def _of_customers(session: Session, conversation_ids: Collection[str]) -> tuple[dict[str, list[int]], dict[str, str]]:
    """What customers wrote since the last reply, the newest seqs first, and their last words; by conversation."""
    unanswered: dict[str, list[int]] = {}
    last_words: dict[str, str] = {}
    if not conversation_ids:
        return unanswered, last_words
    other = aliased(Message)
    newest = select(func.max(other.seq)).where(other.conversation_id == Message.conversation_id)
    replied = newest.where(other.author == "agent").scalar_subquery()
    spoken = newest.where(other.author == "customer", other.kind.in_(SPOKEN)).scalar_subquery()
    is_unanswered = Message.seq > func.coalesce(replied, 0)
    query = (
        select(Message.conversation_id, Message.seq, Message.kind, Message.text, is_unanswered)
        .where(
            Message.conversation_id.in_(conversation_ids),
            Message.author == "customer",
            or_(is_unanswered, Message.seq == spoken),
        )
        .order_by(Message.conversation_id, Message.seq.desc())
    )
    for conversation_id, seq, kind, text, waits in session.execute(query):
        if waits and len(seqs := unanswered.setdefault(conversation_id, [])) < MOST_UNANSWERED:
            seqs.append(seq)
        if kind in SPOKEN:
            last_words.setdefault(conversation_id, text[:LAST_WORDS])
    return unanswered, last_words


def _called_back(session: Session, handover_ids: Collection[str]) -> dict[str, datetime]:
    if not handover_ids:
        return {}
    query = select(HandoverEvent.handover_id, HandoverEvent.at).where(
        HandoverEvent.handover_id.in_(handover_ids), HandoverEvent.to_owner == "callback"
    )
    return {row.handover_id: row.at for row in session.execute(query.order_by(HandoverEvent.id))}


def _is_unplaced(line: Line) -> bool:
    return line.where.level is None and line.owner in ("queued", "callback")


class Board:
    """The newest lines, and which of them changed since a version. One for all streams of this process."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._dirty = asyncio.Event()
        self._is_behind = False  # the queue was told of, and not everything was read since
        self._touched: set[str] = set()  # conversations in which something was written since everything was read
        self._watchers: set[Callable[[], None]] = set()
        self._conversations: frozenset[str] = frozenset()
        self._unplaced: frozenset[str] = frozenset()  # conversations that nobody may take yet
        self._changes: deque[tuple[int, frozenset[str]]] = deque(maxlen=KEPT_CHANGES)
        self._reading = asyncio.Lock()
        self.lines: Mapping[str, Line] = {}
        self.version = 0
        self._asked = self._answered = 0
        hub.ring(self._rung)

    def _rung(self, conversation_id: str) -> None:
        """Something happened in a conversation, here or elsewhere, or to the queue (`FEED`)."""
        if conversation_id == FEED:
            self._is_behind = True
        elif self._watchers:
            self._touched.add(conversation_id)
        if conversation_id == FEED or conversation_id in self._conversations:
            self._dirty.set()

    @contextmanager
    def watched(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call `wake` at each change while the block lasts."""
        self._watchers.add(wake)
        try:
            yield
        finally:
            self._watchers.discard(wake)

    def changed_since(self, version: int) -> frozenset[str] | None:
        """The ids of what came, changed or went since; None where that is too long ago to tell."""
        if version == self.version:
            return frozenset()
        if not self._changes or self._changes[0][0] > version + 1:
            return None
        return frozenset().union(*(ids for number, ids in self._changes if number > version))

    async def run(self) -> None:
        """Reads when there is news and somebody looks: the conversations in question soon, everything now and then,
        since thousands of lines take a while and most of the time belongs to the customers. Goes until cancelled.
        """
        rested = due = 0.0  # when everything may be read again, and when it is without news
        while True:
            news = await self._news(self._wait(rested))
            are_too_many = len(self._touched) > MOST_TOUCHED
            try:
                if not self._watchers:
                    self._touched.clear()
                elif (news or self._unplaced) and not are_too_many:
                    await self._refresh_touched()
                began = time.monotonic()
                if self._watchers and began >= rested and (self._is_behind or began >= due or are_too_many):
                    await self.refresh()
                    rested = time.monotonic() + (time.monotonic() - began) * PAUSE_FOR_EACH_READING
                    due = began + LOOKED_AT_SECONDS
            except Exception:
                log.exception("desk_board_failed")  # the next reading sees what this one did not
            await asyncio.sleep(PAUSE_SECONDS)

    def _wait(self, rested: float) -> float:
        """Seconds without news after which to look; of a place that another gateway gave nobody tells."""
        if self._unplaced and self._watchers:
            return PAUSE_SECONDS
        return max(PAUSE_SECONDS, rested - time.monotonic()) if self._is_behind else LOOKED_AT_SECONDS

    async def _news(self, seconds: float) -> bool:
        """Wait for some; whether it came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._dirty.wait()
        except TimeoutError:
            return False
        self._dirty.clear()
        return True

    async def refresh(self) -> None:
        """Read everything as it is now, and wake the watchers when something changed. Who asks while others wait gets
        what is read for them: after an outage all agents come back at once.
        """
        self._asked += 1
        mine = self._asked
        async with self._reading:
            if self._answered >= mine:
                return
            answers = self._asked
            self._dirty.clear()
            self._is_behind = False
            self._touched.clear()
            lines = await self._database.read(read_lines)
            self._answered = answers
            changed = self._taken(lines)
        if changed:
            self._wake()

    async def _refresh_touched(self) -> None:
        """Read what was written in, again and again until everything is read: what else becomes of a conversation that
        was written in is told of the queue alone.
        """
        touched = self._unplaced.union(self._touched)
        if not touched:
            return
        async with self._reading:
            found = await self._database.read(partial(read_lines_of, conversation_ids=touched))
            lines = {one: line for one, line in self.lines.items() if line.conversation_id not in touched} | found
            changed = self._taken(dict(sorted(lines.items(), key=lambda one: (one[1].queued_at, one[0]))))
        if changed:
            self._wake()

    def _taken(self, lines: Mapping[str, Line]) -> bool:
        """Keep the lines; whether something is other than before."""
        before = self.lines
        changed = {one for one, line in lines.items() if before.get(one) != line} | (before.keys() - lines.keys())
        self.lines = lines
        self._conversations = frozenset(line.conversation_id for line in lines.values())
        self._unplaced = frozenset(line.conversation_id for line in lines.values() if _is_unplaced(line))
        if changed:
            self.version += 1
            self._changes.append((self.version, frozenset(changed)))
        return bool(changed)

    def _wake(self) -> None:
        for wake in tuple(self._watchers):
            wake()
