"""Customers and agents talk while processes are killed: each line is written once and shown once, on both sides."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from areaclienti.gateway.db.database import open_database
from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.customer import Customer, NotTaken
from benchmarks.desk.world import World, opened
from benchmarks.postgres import OwnServer
from benchmarks.processes import START_SECONDS, ServiceProcess
from benchmarks.waiting import until

CUSTOMERS, AGENTS = 10, 5
REPLIES = 4  # of an agent in one stretch
SETTLE_SECONDS = 120.0
LETTERS = "bcdfghlmnprstvz"
QUESTIONS = ("quanto costa?", "è sicuro?", "aspetta un attimo", "non ho capito")
_RETRY_SECONDS = 0.2
_NOTED_EVERY_SECONDS = 2.0


@dataclass
class Ledger:
    """The drivers' own record, apart from the product's: every line has a word of its own."""

    by_customers: dict[str, bool] = field(default_factory=dict)  # word: whether it was accepted
    by_agents: dict[str, bool | None] = field(default_factory=dict)  # None: given up, it may have been written or not
    shown_to_agents: list[tuple[str, int, str]] = field(default_factory=list)  # stretch, seq, text
    by_engine: dict[tuple[str, str], int] = field(default_factory=dict)  # lines of each turn's answer

    def word(self, chance: random.Random) -> str:
        """One that was not used before; nothing that looks like a secret."""
        return "".join(chance.choice(LETTERS) for _ in range(12))


@dataclass
class Deaths:
    """What came of it; `lost`, `twice`, `gaps` and `not_settled` must be 0."""

    kills: dict[str, int] = field(default_factory=dict)
    kills_amid_traffic: int = 0
    customers_lines: int = 0
    agents_lines: int = 0
    given_up: int = 0
    turns: int = 0
    lost: int = 0
    twice: int = 0
    gaps: int = 0  # streams that showed a line twice, out of order, or left one out
    answers_lost_or_twice: int = 0  # conversations in which the assistant's lines are not the engine's answers
    not_settled: int = 0
    examples: list[str] = field(default_factory=list)


async def die(world: World, kills: int, seed: int, server: OwnServer | None) -> Deaths:
    """`kills` processes die at moments of chance while everybody talks; `server`: the database's, to be killed too."""
    chance, ledger, found = random.Random(seed), Ledger(), Deaths()
    over = asyncio.Event()
    browsers = await world.agents(AGENTS, capacity=3, presence="available")
    agents = [_Agent(world, browser, ledger, random.Random(f"{seed} {n}"), over) for n, browser in enumerate(browsers)]
    async with opened(world, CUSTOMERS) as customers:
        working = [asyncio.create_task(agent.work()) for agent in agents]
        working += [asyncio.create_task(agent.beat()) for agent in agents]
        working.append(asyncio.create_task(_note_answers(world, ledger, over)))
        talks = [_talk(customer, ledger, random.Random(f"{seed} c{n}"), over) for n, customer in enumerate(customers)]
        talking = [asyncio.create_task(talk) for talk in talks]
        try:
            await _kill(world, kills, chance, found, ledger, server)
        finally:
            over.set()
        done, late = await asyncio.wait([*talking, *working], timeout=2 * SETTLE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        broken = [repr(task.exception()) for task in done if task.exception() is not None]
        found.not_settled += len(late) + len(broken)
        found.examples += [f"broke: {line}" for line in broken[:3]]
        await _settle_and_judge(world, customers, ledger, found)
    for browser in browsers:
        await browser.close()
    return found


# ---- those who talk ----


async def _talk(customer: Customer, ledger: Ledger, chance: random.Random, over: asyncio.Event) -> None:
    """Ask the assistant, then for a person; say something again and again, whoever has it."""
    await customer.choose("Persona")
    while not over.is_set():
        for _ in range(chance.randrange(1, 3)):
            await _say(customer, ledger, chance, chance.choice(QUESTIONS))
        await customer.say("voglio parlare con una persona")
        for _ in range(chance.randrange(4, 9)):
            if over.is_set():
                return
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            await _say(customer, ledger, chance, "le scrivo questo")


async def _note_answers(world: World, ledger: Ledger, over: asyncio.Event) -> None:
    """What the engine answered, read while it stands there: of each conversation it keeps the last ones alone."""
    while not over.is_set():
        with contextlib.suppress(sqlite3.OperationalError):  # read while the engine begins anew
            ledger.by_engine |= await asyncio.to_thread(_answers, world)
        await asyncio.sleep(_NOTED_EVERY_SECONDS)


def _answers(world: World) -> dict[tuple[str, str], int]:
    rows = world.engine_rows("SELECT conversation_id, message_id, answer FROM turns")
    return {
        (conversation_id, message_id): len(json.loads(answer)["messages"])
        for conversation_id, message_id, answer in rows
    }


async def _say(customer: Customer, ledger: Ledger, chance: random.Random, words: str) -> None:
    word = ledger.word(chance)
    ledger.by_customers[word] = False
    with contextlib.suppress(NotTaken):
        await customer.say(f"{words} {word}")
        ledger.by_customers[word] = True


class _Agent:
    """Takes what waits, answers each line of the customer, and hands back after some."""

    def __init__(
        self, world: World, browser: AgentBrowser, ledger: Ledger, chance: random.Random, over: asyncio.Event
    ) -> None:
        self._world = world
        self._browser = browser
        self._ledger = ledger
        self._chance = chance
        self._over = over

    async def beat(self) -> None:
        """His page is open."""
        while not self._over.is_set():
            await self._ask("POST", "/heartbeat")
            await asyncio.sleep(5)

    async def work(self) -> None:
        while not self._over.is_set():
            handover_id = await self._take()
            if handover_id is None:
                await asyncio.sleep(0.3)
                continue
            await self._answer(handover_id)

    async def _take(self) -> str | None:
        answer = await self._ask("GET", "/queue")
        for card in answer.json()["cards"] if answer is not None and answer.is_success else ():
            if "claim" in card["may"] or (card["owner"] == "human" and card["mine"]):
                claimed = await self._ask("POST", f"/handovers/{card['id']}/claim")
                if claimed is not None and claimed.is_success:
                    return str(card["id"])
        return None

    async def _answer(self, handover_id: str) -> None:
        replies, stretch = 0, uuid4().hex
        give_up = time.monotonic() + 30  # the customer may be silent, or gone back to the assistant
        async for seq, author, said in self._lines(handover_id, give_up):
            self._ledger.shown_to_agents.append((stretch, seq, said))
            if author != "customer" or replies == REPLIES:
                continue
            if not await self._reply(handover_id):
                return
            replies += 1
            if replies == REPLIES:
                break
        await self._ask("POST", f"/handovers/{handover_id}/hand-back", {"step": "name"})

    async def _lines(self, handover_id: str, give_up: float) -> AsyncIterator[tuple[int, str, str]]:
        """As the page does: a cursor of its own, and the stream anew wherever it broke."""
        cursor = 0
        while time.monotonic() < give_up and not self._over.is_set():
            url = self._chance.choice(self._world.urls)
            path = f"/handovers/{handover_id}/events?after={cursor}"
            with contextlib.suppress(httpx.HTTPError, TimeoutError):
                async with (
                    asyncio.timeout(max(0.1, give_up - time.monotonic())),
                    self._browser.follow(path, url) as events,
                ):
                    async for event in events:
                        if event.name == "message":
                            cursor = event.data["seq"]
                            yield cursor, event.data["author"], event.data["text"]
                        elif event.name in ("gone", "signed_out"):
                            return
            await asyncio.sleep(_RETRY_SECONDS)

    async def _reply(self, handover_id: str) -> bool:
        """Whether he still has it."""
        word, client_id = self._ledger.word(self._chance), uuid4().hex
        self._ledger.by_agents[word] = False
        while True:
            known = await self._ask("GET", f"/handovers/{handover_id}?after=1000000")
            if known is None or not known.is_success:
                self._ledger.by_agents[word] = None
                return False
            body = {"client_id": client_id, "text": f"le rispondo {word}", "epoch": known.json()["card"]["epoch"]}
            answer = await self._ask("POST", f"/handovers/{handover_id}/replies", body)
            if answer is not None and answer.is_success:
                self._ledger.by_agents[word] = True
                return True
            if answer is None or answer.json().get("code") != "stale":
                self._ledger.by_agents[word] = None
                return False

    async def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response | None:
        """Again until somebody answers with what is no outage; None when nobody does."""
        give_up = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < give_up:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._browser.ask(method, path, body, self._chance.choice(self._world.urls))
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return answer
            await asyncio.sleep(_RETRY_SECONDS)
        return None


# ---- the kills ----


async def _kill(
    world: World, kills: int, chance: random.Random, found: Deaths, ledger: Ledger, server: OwnServer | None
) -> None:
    """Gateways by one hand, what stands behind them by another, so that also two things are away at once."""
    count: Counter[str] = Counter()
    behind = ["engine", "actions", "identity", *(["database", "database"] if server else [])]

    async def again_and_again(names: list[str]) -> None:
        while count.total() < kills:
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            name = chance.choice(names)
            count[name] += 1
            before = len(ledger.by_customers) + len(ledger.by_agents)
            await _kill_one(world, name, chance, server)
            found.kills_amid_traffic += len(ledger.by_customers) + len(ledger.by_agents) > before

    await asyncio.gather(again_and_again(["gateway", "second gateway"]), again_and_again(behind))
    found.kills = dict(count)


async def _kill_one(world: World, name: str, chance: random.Random, server: OwnServer | None) -> None:
    if name == "second gateway":
        world.second.kill()
        await _start_again(world.second)
    elif name == "database":
        assert server is not None, "a file has no process of its own: it dies with the gateway that has it open"
        if chance.random() < 0.5:
            await asyncio.to_thread(server.kill_one, chance)
        else:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
    else:
        os.kill(world.stack.pid(name), signal.SIGKILL)
        await asyncio.to_thread(world.stack.restart, name)


async def _start_again(gateway: ServiceProcess) -> None:
    """As a supervisor does: a gateway that finds no database at its start gives up, and is started once more."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        gateway.start()
        try:
            return await gateway.wait_until_ready()
        except RuntimeError:
            if not gateway.has_ended or time.monotonic() > give_up:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


# ---- what came of it ----


async def _settle_and_judge(world: World, customers: list[Customer], ledger: Ledger, found: Deaths) -> None:
    async def is_settled() -> bool:
        with contextlib.suppress(Exception):  # the database may be on its way back
            rows = await _rows(world, "SELECT count(*) FROM turns WHERE state = 'pending'")
            return bool(rows[0][0] == 0)
        return False

    found.not_settled += not await until(is_settled, SETTLE_SECONDS)
    lines = await _rows(
        world,
        "SELECT conversations.csrf, messages.seq, messages.author, messages.text FROM messages"
        " JOIN conversations ON conversations.id = messages.conversation_id ORDER BY messages.conversation_id, seq",
    )
    _judge_words(ledger, [line[3] for line in lines], found)
    for customer in customers:
        mine = [(seq, author, said) for csrf, seq, author, said in lines if csrf == customer.csrf]

        async def has_all(customer: Customer = customer, mine: list[Any] = mine) -> bool:
            return len(customer.seen) >= len(mine)

        await until(has_all, SETTLE_SECONDS)
        shown = [(line["seq"], line["author"], line["text"]) for line in customer.seen]
        if shown != mine:
            found.gaps += 1
            found.examples.append(f"a customer's page has {len(shown)} lines, the ledger {len(mine)}")
    stretches: dict[str, list[int]] = {}
    for stretch, seq, _ in ledger.shown_to_agents:
        stretches.setdefault(stretch, []).append(seq)
    for seqs in stretches.values():
        if seqs != list(range(1, len(seqs) + 1)):
            found.gaps += 1
            found.examples.append(f"an agent's page showed {seqs[:20]}")
    await _judge_answers(world, ledger, found)


def _judge_words(ledger: Ledger, written: list[str], found: Deaths) -> None:
    times_written = Counter(said.rsplit(" ", 1)[-1] for said in written)
    found.customers_lines, found.agents_lines = len(ledger.by_customers), len(ledger.by_agents)
    for word, accepted in [*ledger.by_customers.items(), *ledger.by_agents.items()]:
        found.given_up += not accepted
        if times_written[word] > 1:
            found.twice += 1
            found.examples.append(f"{word} is written {times_written[word]} times")
        if accepted and not times_written[word]:
            found.lost += 1
            found.examples.append(f"{word} was accepted and is not written")


async def _judge_answers(world: World, ledger: Ledger, found: Deaths) -> None:
    """Each turn that was answered stands in the ledger as the engine answered it, once."""
    done = await _rows(world, "SELECT conversation_id, message_id FROM turns WHERE state = 'done'")
    said = dict(
        await _rows(
            world,
            "SELECT conversation_id, count(*) FROM messages WHERE author = 'bot' AND kind IN ('text', 'choice')"
            " GROUP BY conversation_id",
        )
    )
    answers = ledger.by_engine | _answers(world)
    expected: Counter[str] = Counter()
    for conversation_id, message_id in done:
        expected[conversation_id] += answers.get((conversation_id, message_id), 0)
    found.turns = len(done)
    for conversation_id, count in expected.items():
        if said.get(conversation_id, 0) != count:
            found.answers_lost_or_twice += 1
            found.examples.append(f"the engine answered {count} lines, {said.get(conversation_id, 0)} are written")


async def _rows(world: World, query: str) -> list[Any]:
    database = open_database(world.database_url)
    try:
        return await database.read(lambda session: [tuple(row) for row in session.execute(text(query))])
    finally:
        await database.close()
