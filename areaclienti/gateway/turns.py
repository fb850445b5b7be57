"""Runs the engine's turns: one at a time in each conversation, in order, each answered exactly once in the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Conversation, Message, Turn, now
from areaclienti.gateway.engine_client import BotMessage, EngineClient, EngineError, TurnAnswer
from areaclienti.gateway.handover import HAND_BACK, Desk
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.journeys import note
from areaclienti.gateway.ledger import ConversationClosed, append, locked, new_choice_id
from areaclienti.gateway.texts import FailureTexts
from areaclienti.logging import get_logger

log = get_logger()

RETRY_PAUSE_SECONDS = 0.5
RESUME_SECONDS = 5.0  # after the database failed


@dataclass(frozen=True)
class PendingTurn:
    """A turn to ask the engine for, with the body of the request."""

    id: int
    conversation_id: str
    message_id: str
    body: dict[str, Any]


class TurnQueue:
    """The turns in the ledger's database. Every method is one transaction."""

    def __init__(self, database: Database, desk: Desk | None = None) -> None:
        self._database = database
        self._desk = desk

    async def conversations_waiting(self) -> list[str]:
        """The conversations that have a turn to run: what a stopped process left behind."""
        query = select(Turn.conversation_id).where(Turn.state == "pending").distinct()
        return await self._database.read(lambda session: list(session.scalars(query)))

    async def next(self, conversation_id: str) -> PendingTurn | None:
        """The oldest turn that waits in the conversation."""
        conversation = (Conversation.channel, Conversation.mobile)
        query = (
            select(Turn.id, Turn.message_id, Turn.intent, Turn.entities, *conversation, Message.text)
            .join(Conversation, Conversation.id == Turn.conversation_id)
            .outerjoin(Message, (Message.conversation_id == Turn.conversation_id) & (Message.seq == Turn.seq))
            .where(Turn.conversation_id == conversation_id, Turn.state == "pending")
            .order_by(Turn.id)
            .limit(1)
        )
        row = await self._database.read(lambda session: session.execute(query).first())
        if row is None:
            return None
        turn_id, message_id, intent, entities, channel, mobile, text = row
        what = {"text": text} if intent is None else {"intent": intent, "entities": entities}
        body = {"conversation_id": conversation_id, "message_id": message_id, "channel": channel, "locale": "it"}
        known_by = {"mobile": mobile} if mobile is not None else {}
        return PendingTurn(turn_id, conversation_id, message_id, body | known_by | what)

    async def answer(self, turn: PendingTurn, answer: TurnAnswer) -> None:
        """Write the assistant's messages, step and expects, unless the turn was answered or dropped meanwhile."""

        def work(session: Session) -> None:
            conversation = locked(session, turn.conversation_id)
            if not _finish(session, conversation, turn, "done"):
                return
            conversation.choices_from = conversation.last_seq + 1
            if (conversation.step, conversation.expects) != (answer.step, answer.expects):
                conversation.step_epoch += 1
            conversation.step, conversation.expects = answer.step, answer.expects
            _note_step(session, conversation, turn, answer)
            for message in answer.messages:
                _append_bot_message(session, conversation, message)
            if self._desk is not None and answer.handover is not None:
                self._desk.asked_for(session, conversation, answer.handover)

        await self._write(work)

    async def fail(self, turn: PendingTurn, texts: FailureTexts) -> None:
        """Write that the turn could not be answered, with a choice that asks for the same turn again."""

        def work(session: Session) -> None:
            conversation = locked(session, turn.conversation_id)
            if not _finish(session, conversation, turn, "failed"):
                return
            retry = {"id": new_choice_id(), "title": texts.choice, "retries_turn": turn.id}
            others = self._desk.offer(conversation) if self._desk is not None else []
            append(session, conversation, "system", "failure", texts.text, choices=[retry, *others])

        await self._write(work)

    async def _write(self, work: Callable[[Session], None]) -> None:
        with suppress(ConversationClosed):  # it was erased while the engine was asked: nobody waits for this answer
            await self._database.write(work)


def _finish(session: Session, conversation: Conversation, pending: PendingTurn, state: str) -> bool:
    """Take the turn out of the queue; False when it is not ours to answer any more."""
    turn = session.get_one(Turn, pending.id)
    if turn.state != "pending":
        return False
    # an answer that comes after the conversation changed hands belongs to nobody
    is_stale = turn.epoch != conversation.epoch
    turn.state = "dropped" if is_stale else state
    turn.finished_at = now()
    return not is_stale


