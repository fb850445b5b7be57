"""Looks at the queue again and again: who is gone, what is over, whom each waits for now, who gets the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from areaclienti.desk import agents, queue
from areaclienti.desk.customers import CustomersDesk
from areaclienti.desk.hours import WorkingHours, utc_now
from areaclienti.desk.routing import Belonging, Patience, Router
from areaclienti.desk.texts import Texts
from areaclienti.desk.transitions import DESK, move
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.ledger import ConversationClosed, end, locked
from areaclienti.logging import get_logger

log = get_logger()

FEED = "desk"  # the hub's key for whoever watches the queue
AT_ONCE = 200
BETWEEN_LOOKS_SECONDS = 0.1  # however much is written, so often at most somebody looks whether it is for the desk
ASKED_FOR = timedelta(seconds=10)  # how long identity is asked whose customer it is; then anybody may answer

Act = Callable[[Session, Conversation, Handover], None]


class Rounds:
    """Any number of gateways may go their rounds on one database: what one of them does is a conditional UPDATE, and
    the others find it done.
    """

    def __init__(
        self,
        database: Database,
        hub: Hub,
        customers: CustomersDesk,
        router: Router,
        hours: WorkingHours,
        patience: Patience,
        texts: Texts,
        belongs_to: Callable[[str], Awaitable[Belonging | None]],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`belongs_to` tells whose customer a conversation's is; None while that can't be asked."""
        self._database = database
        self._hub = hub
        self._customers = customers
        self._router = router
        self._hours = hours
        self._patience = patience
        self._texts = texts
        self._belongs_to = belongs_to
        self._clock = clock
        self._last_event: int | None = None
        self._written = asyncio.Event()

    async def run(self, every_seconds: float) -> None:
        """Goes until cancelled: a round again and again, and a look whenever something was written."""
        self._hub.ring(self._rung)
        await asyncio.gather(self._again(self.go, every_seconds), self._again(self._look_when_rung, 0))

    async def _again(self, act: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        while True:
            try:
                await act()
            except Exception:
                log.exception("desk_round_failed")  # the next one does what this one did not
                await asyncio.sleep(BETWEEN_LOOKS_SECONDS)
            await asyncio.sleep(pause_seconds)

    def _rung(self, conversation_id: str) -> None:
        if conversation_id != FEED:
            self._written.set()

    async def _look_when_rung(self) -> None:
        await self._written.wait()
        self._written.clear()
        await self.look()
        await asyncio.sleep(BETWEEN_LOOKS_SECONDS)

    async def look(self) -> None:
        """Whoever watches sees at once that a conversation changed hands, and whoever may take it that it is new: a
        round may be long.
        """
        if await self._tell_watchers() and await self._place_new():
            self._hub.ledger_grew(FEED)

    async def go(self) -> None:
        """One round."""
        present = self._clock()
        away = await self._database.write(lambda session: agents.gone(session, present - self._patience.lease))
        await self._each(Handover.agent_id.in_(away) & Handover.state.in_(queue.AT_WORK), self._disconnected)
        await self._each(and_(Handover.state == "offered", Handover.offered_until <= present), self._not_answered)
        await self._each(and_(Handover.state == "wrap_up", Handover.wrap_up_until <= present), self._over)
        await self._each(_conversation_ended(), self._left)
        await self._place_new()
        waits = and_(Handover.state == "queued", Handover.level.is_not(None))
        if self._hours.is_open(present):
            await self._each(and_(waits, Handover.level_until <= present), self._waited)
            for handover_id, conversation_id in await self._database.read(self._router.to_offer):
                await self._one(handover_id, conversation_id, waits, self._offered)
        else:
            await self._each(Handover.state == "queued", self._closed_for_today)
        await self._tell_watchers()

    async def _each(self, is_due: ColumnElement[bool], act: Act) -> None:
        """Act on all that is due, the first to come first, each in a transaction of its own."""
        query = select(Handover.id, Handover.conversation_id).where(is_due, Handover.ended_at.is_(None))
        ordered = query.order_by(Handover.queued_at, Handover.id).limit(AT_ONCE)

        def due(session: Session) -> list[tuple[str, str]]:
            return [(handover_id, conversation_id) for handover_id, conversation_id in session.execute(ordered)]

        for handover_id, conversation_id in await self._database.read(due):
            await self._one(handover_id, conversation_id, is_due, act)

    async def _one(self, handover_id: str, conversation_id: str, is_due: ColumnElement[bool], act: Act) -> bool:
        """Whether it was due still."""

        def work(session: Session) -> tuple[bool, bool]:
            try:
                conversation = locked(session, conversation_id)
            except ConversationClosed:
                return False, False  # erased meanwhile
            handover = session.scalar(select(Handover).where(Handover.id == handover_id, is_due))
            if handover is None:
                return False, False
            before = conversation.last_seq, conversation.epoch
            act(session, conversation, handover)
            return True, (conversation.last_seq, conversation.epoch) != before

        was_due, grew = await self._database.write(work)
        if grew:
            self._hub.ledger_grew(conversation_id)
        return was_due

    # ---- what is done ----

    def _disconnected(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        had_it = conversation.owner == "human"
        if self._router.requeue(session, conversation, handover, who=DESK, reason="disconnected") and had_it:
            self._customers.say(session, conversation, handover, self._texts.requeued)

    def _not_answered(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        self._router.requeue(session, conversation, handover, who=DESK, reason="not_answered")

    def _over(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        if move(session, conversation, handover, "closed", who=DESK, reason="wrapped_up"):
            end(session, conversation)

    def _left(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        move(session, conversation, handover, "closed", who=DESK, reason="conversation_ended")

    def _waited(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        if not self._router.widen(session, handover):
            self._customers.still_waiting(session, conversation, handover)

    def _offered(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        self._router.offer(session, conversation, handover)

    def _closed_for_today(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        self._customers.closing(session, conversation, handover)

    async def _place_new(self) -> int:
        """Ask identity whose customers the new ones are, side by side, so that one slow answer holds nobody up. How
        many have their place now.
        """
        query = select(Handover.id, Handover.conversation_id, Handover.queued_at).order_by(Handover.queued_at)
        new = and_(Handover.state.in_(("queued", "callback")), Handover.level.is_(None))
        rows = await self._database.read(lambda session: list(session.execute(query.where(new).limit(AT_ONCE))))
        asked = await asyncio.gather(*(self._belongs_to(conversation_id) for _, conversation_id, _ in rows))
        placed = 0
        for (handover_id, conversation_id, queued_at), belonging in zip(rows, asked, strict=True):
            if belonging is None and self._clock() - queued_at < ASKED_FOR:
                continue
            place = partial(self._placed, belonging or Belonging())
            placed += await self._one(handover_id, conversation_id, new, place)
        return placed

    def _placed(self, belonging: Belonging, session: Session, conversation: Conversation, handover: Handover) -> None:
        self._router.place(session, handover, belonging)

    async def _tell_watchers(self) -> bool:
        """Also of what another gateway did, or a customer: every change of hands is an event. Whether there is one."""
        newest = await self._database.read(lambda session: session.scalar(select(func.max(HandoverEvent.id))))
        if newest == self._last_event:
            return False
        self._last_event = newest
        self._hub.grew_elsewhere(FEED)  # each gateway sees by itself
        return True


def _conversation_ended() -> ColumnElement[bool]:
    """Quiet for so long that its channel began another one."""
    # asked of the few that are open, not of all that ever ended
    ended = select(Conversation.id).where(
        Conversation.id == Handover.conversation_id, Conversation.closed_at.is_not(None)
    )  # fmt: skip
    return ended.exists()
