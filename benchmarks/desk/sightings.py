"""How soon an escalation is seen: 200 agents watch two gateways, 2,000 conversations wait or are answered."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.desk import HandoverEvent
from areaclienti.gateway.db.models import Conversation
from areaclienti.settings import GatewaySettings
from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.customer import Customer
from benchmarks.desk.people import ALWAYS_OPEN, let_wait
from benchmarks.desk.world import World, opened
from benchmarks.figures import Times, times
from benchmarks.waiting import until

AGENTS, CONVERSATIONS, ESCALATIONS = 200, 2_000, 100
CAPACITY = 3
CUSTOMERS = 10
SECONDS_BETWEEN = 0.5
LAST_SECONDS = 5.0
OPEN_SECONDS = 120.0
HEARTBEAT_SECONDS = 20.0
TURNS = 40
QUESTIONS = ("quanto costa?", "è sicuro?", "cosa trovo nell'area clienti?", "aspetta un attimo")
_RESUME = "Torna all'assistente"


class Watcher:
    """An agent's open page, as cheap as can be: what came, as it came, and when (the loop's clock)."""

    def __init__(self, agent: AgentBrowser, gateway: int) -> None:
        self.gateway = gateway
        self._agent = agent
        self._chunks: list[tuple[float, bytes]] = []

    async def watch(self) -> None:
        """Until cancelled."""
        url = urlsplit(self._agent.url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        head = f"GET /desk/api/events HTTP/1.1\r\nHost: {url.netloc}\r\nCookie: {self._agent.cookie}\r\n\r\n"
        try:
            writer.write(head.encode())
            cut = b""  # a card may come in two pieces
            while data := await reader.read(1 << 20):
                self._chunks.append((asyncio.get_running_loop().time(), cut + data))
                cut = data[-64:]
        finally:
            writer.close()

    @property
    def is_open(self) -> bool:
        """Whether the first picture of the queue has come."""
        return any(b"event: queue" in data for _, data in self._chunks)

    def saw(self, handover_id: str, since: float) -> float | None:
        """When a card of it first came."""
        card = f'"id": "{handover_id}"'.encode()
        return next((at for at, data in self._chunks if at >= since and card in data), None)


@dataclass(frozen=True)
class Escalation:
    """When the customer's message was accepted (the loop's clock), and which conversation it is of."""

    csrf: str
    accepted: float


@dataclass
class Sightings:
    """Milliseconds from a moment to the arrival of the card in an agent's stream: all agents, all escalations."""

    agents: int
    conversations: int
    escalations: int
    not_seen: int = 0
    from_accepted: dict[str, Times] = field(default_factory=dict)  # by gateway, the first one the customers'
    from_commit: dict[str, Times] = field(default_factory=dict)
    turns_alone: Times | None = None  # a customer's turn, without and with all that
    turns_beside: Times | None = None
    queue_page: Times | None = None  # the whole queue asked for by one agent


async def look_out(world: World, agents: int, conversations: int, escalations: int) -> Sightings:
    """Let everybody in, then escalate one conversation after the other."""
    found = Sightings(agents, conversations, escalations)
    async with opened(world, CUSTOMERS + 1) as (talker, *customers):
        found.turns_alone = times(await _turns(talker))
        people = await world.agents(agents, capacity=CAPACITY)
        await _busy(world, people, conversations)
        async with _watching(people) as watchers:
            since = asyncio.get_running_loop().time()
            talking = asyncio.create_task(_turns(talker))
            made = await _escalate(customers, escalations)
            found.turns_beside = times(await talking)
            found.queue_page = times([await _timed(people[0], "/queue") for _ in range(10)])
            await _judge(world, watchers, made, since, found)
        await asyncio.gather(*(agent.close() for agent in people))
    return found


async def _turns(customer: Customer) -> list[float]:
    seconds = []
    for number in range(TURNS):
        began = time.perf_counter()
        taken = await customer.say(QUESTIONS[number % len(QUESTIONS)])
        await customer.answered(taken.seq)
        seconds.append(time.perf_counter() - began)
    return seconds[4:]


async def _timed(agent: AgentBrowser, path: str) -> float:
    began = time.perf_counter()
    (await agent.ask("GET", path)).raise_for_status()
    return time.perf_counter() - began


