"""While a person has the conversation the assistant hears nothing and says nothing, whatever is written to it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from areaclienti.gateway.db.database import open_database
from benchmarks.desk.customer import Customer, NotTaken
from benchmarks.desk.desk_day import given, take_next
from benchmarks.desk.world import World, opened
from benchmarks.waiting import until

CUSTOMERS, MESSAGES = 10, 500
ENGINE_SECONDS = 0.8  # how late an engine answers that is slowed
SETTLE_SECONDS = 60.0
# What an assistant would answer, obey, read a value from or hide; commands of Rasa's among it.
SAID = (
    "quanto costa?", "/restart", "mi chiamo Giulia Ferraris", "voglio parlare con una persona", "/stop",
    "giulia.ferraris@posta.example", "/give_customer_type{\"customer_type\": \"azienda\"}", "ricominciamo da capo",
    "482913", "la password è Tramonto9Giallo", "RSSMRA80A01H501U", "torna indietro", "/session_start", "👍",
    "non ho capito, me lo rispieghi?", "/action_listen", "annulla", "persona", "ok grazie", "   /restart",
)  # fmt: skip
_ENGINE = (
    "SELECT conversation_id, length(events), updated_at FROM conversations ORDER BY conversation_id",
    "SELECT count(*) FROM turns",
)


@dataclass
class Silence:
    """What was heard; all but the first four must be 0."""

    customers: int = 0
    messages: int = 0
    taken: int = 0
    heard_after_hand_back: int = 0  # turns that the recorder saw as soon as the assistant had it again
    turns_and_classifications_at_the_door: int = 0
    rows_changed_in_engine: int = 0
    turns_in_ledger: int = 0
    turns_waiting: int = 0
    bot_lines: int = 0
    bot_lines_shown: int = 0


async def keep_silence(
    world: World, customers: int, messages: int, *, settle_seconds: float = SETTLE_SECONDS, hands_back: bool = True
) -> Silence:
    """Everybody asks for a person with an answer still on its way; all write while people have the conversations. At
    the end they are handed back, so that the recorder must hear something.
    """
    found = Silence(customers, messages)
    agents = await world.agents(customers)
    try:
        async with opened(world, customers) as open_ones:
            await asyncio.gather(*(_to_the_form(customer) for customer in open_ones))
            world.engine_door.pause = lambda _, __: ENGINE_SECONDS
            await asyncio.gather(*(_ask_twice(customer) for customer in open_ones))
            handovers = [await take_next(agent) for agent in agents]
            await asyncio.gather(*(_until_claimed(customer) for customer in open_ones))
            before = {customer: customer.last_seq for customer in open_ones}
            ledger, heard = await _ledger(world), world.asked_of_engine()
            rows = [world.engine_rows(query) for query in _ENGINE]
            texts = itertools.cycle(SAID)
            each = [[next(texts) for _ in range(messages // customers)] for _ in open_ones]
            taken = await asyncio.gather(*map(_write, open_ones, each))
            found.turns_waiting = await _settled(world, settle_seconds)
            after = await _ledger(world)
            found.taken = sum(taken)
            found.turns_and_classifications_at_the_door = world.asked_of_engine() - heard
            changed = (len(set(now) ^ set(was)) for was, now in zip(rows, map(world.engine_rows, _ENGINE), strict=True))
            found.rows_changed_in_engine = sum(changed)
            found.turns_in_ledger = after["turns"] - ledger["turns"]
            found.bot_lines = after["bot"] - ledger["bot"]
            found.bot_lines_shown = sum(
                line["author"] == "bot" and line["seq"] > before[customer]
                for customer in open_ones
                for line in customer.seen
            )
            world.engine_door.pause = None
            if hands_back:
                heard = world.asked_of_engine()
                for agent, handover_id in zip(agents, handovers, strict=True):
                    await given(agent, "POST", f"/handovers/{handover_id}/hand-back", {"step": "name"})
                await asyncio.gather(*(customer.answered(before[customer]) for customer in open_ones))
                found.heard_after_hand_back = world.asked_of_engine() - heard
    finally:
        world.engine_door.pause = None
        for agent in agents:
            await agent.close()
    return found


async def _to_the_form(customer: Customer) -> None:
    await customer.choose("Persona")
    await customer.until(lambda: customer.step == "name")


async def _ask_twice(customer: Customer) -> None:
    """Two more messages follow at once: their turns wait, or are on their way, when the first one's answer stops."""
    await customer.say("voglio parlare con una persona")
    await customer.say("ci siete?")
    await customer.say("/restart")
    await customer.until(lambda: customer.owner not in ("bot", None))


async def _until_claimed(customer: Customer) -> None:
    await customer.until(lambda: customer.owner == "human")


async def _write(customer: Customer, texts: Sequence[str]) -> int:
    taken = 0
    for number, said in enumerate(texts):
        await customer.say(said)
        taken += 1
        if number % 10 == 9:  # also a choice that the assistant offered before
            try:
                await customer.choose("Persona")
            except NotTaken:
                continue
            raise AssertionError("a choice of the assistant's was taken while a person had the conversation")
    return taken


async def _settled(world: World, seconds: float) -> int:
    """Wait until every turn that waits was asked, if any is: whoever asks late is seen as well. How many wait still."""

    async def is_settled() -> bool:
        return not (await _ledger(world))["pending"]

    await until(is_settled, seconds)
    await asyncio.sleep(2 * ENGINE_SECONDS)  # an answer that is on its way comes within this
    return (await _ledger(world))["pending"]


async def _ledger(world: World) -> dict[str, int]:
    queries = {
        "turns": "SELECT count(*) FROM turns",
        "pending": "SELECT count(*) FROM turns WHERE state = 'pending'",
        "bot": "SELECT count(*) FROM messages WHERE author = 'bot'",
    }
    database = open_database(world.database_url)
    try:
        return await database.read(
            lambda session: {name: int(session.scalar(text(query)) or 0) for name, query in queries.items()}
        )
    finally:
        await database.close()
