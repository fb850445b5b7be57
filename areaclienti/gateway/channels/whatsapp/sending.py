"""Sends what waits in the outbox: people side by side, each one's messages in order; tries again, stops, tells."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp import outbox
from areaclienti.gateway.channels.whatsapp.gate import Gate
from areaclienti.gateway.channels.whatsapp.graph import GraphClient, Refused, Unanswered
from areaclienti.gateway.channels.whatsapp.message_types.limits import OverLimit
from areaclienti.gateway.channels.whatsapp.message_types.template import template
from areaclienti.gateway.channels.whatsapp.message_types.text import text
from areaclienti.gateway.channels.whatsapp.outbound_texts import OutboundTexts
from areaclienti.gateway.channels.whatsapp.outbox import Claimed, Later
from areaclienti.gateway.channels.whatsapp.pace import Pace
from areaclienti.gateway.channels.whatsapp.plainer import plainer
from areaclienti.gateway.channels.whatsapp.rendering import Rendering
from areaclienti.gateway.channels.whatsapp.statuses import Status
from areaclienti.gateway.channels.whatsapp.typing import Typing
from areaclienti.gateway.channels.whatsapp.verdicts import PAUSING, Verdict
from areaclienti.gateway.channels.whatsapp.ways import SecretWay
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.ledger import ConversationClosed
from areaclienti.logging import get_logger

CHANNEL = "whatsapp"
RESUME_SECONDS = 5.0  # after the database failed
SWEEP_SECONDS = 5.0
PROOF_SECONDS = 5.0  # a message that may have been taken is sent again only when no status came until then
_SWEEPS_PER_LOOK_AT_ALL = 6  # what other gateways collected not, when they died
_AT_ONCE = 20  # requests under way
_LONGEST_BACKOFF_SECONDS = 60.0
_LONGEST_TO_PERSON_SECONDS = 256.0
_KNOWN = 20_000  # conversations whose channel is remembered

log = get_logger()


class Sending:
    """The channel's way out. What it promises: whatever stands in the ledger arrives, in order, at least once; twice
    only where the answer to a request was lost and no status proved meanwhile that it was taken.
    """

    def __init__(
        self, database: Database, graph: GraphClient, rendering: Rendering, texts: OutboundTexts, *ways: SecretWay
    ) -> None:
        self._database = database
        self._graph = graph
        self._rendering = rendering
        self._ways = ways  # the first is taken; the last where that one's message was refused
        out_of_window = texts.templates["out_of_window"]
        self._template = template(out_of_window.name, out_of_window.language)
        self._gate = Gate()
        self._pace = Pace()
        self._typing = Typing(database, graph, self._gate)
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._woken: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_ours: OrderedDict[str, bool] = OrderedDict()
        self._failures: list[tuple[Verdict, int | None]] = []
        self._sweeper: asyncio.Task[None] | None = None
        self._stopped = False

    def start(self) -> None:
        """Take up what waits, and go on until `stop`. Returns at once."""
        self._sweeper = asyncio.create_task(self._sweep(), name="whatsapp-outbox")

    async def stop(self) -> None:
        """Stop; what is not sent waits for the next start."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        tasks = [*self._workers.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._typing.stop()
        await self._graph.close()

    async def settle(self) -> None:
        """Wait until nothing is being sent; what is put back for later is not waited for."""
        while self._workers:
            await asyncio.wait(list(self._workers.values()))

    def health(self) -> dict[str, Any] | None:
        """Why nothing goes out, where operators are needed."""
        return self._gate.detail()

    # -- what the hub and the processing of statuses tell

    def ledger_grew(self, conversation_id: str) -> None:
        """As `Hub.ledger_grew`, of any channel's conversation."""
        if self._is_ours.get(conversation_id, True):
            self.wake(conversation_id)

    def typing(self, conversation_id: str, on: bool) -> None:
        """As `Hub.typing`, of any channel's conversation."""
        if self._stopped or not self._is_ours.get(conversation_id, True):
            return
        if on:
            self._typing.begin(conversation_id)
        else:
            self._typing.end(conversation_id)

    def wake(self, conversation_id: str) -> None:
        """There may be something to send. Returns at once."""
        if self._stopped:
            return
        self._woken.add(conversation_id)
        if conversation_id not in self._workers:
            self._workers[conversation_id] = asyncio.create_task(self._work(conversation_id), name="whatsapp-sending")

    def note_status(self, session: Session, status: Status) -> None:
        """Take in what Meta says of a message of ours, in the caller's transaction."""
        verdict = outbox.note_status(session, status, self._rendering, self._template)
        if verdict is not None:
            self._failures.append((verdict, status.error_code))

    def statuses_noted(self) -> None:
        """They are committed: what they tell of the account concerns all messages, and a template may wait."""
        failures, self._failures = self._failures, []
        for verdict, code in failures:
            if verdict in PAUSING:
                self._gate.close(verdict, code)
        if any(verdict is Verdict.WINDOW for verdict, _ in failures) and self._sweeper is not None:
            self._start_sweep()

    # -- the work

    async def _work(self, conversation_id: str) -> None:
        wait: float | None = None
        try:
            while conversation_id in self._woken:
                self._woken.discard(conversation_id)
                wait = await self._send_all(conversation_id) if await self._belongs_here(conversation_id) else None
        except SQLAlchemyError as error:  # it stays in the outbox
            log.error("whatsapp_outbox_failed", conversation_id=conversation_id, exc_info=error)
            wait = RESUME_SECONDS
        except Exception as error:  # one conversation must not hold up the others, nor be tried without end
            log.error("whatsapp_not_rendered", conversation_id=conversation_id, exc_info=error)
            wait = _LONGEST_BACKOFF_SECONDS
        finally:
            # no await between the loop's last test and here: a wake can't fall in between
            self._woken.discard(conversation_id)
            del self._workers[conversation_id]
        if wait is not None:
            self._wake_in(wait, conversation_id)

    def _wake_in(self, seconds: float, conversation_id: str) -> None:
        former = self._timers.pop(conversation_id, None)
        if former is not None:
            former.cancel()
        if not self._stopped:
            self._timers[conversation_id] = asyncio.get_running_loop().call_later(seconds, self._ring, conversation_id)

    def _ring(self, conversation_id: str) -> None:
        del self._timers[conversation_id]
        self.wake(conversation_id)

    async def _belongs_here(self, conversation_id: str) -> bool:
        if conversation_id not in self._is_ours:
            query = select(Conversation.channel).where(Conversation.id == conversation_id)
            channel = await self._database.read(lambda session: session.scalar(query))
            self._is_ours[conversation_id] = channel == CHANNEL
            if len(self._is_ours) > _KNOWN:
                self._is_ours.popitem(last=False)
        return self._is_ours[conversation_id]

    async def _send_all(self, conversation_id: str) -> float | None:
        """Send until there is nothing more, or nothing now: then the seconds until there is."""
        if not await self._database.read(lambda session: outbox.has_work(session, conversation_id)):
            return None
        if wait := self._gate.enter():
            return wait + random.uniform(0, 1)
        found = await self._database.write(lambda session: self._next(session, conversation_id))
        while isinstance(found, Claimed):
            change = await self._try(found)

            def recorded(session: Session, change: Callable[[Session], None] = change) -> Claimed | Later | None:
                outbox.hold(session, conversation_id)
                change(session)
                return self._next(session, conversation_id) if self._gate.is_open else None

            found = await self._database.write(recorded)
        self._gate.leave()
        if isinstance(found, Later):
            return max((found.at - now()).total_seconds(), 0.0) + 0.05
        return None if self._gate.is_open else self._gate.remaining() + random.uniform(0, 1)

    def _next(self, session: Session, conversation_id: str) -> Claimed | Later | None:
        outbox.collect(session, conversation_id, self._rendering)
        return outbox.claim(session, conversation_id)

    async def _try(self, claimed: Claimed) -> Callable[[Session], None]:
        """Send the message; gives what has to be recorded."""
        if claimed.may_be_sent_until is not None and claimed.may_be_sent_until <= now():
            log.info("whatsapp_window_closed", outbox_id=claimed.id)
            return lambda session: outbox.close_window(session, claimed, self._template)
        if wait := self._pace.wait_for(claimed.receiver.user_id):
            return self._again(claimed, wait, None)
        try:
            message = await self._message(claimed)
            await self._typing.quiet(claimed.conversation_id)
            async with self._slots:
                wamid = await self._graph.send(claimed.receiver, message, claimed.callback_data)
        except Unanswered as unanswered:
            proof = PROOF_SECONDS if unanswered.maybe_sent else 0.0
            wait = max(proof, _backoff(claimed.attempts, 2.0, _LONGEST_BACKOFF_SECONDS))
            log.warning(
                "whatsapp_not_sent", outbox_id=claimed.id, reason=unanswered.reason, attempt=claimed.attempts,
                retry_in_seconds=round(wait, 1),
            )  # fmt: skip
            return self._again(claimed, wait, None)
        except Refused as refused:
            return self._refused(claimed, refused)
        except ConversationClosed:
            return lambda session: outbox.give_up(session, claimed, "dropped", None)
        except (
            OverLimit,
            KeyError,
            TypeError,
        ) as error:  # it can't be made: it must not hold up the person's next ones
            log.error("whatsapp_message_broken", outbox_id=claimed.id, exc_info=error)
            return lambda session: outbox.give_up(session, claimed, "failed", None)
        if self._gate.passed():
            self._start_sweep()
        log.info("whatsapp_sent", outbox_id=claimed.id, template=claimed.kind, attempt=claimed.attempts)
        return lambda session: outbox.sent(session, claimed, wamid)

    async def _message(self, claimed: Claimed) -> dict[str, Any]:
        """The message object, with the way to give a secret where one is still due. Raises ConversationClosed."""
        if claimed.needs_link is None:
            return claimed.content
        query = select(Conversation).where(Conversation.id == claimed.conversation_id)
        conversation = await self._database.read(lambda session: session.scalar(query))
        if conversation is None:
            raise ConversationClosed
        body: str = claimed.content["body"]
        way = self._ways[0 if claimed.kind == "secret" else -1]
        return await way.message(conversation, claimed.needs_link, body) or text(body)

    def _refused(self, claimed: Claimed, refused: Refused) -> Callable[[Session], None]:
        verdict, code = refused.verdict, refused.code
        log.warning("whatsapp_refused", outbox_id=claimed.id, code=code, reason=verdict.value, attempt=claimed.attempts)
        if verdict is Verdict.WINDOW and claimed.kind != outbox.TEMPLATE:
            return lambda session: outbox.close_window(session, claimed, self._template)
        if verdict is Verdict.NUMBER or verdict in PAUSING:
            wait = self._gate.close(verdict, code, refused.retry_after_seconds)
            return self._again(claimed, wait, code)
        if verdict is Verdict.PERSON:
            # "4^X seconds later, where X = 0, and increases by 1 after each failed attempt"
            return self._again(claimed, _backoff(claimed.attempts, 4.0, _LONGEST_TO_PERSON_SECONDS), code)
        if verdict is Verdict.REFUSED:
            return self._in_another_shape(claimed, code)
        return lambda session: outbox.give_up(session, claimed, "failed", code)

    def _in_another_shape(self, claimed: Claimed, code: int | None) -> Callable[[Session], None]:
        """Nobody stays without an answer because a button was refused; but that it was is a fault of ours."""
        log.error("whatsapp_shape_refused", outbox_id=claimed.id, code=code, template=claimed.kind)
        if claimed.kind == "secret" and len(self._ways) > 1:
            return lambda session: outbox.replace(session, claimed, "secret_page", claimed.content, code)
        simple = plainer(claimed.content) if claimed.needs_link is None and claimed.kind != outbox.TEMPLATE else None
        if simple is None:
            return lambda session: outbox.give_up(session, claimed, "failed", code)
        return lambda session: outbox.replace(session, claimed, "text", simple, code)

    def _again(self, claimed: Claimed, seconds: float, code: int | None) -> Callable[[Session], None]:
        at = now() + timedelta(seconds=seconds)
        return lambda session: outbox.put_back(session, claimed, at, code)

    # -- what was left behind

    def _start_sweep(self) -> None:
        if self._sweeper is not None and not self._stopped:
            self._sweeper.cancel()
            self._sweeper = asyncio.create_task(self._sweep(), name="whatsapp-outbox")

    async def _sweep(self) -> None:
        for number in itertools.count():
            look = [outbox.conversations_due]
            if number % _SWEEPS_PER_LOOK_AT_ALL == 0:
                look.append(outbox.conversations_grown)
            try:
                for found in look:
                    for conversation_id in await self._database.read(found):
                        self.wake(conversation_id)
            except SQLAlchemyError as error:
                log.error("whatsapp_outbox_failed", exc_info=error)
            await asyncio.sleep(SWEEP_SECONDS)


def _backoff(attempts: int, base: float, longest: float) -> float:
    """Seconds: 1, base, base² … at most `longest`, each spread over its upper half so that not all come at once."""
    top = min(base ** min(attempts - 1, 16), longest)
    return random.uniform(top / 2, top)
