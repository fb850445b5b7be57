"""All open handovers as lists show them, read once for all who look: each change reaches every watcher as its ids."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
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
PAUSE_FOR_EACH_READING = 4  # and no more than a fifth of the time is spent on it
KEPT_CHANGES = 2_000
MOST_UNANSWERED = 50
LAST_WORDS = 80  # characters


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
    query = (
        select(Handover, Conversation.owner, Conversation.epoch, Conversation.channel, DeskAgent.name)
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .outerjoin(DeskAgent, DeskAgent.id == Handover.agent_id)
        .order_by(Handover.queued_at, Handover.id)
    )
    chosen = Handover.ended_at.is_(None) if handover_ids is None else Handover.id.in_(handover_ids)
    rows = session.execute(query.where(chosen)).all()
    unanswered = _unanswered(session, [one.conversation_id for one, *_ in rows if one.state == "human"])
    last_words = _last_words(session, [one.conversation_id for one, *_ in rows if one.state in ("human", "wrap_up")])
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
            unanswered=tuple(unanswered.get(one.conversation_id, ())),
            last_words=last_words.get(one.conversation_id),
        )
        for one, owner, epoch, channel, agent_name in rows
    }


def _unanswered(session: Session, conversation_ids: Collection[str]) -> dict[str, list[int]]:
    if not conversation_ids:
        return {}
    before = aliased(Message)
    answered = (
        select(func.max(before.seq))
        .where(before.conversation_id == Message.conversation_id, before.author == "agent")
        .scalar_subquery()
    )
    query = (
        select(Message.conversation_id, Message.seq)
        .where(
            Message.conversation_id.in_(conversation_ids),
            Message.author == "customer",
            Message.seq > func.coalesce(answered, 0),
        )
        .order_by(Message.conversation_id, Message.seq.desc())
    )
    found: dict[str, list[int]] = {}
    for conversation_id, seq in session.execute(query):
        seqs = found.setdefault(conversation_id, [])
        if len(seqs) < MOST_UNANSWERED:
            seqs.append(seq)
    return found


def _last_words(session: Session, conversation_ids: Collection[str]) -> dict[str, str]:
    if not conversation_ids:
        return {}
    by_customer = (Message.author == "customer") & Message.kind.in_(("text", "choice"))
    newest = (
        select(Message.conversation_id.label("of"), func.max(Message.seq).label("seq"))
        .where(Message.conversation_id.in_(conversation_ids), by_customer)
        .group_by(Message.conversation_id)
        .subquery()
    )
    is_newest = (Message.conversation_id == newest.c.of) & (Message.seq == newest.c.seq)
    query = select(Message.conversation_id, Message.text).join(newest, is_newest)
    return {row.conversation_id: row.text[:LAST_WORDS] for row in session.execute(query)}


def _called_back(session: Session, handover_ids: Collection[str]) -> dict[str, datetime]:
    if not handover_ids:
        return {}
    query = select(HandoverEvent.handover_id, HandoverEvent.at).where(
        HandoverEvent.handover_id.in_(handover_ids), HandoverEvent.to_owner == "callback"
    )
    return {row.handover_id: row.at for row in session.execute(query.order_by(HandoverEvent.id))}


class Board:
    """The newest lines, and which of them changed since a version. One for all streams of this process."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._dirty = asyncio.Event()
        self._watchers: set[Callable[[], None]] = set()
        self._conversations: frozenset[str] = frozenset()
        self._changes: deque[tuple[int, frozenset[str]]] = deque(maxlen=KEPT_CHANGES)
        self._reading = asyncio.Lock()
        self.lines: Mapping[str, Line] = {}
        self.version = 0
        self._asked = self._answered = 0
        hub.ring(self._rung)

    def _rung(self, conversation_id: str) -> None:
        """Something happened in a conversation, here or elsewhere, or to the queue (`FEED`)."""
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
        """Reads when there is news and somebody looks. Goes until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOKED_AT_SECONDS):
                    await self._dirty.wait()
            except TimeoutError:
                pass
            began = time.monotonic()
            if self._watchers:
                try:
                    await self.refresh()
                except Exception:
                    log.exception("desk_board_failed")  # the next reading sees what this one did not
            # thousands of lines take a while: most of the time belongs to the customers
            await asyncio.sleep(max(PAUSE_SECONDS, (time.monotonic() - began) * PAUSE_FOR_EACH_READING))

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
            lines = await self._database.read(read_lines)
            before = self.lines
            changed = {one for one, line in lines.items() if before.get(one) != line} | (before.keys() - lines.keys())
            self._answered = answers
            self.lines = lines
            self._conversations = frozenset(line.conversation_id for line in lines.values())
            if changed:
                self.version += 1
                self._changes.append((self.version, frozenset(changed)))
        if changed:
            for wake in tuple(self._watchers):
                wake()