def _note_step(session: Session, conversation: Conversation, turn: PendingTurn, answer: TurnAnswer) -> None:
    """How far the registration came, also where it stops for a person. What an agent says is done is not done here."""
    step = answer.handover.resume_step if answer.handover is not None else answer.step
    is_said = turn.body.get("intent") == HAND_BACK and step == "done"
    note(session, conversation, "idle" if is_said else step, answer.customer_type)


def _append_bot_message(session: Session, conversation: Conversation, message: BotMessage) -> None:
    choices = [{"id": new_choice_id(), **choice.model_dump()} for choice in message.choices]
    card = message.card.model_dump() if message.card else None
    kind = "choice" if choices else "text"
    append(session, conversation, "bot", kind, message.text, choices=choices, card=card)


class Watched(Protocol):
    """Hears of every turn how it ended, `answered` or `failed`, after how many seconds; and what was answered to words
    of a customer's.
    """

    def turn(self, outcome: str, seconds: float) -> None: ...

    def read_words(self, said: TurnAnswer) -> None: ...


class TurnRunner:
    """Asks the engine for the turns that wait: conversations side by side, the turns of one in order."""

    def __init__(
        self,
        queue: TurnQueue,
        engine: EngineClient,
        hub: Hub,
        texts: FailureTexts,
        watched: Watched | None = None,
    ) -> None:
        """`watched` hears how turns end."""
        self._queue = queue
        self._engine = engine
        self._hub = hub
        self._texts = texts
        self._watched = watched
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._woken: set[str] = set()
        self._stopped = False

    def wake(self, conversation_id: str) -> None:
        """There may be a turn to run. Returns at once."""
        self._woken.add(conversation_id)
        if conversation_id not in self._workers:
            worker = asyncio.create_task(self._work(conversation_id), name=f"turns-{conversation_id}")
            self._workers[conversation_id] = worker

    async def recover(self) -> None:
        """Take up the turns that an earlier process left between the 202 and the answer."""
        for conversation_id in await self._queue.conversations_waiting():
            self.wake(conversation_id)

    async def settled(self, conversation_id: str, seconds: float) -> bool:
        """Wait until no turn of the conversation runs, so long at most; tell whether none does."""
        worker = self._workers.get(conversation_id)
        if worker is not None:
            await asyncio.wait([worker], timeout=seconds)
        return conversation_id not in self._workers

    async def settle(self) -> None:
        """Wait until no turn runs."""
        while self._workers:
            await asyncio.wait(list(self._workers.values()))

    async def stop(self) -> None:
        """Stop asking; what is not answered waits in the ledger for the next start."""
        self._stopped = True
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _wake_unless_stopped(self, conversation_id: str) -> None:
        if not self._stopped:
            self.wake(conversation_id)

    async def _work(self, conversation_id: str) -> None:
        try:
            while conversation_id in self._woken:
                self._woken.discard(conversation_id)
                while turn := await self._queue.next(conversation_id):
                    await self._run(turn)
        except SQLAlchemyError as error:  # the turn stays pending; the engine answers the same when asked again
            log.error("turn_not_stored", conversation_id=conversation_id, exc_info=error)
            asyncio.get_running_loop().call_later(RESUME_SECONDS, self._wake_unless_stopped, conversation_id)
        finally:
            # no await between the loop's last test and here: a wake can't fall in between
            self._woken.discard(conversation_id)
            del self._workers[conversation_id]

    async def _run(self, turn: PendingTurn) -> None:
        self._hub.typing(turn.conversation_id, True)
        begun = time.monotonic()
        try:
            answer = await self._ask_twice(turn)
            if answer is None:
                await self._queue.fail(turn, self._texts)
            else:
                await self._queue.answer(turn, answer)
            self._tell(turn, answer, time.monotonic() - begun)
        finally:
            self._hub.typing(turn.conversation_id, False)
            self._hub.ledger_grew(turn.conversation_id)

    def _tell(self, turn: PendingTurn, answer: TurnAnswer | None, seconds: float) -> None:
        if self._watched is None:
            return
        self._watched.turn("failed" if answer is None else "answered", seconds)
        if answer is not None and "text" in turn.body:
            self._watched.read_words(answer)

    async def _ask_twice(self, turn: PendingTurn) -> TurnAnswer | None:
        try:
            return await self._engine.turn(turn.body)
        except EngineError as error:
            log.warning(
                "turn_retried", conversation_id=turn.conversation_id, message_id=turn.message_id, reason=error.code
            )
            if not error.retriable:
                return None
        await asyncio.sleep(RETRY_PAUSE_SECONDS)
        try:
            return await self._engine.turn(turn.body)
        except EngineError as error:
            log.error(
                "turn_failed", conversation_id=turn.conversation_id, message_id=turn.message_id, reason=error.code
            )
            return None