async def _busy(world: World, agents: Sequence[AgentBrowser], conversations: int) -> None:
    """Everybody answers as many as he can, the others wait: no offers are made."""
    settings = GatewaySettings(
        _env_file=None, engine_key="k" * 16, identity_gateway_key="k" * 16, desk_key="k" * 16, **ALWAYS_OPEN
    )
    handovers = iter(await let_wait(world.database_url, settings, conversations))
    places = asyncio.Semaphore(8)

    async def begin(agent: AgentBrowser) -> None:
        async with places:
            for _ in range(CAPACITY):
                handover_id = next(handovers, None)
                if handover_id is not None:
                    (await agent.ask("POST", f"/handovers/{handover_id}/claim")).raise_for_status()
            (await agent.ask("PUT", "/presence", {"presence": "available"})).raise_for_status()

    await asyncio.gather(*map(begin, agents))


@contextlib.asynccontextmanager
async def _watching(agents: Sequence[AgentBrowser]) -> AsyncIterator[list[Watcher]]:
    urls = sorted({agent.url for agent in agents})
    watchers = [Watcher(agent, urls.index(agent.url)) for agent in agents]
    tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    tasks += [asyncio.create_task(_beat(agent, number)) for number, agent in enumerate(agents)]
    try:
        if not await until(_all_open(watchers), OPEN_SECONDS):
            raise RuntimeError("not all agents see the queue")
        yield watchers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _all_open(watchers: Sequence[Watcher]) -> Callable[[], Awaitable[bool]]:
    async def all_open() -> bool:
        return all(watcher.is_open for watcher in watchers)

    return all_open


async def _beat(agent: AgentBrowser, number: int) -> None:
    """As a page does, each at a time of its own."""
    await asyncio.sleep(number % 100 * HEARTBEAT_SECONDS / 100)
    while True:
        with contextlib.suppress(OSError):
            await agent.ask("POST", "/heartbeat")
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def _escalate(customers: Sequence[Customer], count: int) -> list[Escalation]:
    made = []
    for number in range(count):
        customer = customers[number % len(customers)]
        if customer.owner != "bot":  # whom nobody answered goes back to the assistant, when it is his turn again
            await customer.choose(_RESUME)
            await customer.until(lambda customer=customer: customer.owner == "bot")  # type: ignore[misc]
        taken = await customer.say("voglio parlare con una persona")
        made.append(Escalation(customer.csrf, taken.at))
        await customer.until(lambda customer=customer: customer.owner != "bot")  # type: ignore[misc]
        await asyncio.sleep(SECONDS_BETWEEN)
    await asyncio.sleep(LAST_SECONDS)  # the last ones are seen as well
    return made


async def _judge(
    world: World, watchers: Sequence[Watcher], made: Sequence[Escalation], since: float, found: Sightings
) -> None:
    rows = await _queued(world)
    clock = time.time() - asyncio.get_running_loop().time()
    samples: dict[str, list[list[float]]] = {"accepted": [[], []], "commit": [[], []]}
    for escalation in made:
        committed, handover_id = _next_one(rows[escalation.csrf], escalation.accepted + clock)
        for watcher in watchers:
            seen = watcher.saw(handover_id, since)
            if seen is None:
                found.not_seen += 1
                continue
            samples["accepted"][watcher.gateway].append(seen - escalation.accepted)
            samples["commit"][watcher.gateway].append(seen + clock - committed)
    for name, shown in (("accepted", found.from_accepted), ("commit", found.from_commit)):
        for gateway, seconds in enumerate(samples[name]):
            if len(seconds) > 1:
                shown[f"gateway_{gateway + 1}"] = times(seconds)


def _next_one(queued: Sequence[tuple[float, str]], after: float) -> tuple[float, str]:
    """The queueing that followed an accepted message; it may be written before the answer to the message is read."""
    return min(queued, key=lambda one: abs(one[0] - after))


async def _queued(world: World) -> dict[str, list[tuple[float, str]]]:
    """When conversations were queued, as written just before the commit, by the CSRF token of their pages."""
    query = (
        select(Conversation.csrf, HandoverEvent.at, HandoverEvent.handover_id)
        .join(Conversation, Conversation.id == HandoverEvent.conversation_id)
        .where(HandoverEvent.to_owner == "queued")
    )
    database = open_database(world.database_url)

    def look(session: Session) -> dict[str, list[tuple[float, str]]]:
        rows: dict[str, list[tuple[float, str]]] = {}
        for csrf, at, handover_id in session.execute(query):
            rows.setdefault(csrf, []).append((at.timestamp(), handover_id))
        return rows

    try:
        return await database.read(look)
    finally:
        await database.close()
