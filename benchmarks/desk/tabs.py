"""Agents' tabs on bad lines: what they show equals the ledger soon after the line is back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.customer import Customer
from benchmarks.desk.desk_day import ask_for_a_person, given, take_that_of
from benchmarks.desk.world import World, opened
from benchmarks.line import FAULTS, Fault, Line
from benchmarks.waiting import until
from tests.scenarios.records import Records

TABS, ROUNDS = 4, 5  # tabs side by side; times that each fault comes
EQUAL_SECONDS = 2.0
GIVE_UP_SECONDS = 30.0
LONG_SECONDS = 35.0  # longer than a gateway waits for a reader who takes nothing
SILENCE_SECONDS = 40.0  # of static/desk/live.js, as are the pauses
BACKOFF_SECONDS = (0.3, 0.7, 1.0, 1.3)
JITTER_SECONDS = 0.3
SUSPENDED: Final[Literal["suspended"]] = "suspended"
ALL_FAULTS: tuple[Fault | Literal["suspended"], ...] = (*FAULTS, SUSPENDED)


class Tab(Protocol):
    """An open conversation page."""

    async def shown(self) -> list[str]:
        """The lines as the page shows them, in its order."""
        ...

    async def suspend(self, is_suspended: bool) -> None:
        """As a phone does with a tab that nobody looks at: nothing runs, nothing is read."""
        ...


@dataclass
class Tabs:
    """Seconds from the moment at which a line was back until the page equalled the ledger."""

    rounds: int = 0
    lines: int = 0
    connections: int = 0
    slowest: dict[str, float] = field(default_factory=dict)  # by fault
    never: list[str] = field(default_factory=list)


class PageInPython:
    """Keeps to the rules of static/desk/live.js and transcript.js: a cursor, a watchdog, pauses, each seq once."""

    def __init__(self, agent: AgentBrowser, handover_id: str, url: str, chance: random.Random) -> None:
        self._agent = agent
        self._path = f"/handovers/{handover_id}/events"
        self._url = url
        self._chance = chance
        self._lines: dict[int, str] = {}
        self._awake = asyncio.Event()
        self._awake.set()

    async def shown(self) -> list[str]:
        return [said for _, said in sorted(self._lines.items())]

    async def suspend(self, is_suspended: bool) -> None:
        if is_suspended:
            self._awake.clear()
        else:
            self._awake.set()

    async def live(self) -> None:
        """Until cancelled."""
        attempt = 0
        while True:
            with contextlib.suppress(httpx.HTTPError, TimeoutError):
                path = f"{self._path}?after={max(self._lines, default=0)}"
                async with asyncio.timeout(SILENCE_SECONDS) as watchdog, self._agent.follow(path, self._url) as events:
                    async for event in events:
                        await self._awake.wait()
                        attempt = 0
                        watchdog.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)
                        if event.name == "message":
                            self._lines.setdefault(event.data["seq"], event.data["text"])
            wait = BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)]
            attempt += 1
            await asyncio.sleep(wait + self._chance.random() * JITTER_SECONDS)


Open = Callable[[AgentBrowser, str, str, random.Random], "contextlib.AbstractAsyncContextManager[Tab]"]


@contextlib.asynccontextmanager
async def python_page(agent: AgentBrowser, handover_id: str, url: str, chance: random.Random) -> Any:
    """A page without a browser."""
    page = PageInPython(agent, handover_id, url, chance)
    living = asyncio.create_task(page.live())
    try:
        yield page
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


async def on_bad_lines(world: World, ports: Sequence[int], rounds: int, open_tab: Open = python_page) -> Tabs:
    """A tab on a line at each of the ports, each fault on each line `rounds` times; customers and agents write
    meanwhile, past the lines.
    """
    found, tabs = Tabs(), len(ports)
    agents = await world.agents(tabs)
    async with contextlib.AsyncExitStack() as stack:
        customers = await stack.enter_async_context(opened(world, tabs))
        tasks = []
        for number, (agent, customer) in enumerate(zip(agents, customers, strict=True)):
            await ask_for_a_person(customer)
            handover_id = await take_that_of(customer, agent, Records(world.stack))
            chance = random.Random(f"tab {number}")
            upstream = urlsplit(world.urls[number % 2]).port or 80
            line = await stack.enter_async_context(Line(ports[number], upstream, chance).listening())
            url = f"http://127.0.0.1:{line.port}"
            tab = await stack.enter_async_context(open_tab(agent, handover_id, url, chance))
            tasks.append(_bad_day(customer, agent, handover_id, line, tab, chance, rounds, found, is_first=number == 0))
        await asyncio.gather(*tasks)
    for agent in agents:
        await agent.close()
    return found


async def _bad_day(
    customer: Customer,
    agent: AgentBrowser,
    handover_id: str,
    line: Line,
    tab: Tab,
    chance: random.Random,
    rounds: int,
    found: Tabs,
    *,
    is_first: bool,
) -> None:
    for number, fault in itertools.product(range(rounds), ALL_FAULTS):
        await _begin(tab, line, fault)
        for words in ("le scrivo", "mi sente?", "ci siete?"):
            await customer.say(f"{words} {number}")
            await asyncio.sleep(chance.uniform(0.0, 0.3))
        await _reply(agent, handover_id, f"eccomi {number}")
        is_long = is_first and number == 0 and fault in ("asleep", SUSPENDED)
        await asyncio.sleep(LONG_SECONDS if is_long else chance.uniform(0.2, 3.0))
        ledger = await _ledger(agent, handover_id)
        await (tab.suspend(False) if fault == SUSPENDED else line.set(None))
        began = asyncio.get_running_loop().time()
        is_equal = await until(_equals(tab, ledger), GIVE_UP_SECONDS)
        seconds = asyncio.get_running_loop().time() - began
        found.rounds += 1
        found.lines += 4
        found.slowest[fault] = max(found.slowest.get(fault, 0.0), round(seconds, 2))
        if not is_equal:
            shown = await tab.shown()
            found.never.append(f"{fault}: {len(shown)} lines shown, {len(ledger)} in the ledger")
    found.connections += line.connections


async def _begin(tab: Tab, line: Line, fault: Fault | Literal["suspended"]) -> None:
    if fault == SUSPENDED:
        await tab.suspend(True)
    else:
        await line.set(fault)


def _equals(tab: Tab, ledger: Sequence[str]) -> Callable[[], Awaitable[bool]]:
    async def equals() -> bool:
        return [_on_one_line(said) for said in await tab.shown()] == [_on_one_line(said) for said in ledger]

    return equals


def _on_one_line(said: str) -> str:
    return " ".join(said.split())


async def _reply(agent: AgentBrowser, handover_id: str, said: str) -> None:
    known = await given(agent, "GET", f"/handovers/{handover_id}?after=1000000")
    body = {"client_id": uuid4().hex, "text": said, "epoch": known["card"]["epoch"]}
    await given(agent, "POST", f"/handovers/{handover_id}/replies", body)


async def _ledger(agent: AgentBrowser, handover_id: str) -> list[str]:
    """All lines, asked past the line."""
    found = await given(agent, "GET", f"/handovers/{handover_id}")
    return [message["text"] for message in found["messages"]]
