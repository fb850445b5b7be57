"""Brings what was taken in into the conversations: each person's messages in order, a few people side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp.inbound import OF_PEOPLE, Event
from areaclienti.gateway.channels.whatsapp.intake import Intake
from areaclienti.gateway.channels.whatsapp.into_ledger import Received, apologise, bring_in
from areaclienti.gateway.channels.whatsapp.people import Sender, changed_id, current_conversation, heard, known_person
from areaclienti.gateway.channels.whatsapp.seal import Seal, Unreadable
from areaclienti.gateway.channels.whatsapp.statuses import Outbox, Status
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.db.whatsapp import WhatsappInbound
from areaclienti.gateway.errors import ApiError
from areaclienti.gateway.identity_client import IdentityUnavailable
from areaclienti.gateway.ledger import ConversationClosed
from areaclienti.gateway.services import Services
from areaclienti.gateway.session import COME_BACK_AFTER, UNDER_WAY
from areaclienti.logging import get_logger

log = get_logger()

PEOPLE_AT_ONCE = 2  # with their turns; more would take the two processors from the answers that Meta waits for
YIELDING_SECONDS = 0.25  # acknowledgements go first, but customers' messages go on
HELD_SECONDS = 2.0  # a turn that takes longer holds nobody else up
TURN_SECONDS = 60.0  # the engine is asked twice, 20 s each; then the customer is told
RESUME_SECONDS = 5.0  # after the database failed, or an event could not be processed
MOST_TRIES = 3  # of one event; what its person wrote next must not wait for ever
LEFT_BEHIND_AFTER = timedelta(seconds=90)  # another gateway died, or could not finish
IDENTITY_PAUSES_SECONDS = (1.0, 3.0, 6.0)  # then the customer, whose code may run out, is told
SWEEP_SECONDS = 60.0
STATUSES_AT_ONCE = 200
STATUS_PAUSE_SECONDS = 0.05  # what comes meanwhile shares the commit


@dataclass(frozen=True)
class _Waiting:
    """An event of a person that waits."""

    row_id: int
    message_id: str
    kind: str
    sent_at: datetime
    sealed: bytes


class Processing:
    """Works on what is pending, as often as needed: a repetition after a crash finds the client id in the ledger."""

    def __init__(self, served: Services, seal: Seal, intake: Intake, outbox: Outbox | None) -> None:
        self._served = served
        self._intake = intake
        self._seal = seal
        self._outbox = outbox
        self._slots = asyncio.Semaphore(PEOPLE_AT_ONCE)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._woken: set[str] = set()
        self._tried: dict[int, int] = {}  # how often an event, by its row, could not be processed
        self._status_worker: asyncio.Task[None] | None = None
        self._statuses_woken = False
        self._stopped = False

    def wake_for(self, events: Sequence[Event]) -> None:
        """These were taken in. Returns at once."""
        for event in events:
            if event.kind in OF_PEOPLE and event.sender is not None and event.sender.key is not None:
                self.wake(event.sender.key)
            elif event.kind == "status":
                self.wake_statuses()

    def wake(self, user_id: str) -> None:
        """There may be something of this person. Returns at once."""
        if self._stopped:
            return
        self._woken.add(user_id)
        if user_id not in self._workers:
            self._workers[user_id] = asyncio.create_task(self._work(user_id), name="whatsapp-person")

    def wake_statuses(self) -> None:
        """There may be statuses. Returns at once."""
        self._statuses_woken = True
        if not self._stopped and self._status_worker is None:
            self._status_worker = asyncio.create_task(self._work_on_statuses(), name="whatsapp-statuses")

    async def run(self) -> None:
        """Take up what an earlier process left, and what other gateways leave, until cancelled."""
        left_since = now()
        while True:
            try:
                await self.take_up(left_since)
            except SQLAlchemyError as error:
                log.error("whatsapp_not_taken_up", exc_info=error)
            await asyncio.sleep(SWEEP_SECONDS)
            left_since = now() - LEFT_BEHIND_AFTER

    async def take_up(self, received_before: datetime) -> None:
        """Wake for all that was received before that moment and waits."""
        waits = (WhatsappInbound.state == "pending") & (WhatsappInbound.received_at <= received_before)
        query = select(WhatsappInbound.user_id).where(waits).distinct()
        for user_id in await self._served.database.read(lambda session: list(session.scalars(query))):
            if user_id is None:
                self.wake_statuses()
            else:
                self.wake(user_id)

    async def settle(self) -> None:
        """Wait until nothing is worked on."""
        while tasks := self._tasks():
            await asyncio.wait(tasks)

    async def stop(self) -> None:
        """Stop; what is not done waits in the database for the next start."""
        self._stopped = True
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._workers.values(), *([self._status_worker] if self._status_worker else [])]

    async def _work(self, user_id: str) -> None:
        try:
            while user_id in self._woken:
                self._woken.discard(user_id)
                while waiting := await self._next(user_id):
                    await self._process(user_id, waiting)
        except Exception as error:  # it stays pending; what stands in the ledger already is not written again
            log.error("whatsapp_event_not_processed", exc_info=error)
            asyncio.get_running_loop().call_later(RESUME_SECONDS, self.wake, user_id)
        finally:
            # no await between the loop's last test and here: a wake can't fall in between
            self._woken.discard(user_id)
            del self._workers[user_id]

    async def _next(self, user_id: str) -> _Waiting | None:
        """The person's oldest event that waits. Meta tells seconds; within one the order of arrival counts."""
        row = WhatsappInbound
        query = (
            select(row.id, row.message_id, row.kind, row.sent_at, row.sealed)
            .where(row.user_id == user_id, row.state == "pending")
            .order_by(row.sent_at, row.id)
            .limit(1)
        )
        found = await self._served.database.read(lambda session: session.execute(query).first())
        if found is None:
            return None
        row_id, message_id, kind, sent_at, sealed = found
        return _Waiting(row_id, message_id, kind, sent_at, sealed or b"")

    async def _process(self, user_id: str, waiting: _Waiting) -> None:
        await self._slowed(user_id)
        try:
            await self._process_unless_identity_is_away(waiting)
        except SQLAlchemyError:
            raise  # the database failed, which says nothing about the event
        except Exception as error:
            tried = self._tried[waiting.row_id] = self._tried.get(waiting.row_id, 0) + 1
            if tried < MOST_TRIES:
                raise
            log.error("whatsapp_event_given_up", message_id=waiting.message_id, exc_info=error)
            await self._give_up(waiting)
        self._tried.pop(waiting.row_id, None)

    async def _process_unless_identity_is_away(self, waiting: _Waiting) -> None:
        for pause in (0.0, *IDENTITY_PAUSES_SECONDS):
            await asyncio.sleep(pause)
            try:
                await self._process_in_slot(waiting)
                return
            except IdentityUnavailable:
                log.warning("whatsapp_event_waits", message_id=waiting.message_id, reason="identity_unavailable")
        await self._process_in_slot(waiting, is_given_up=True)

    async def _give_up(self, waiting: _Waiting) -> None:
        """Tell the customer, if that is possible, and let what the person wrote next be read."""
        try:
            await self._process_in_slot(waiting, is_given_up=True)
        except SQLAlchemyError:
            raise
        except Exception:
            await self._served.database.write(lambda session: _finish(session, [waiting.row_id], "odd"))

    async def _process_in_slot(self, waiting: _Waiting, *, is_given_up: bool = False) -> None:
        async with self._slots:
            await self._intake.pause(YIELDING_SECONDS)
            conversation_id = await self._bring_in(waiting, is_given_up)
            if conversation_id is None:
                return
            self._served.hub.ledger_grew(conversation_id)
            self._served.runner.wake(conversation_id)
            if self._outbox is not None:
                self._outbox.wake(conversation_id)
            is_answered = await self._served.runner.settled(conversation_id, HELD_SECONDS)
        if not is_answered:
            # what the customer wrote next is read in the light of the answer, as he may have seen it
            await self._served.runner.settled(conversation_id, TURN_SECONDS)

    async def _slowed(self, user_id: str) -> None:
        """Wait until the person may say something more: whoever floods us is answered later, and holds nobody up."""
        while True:
            try:
                self._served.limiter.session.take(f"wa:{user_id}")
                return
            except ApiError as slow:
                await asyncio.sleep(slow.fields["retry_after_seconds"])

    async def _bring_in(self, waiting: _Waiting, is_given_up: bool) -> str | None:
        """Work on one event; the conversation that grew, if any. Raises IdentityUnavailable: it still waits then."""
        try:
            content = self._seal.open(waiting.sealed)
        except Unreadable:
            log.error("whatsapp_event_unreadable", message_id=waiting.message_id)
            await self._served.database.write(lambda session: _finish(session, [waiting.row_id], "odd"))
            return None
        sender, wamid = Sender(**content["sender"]), content["wamid"]
        if waiting.kind in ("identity", "silent"):
            present = Sender(**content["present"]) if waiting.kind == "identity" else None
            await self._served.database.write(lambda session: _note(session, waiting, sender, present, wamid))
            if present is not None and present.user_id is not None:
                self.wake(present.user_id)  # what still waited goes on under the new id
            return None
        write = apologise if is_given_up else bring_in
        for _ in range(2):  # a conversation may end between its look-up and the writing
            conversation, person_id, quiet = await self._served.database.write(
                lambda session: _take_up(session, sender, waiting.sent_at)
            )
            received = Received(
                kind=waiting.kind,
                content=content,
                client_id=f"wa-{waiting.message_id[:48]}",
                user_id=person_id,
                after_silence=quiet > COME_BACK_AFTER and conversation.step in UNDER_WAY,
            )
            with suppress(ConversationClosed):
                async with self._served.locks.of(conversation.id):
                    await write(self._served, conversation, received)
                break

        def done(session: Session) -> None:
            heard(session, Sender(person_id, None), waiting.sent_at, wamid)
            _finish(session, [waiting.row_id], "done")

        await self._served.database.write(done)
        return conversation.id

    async def _work_on_statuses(self) -> None:
        again = False
        try:
            while self._statuses_woken:
                self._statuses_woken = False
                await asyncio.sleep(STATUS_PAUSE_SECONDS)
                self._statuses_woken |= await self._note_statuses() == STATUSES_AT_ONCE
        except Exception as error:
            log.error("whatsapp_status_not_processed", exc_info=error)
            again = True
        finally:
            self._status_worker = None
        if again:
            asyncio.get_running_loop().call_later(RESUME_SECONDS, self.wake_statuses)

    async def _note_statuses(self) -> int:
        """Hand a few statuses on; how many there were."""
        row = WhatsappInbound
        query = (
            select(row.id, row.sent_at, row.sealed)
            .where(row.user_id.is_(None), row.state == "pending")
            .order_by(row.id)
            .limit(STATUSES_AT_ONCE)
            .with_for_update(skip_locked=True)
        )

        def work(session: Session) -> int:
            found = session.execute(query).all()
            statuses = {row_id: self._status(sent_at, sealed or b"") for row_id, sent_at, sealed in found}
            for status in statuses.values():
                if status is not None and self._outbox is not None:
                    self._outbox.note_status(session, status)
            _finish(session, [row_id for row_id, status in statuses.items() if status is not None], "done")
            _finish(session, [row_id for row_id, status in statuses.items() if status is None], "odd")
            return len(found)

        noted = await self._served.database.write(work)
        if noted and self._outbox is not None:
            self._outbox.statuses_noted()
        return noted

    def _status(self, sent_at: datetime, sealed: bytes) -> Status | None:
        try:
            content = self._seal.open(sealed)
        except Unreadable:
            log.error("whatsapp_event_unreadable")
            return None
        return Status(content["wamid"], content["status"], sent_at, content["error_code"], content["callback_data"])


def _take_up(session: Session, sender: Sender, at: datetime) -> tuple[Conversation, str, timedelta]:
    person = known_person(session, sender)
    conversation = current_conversation(session, person, at)
    return conversation, person.user_id, at - conversation.updated_at


def _note(session: Session, waiting: _Waiting, sender: Sender, present: Sender | None, wamid: str | None) -> None:
    """Events that say nothing: who is known writes under another id, or was heard of."""
    if present is not None:
        changed_id(session, sender, present)
    elif wamid is not None:
        heard(session, sender, waiting.sent_at, wamid)
    _finish(session, [waiting.row_id], "ignored" if present is None else "done")


def _finish(session: Session, row_ids: Sequence[int], state: str) -> None:
    """Nothing of what was said, and nobody whose it was, stays with what is done."""
    if not row_ids:
        return
    done = {"state": state, "sealed": None, "user_id": None}
    session.execute(update(WhatsappInbound).where(WhatsappInbound.id.in_(row_ids)).values(done))
