"""Keeps conversations that people have, or are to have, and their windows at Chatwoot the same; wires its parts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from areaclienti.desk.chatwoot.client import ChatwootClient, Refused, Unanswered
from areaclienti.desk.chatwoot.erasing import Erasing
from areaclienti.desk.chatwoot.events import Event
from areaclienti.desk.chatwoot.hands import Hands
from areaclienti.desk.chatwoot.inbound import Inbound
from areaclienti.desk.chatwoot.intake import Intake, Own
from areaclienti.desk.chatwoot.links import Link, Lost, Patience, in_work, take, with_people
from areaclienti.desk.chatwoot.outbound import NotYet, Outbound, Teams
from areaclienti.desk.chatwoot.texts import load_texts
from areaclienti.desk.customers import CustomersDesk
from areaclienti.desk.hours import utc_now
from areaclienti.desk.operations import Operations
from areaclienti.desk.rounds import FEED
from areaclienti.desk.texts import load_texts as load_desk_texts
from areaclienti.desk.transitions import open_handover
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import now
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.gateway.ledger import ConversationClosed, locked
from areaclienti.gateway.workers import Workers
from areaclienti.logging import get_logger
from areaclienti.settings import GatewaySettings

log = get_logger()

SWEEP_SECONDS = 1.0
AGENTS_SECONDS = 15.0
HOUSEKEEPING_SECONDS = 60.0
PAUSE_SECONDS = 60.0  # an operator has to do something
_AT_ONCE = 10  # conversations that are worked on; Chatwoot takes 3,000 requests a minute from one address
_LONGEST_BACKOFF_SECONDS = 60.0
_BUSY_SECONDS = 1.0  # another gateway has the conversation
_FORGOTTEN: dict[str, Any] = {
    "contact_id": None, "chatwoot_id": None, "sent_seq": 0, "sent_message_id": 0, "posting": None, "posting_at": None,
    "noted_handover_id": None, "noted_message_id": 0, "announced_handover_id": None, "read_from": 0, "seen": None,
    "status": None, "assignee_id": None,
}  # fmt: skip


class Chatwoot:
    """What the webhook's routes work with. `settings.handover` is "chatwoot". Any number of gateways may run it."""

    def __init__(
        self,
        settings: GatewaySettings,
        database: Database,
        hub: Hub,
        operations: Operations,
        customers: CustomersDesk,
        summary_of: Callable[[str], Awaitable[dict[str, Any]]],
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`summary_of` is identity's (docs/contracts.md)."""
        self.settings = settings
        self._database = database
        self._hub = hub
        self._customers = customers
        self._summary_of = summary_of
        self._patience = patience or Patience()
        self._clock = clock
        texts, own = load_texts(), Own()
        self._client = ChatwootClient(settings, transport)
        self._hands = Hands(database, hub, load_desk_texts(), texts.nobody, clock)
        self._agents: dict[int, bool] = {}
        self.intake = Intake(database, own)
        self._outbound = Outbound(
            database, self._client, texts, Teams(settings.chatwoot_teams, settings.chatwoot_team_id), own,
            ZoneInfo(settings.desk_timezone), self._summary, self._patience,
        )  # fmt: skip
        self._inbound = Inbound(database, self._client, operations, self._hands, texts, own, self._is_there)
        self._erasing = Erasing(database, self._client)
        self._workers = Workers(self._work, "chatwoot", _AT_ONCE)
        self._news = asyncio.Event()
        self._to_look: set[str] = set()
        self._failures: dict[str, int] = {}
        self._ours: set[str] = set()  # conversations that people have or are to have
        self._paused_until = 0.0
        self._trouble: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Take up what waits, and go on until `stop`. Returns at once."""
        self._hub.watch(self)
        self._tasks = [
            asyncio.create_task(self._every(SWEEP_SECONDS, self.sweep, self._news), name="chatwoot-sweep"),
            asyncio.create_task(self._every(AGENTS_SECONDS, self.look_at_agents), name="chatwoot-agents"),
            asyncio.create_task(self._every(HOUSEKEEPING_SECONDS, self.tidy_up), name="chatwoot-tidying"),
        ]

    async def stop(self) -> None:
        """Stop; what is not done waits for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._workers.stop()
        await self._client.close()

    async def settle(self) -> None:
        """Wait until nothing is worked on; what is tried again later is not waited for."""
        await self._workers.settle()

    def health(self) -> dict[str, Any] | None:
        """Why nothing goes to Chatwoot, where operators are needed."""
        return {"sending": "paused", "reason": self._trouble} if self._trouble is not None else None

    # ---- what tells that there is work ----

    def ledger_grew(self, conversation_id: str) -> None:
        """As the hub's own, of any conversation and of the queue."""
        if conversation_id == FEED:
            self._news.set()
        elif conversation_id in self._ours:
            self._workers.wake(conversation_id)

    def typing(self, conversation_id: str, on: bool) -> None:
        """As the hub's own: agents are not shown what nobody writes."""

    async def told(self, event: Event, delivery: str | None) -> None:
        """A webhook's event: stored when this returns, acted on later. Raises SQLAlchemyError: nothing is stored."""
        conversation_id = await self.intake.take(event, delivery)
        if conversation_id is not None:
            self._to_look.add(conversation_id)
            self._workers.wake(conversation_id)

    async def sweep(self) -> None:
        """Find what nobody told: of other gateways, of a process that died, of webhooks that never came."""
        looked_before = now() - self._patience.look
        sending, looking = await self._database.read(lambda session: in_work(session, looked_before))
        self._ours = await self._database.read(with_people)
        self._to_look.update(looking)
        for conversation_id in {*sending, *looking}:
            if not self._workers.waits(conversation_id):
                self._workers.wake(conversation_id)

    async def look_at_agents(self) -> None:
        """Who is at work at Chatwoot: whoever is not heard of for the desk's lease is gone for us too."""
        if self._is_paused():
            return
        try:
            self._agents = await self._client.agents_there()
        except Unanswered:
            return  # nobody is told to be there; the lease tells when nobody is
        except Refused as refused:
            self._pause(refused)
            return
        await self._hands.are_there([agent for agent, is_there in self._agents.items() if is_there])

    async def tidy_up(self) -> None:
        """Delete at Chatwoot what was erased here, and here what only told repeated deliveries."""
        await self.intake.forget_old()
        if not self._is_paused():
            try:
                await self._erasing.go()
            except Refused as refused:
                self._pause(refused)

    # ---- the work on one conversation ----

    async def _work(self, conversation_id: str) -> float | None:
        try:
            link = await take(self._database, conversation_id, self._patience)
            if link is None:
                return _BUSY_SECONDS
            try:
                return await self._keep_the_same(link)
            finally:
                await link.let_go()
        except Lost:
            return _BUSY_SECONDS
        except SQLAlchemyError as error:
            log.error("chatwoot_not_stored", conversation_id=conversation_id, exc_info=error)
        except Exception as error:  # one conversation must not hold up the others
            log.error("chatwoot_failed", conversation_id=conversation_id, exc_info=error)
        return self._backoff(conversation_id)

    async def _keep_the_same(self, link: Link) -> float | None:
        conversation_id = link.row.ledger_id
        wait = await self._ask(link, self._outbound.bring)
        if conversation_id in self._to_look:
            self._to_look.discard(conversation_id)
            looked = await self._ask(link, self._inbound.look)
            if looked is not None:
                self._to_look.add(conversation_id)
                wait = max(wait or 0.0, looked)
        await self._inbound.act(link)
        if wait is None:
            self._failures.pop(conversation_id, None)
            return 0.0 if await self._is_behind(conversation_id) else None
        await self._tell_customer(link)
        return wait

    async def _is_behind(self, conversation_id: str) -> bool:
        """Whether what was just acted on made more to send."""
        sending, _ = await self._database.read(lambda session: in_work(session, now(), conversation_id))
        return bool(sending)

    async def _ask(self, link: Link, act: Callable[[Link], Awaitable[None]]) -> float | None:
        """Seconds until it is worth trying again; None when all went well."""
        conversation_id = link.row.ledger_id
        if self._is_paused():
            return self._paused_until - asyncio.get_running_loop().time() + random.uniform(0, 1)
        try:
            await act(link)
        except NotYet as not_yet:
            return not_yet.seconds + 0.05
        except Unanswered as unanswered:
            log.warning("chatwoot_unanswered", conversation_id=conversation_id, reason=unanswered.reason)
            return unanswered.retry_after_seconds or self._backoff(conversation_id)
        except Refused as refused:
            if refused.status == 404 and link.row.chatwoot_id is not None:
                # somebody deleted it there: what our ledger has, agents get anew
                log.warning("chatwoot_conversation_gone", conversation_id=conversation_id)
                await link.note(**_FORGOTTEN)
                return 0.0
            self._pause(refused)
            return PAUSE_SECONDS
        self._resume()
        return None

    async def _tell_customer(self, link: Link) -> None:
        """Who waits where nobody can see it is told so, once, and may choose; his place stays."""
        conversation_id = link.row.ledger_id

        def work(session: Session) -> str | None:
            try:
                conversation = locked(session, conversation_id)
            except ConversationClosed:
                return None
            handover = open_handover(session, conversation_id)
            if handover is None or handover.state != "queued" or handover.id == link.row.told_handover_id:
                return None
            if handover.id == link.row.announced_handover_id:
                return None
            if self._clock() - handover.queued_at < self._patience.told_after:
                return None
            self._customers.still_waiting(session, conversation, handover)
            return handover.id

        told = await self._database.write(work)
        if told is not None:
            await link.note(told_handover_id=told)
            self._hub.ledger_grew(conversation_id)

    # ---- what all conversations share ----

    async def _summary(self, conversation_id: str) -> dict[str, Any] | None:
        try:
            return await self._summary_of(conversation_id)
        except (IdentityUnavailable, IdentityRefused):
            return None

    def _is_there(self, chatwoot_agent: int) -> bool:
        return self._agents.get(chatwoot_agent, True)

    def _is_paused(self) -> bool:
        return asyncio.get_running_loop().time() < self._paused_until

    def _pause(self, refused: Refused) -> None:
        reason = "token" if refused.is_about_token else f"status_{refused.status}"
        if reason != self._trouble:
            log.error("chatwoot_paused", reason=reason, status=refused.status)
        self._trouble = reason
        self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS

    def _resume(self) -> None:
        if self._trouble is not None:
            log.info("chatwoot_resumed", reason=self._trouble)
        self._trouble = None

    def _backoff(self, conversation_id: str) -> float:
        failures = self._failures[conversation_id] = self._failures.get(conversation_id, 0) + 1
        top = min(2.0 ** min(failures - 1, 8), _LONGEST_BACKOFF_SECONDS)
        return random.uniform(top / 2, top)

    async def _every(
        self, seconds: float, act: Callable[[], Awaitable[None]], news: asyncio.Event | None = None
    ) -> None:
        sooner = news or asyncio.Event()
        while True:
            sooner.clear()
            try:
                await act()
            except Exception as error:
                log.error("chatwoot_failed", exc_info=error)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await sooner.wait()
