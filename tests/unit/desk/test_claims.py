"""Of many agents who claim one conversation, one gets it, and everybody else learns who."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from areaclienti.desk.operations import Forbidden, Taken, Unknown
from areaclienti.gateway.db.database import Database, SqliteDatabase, open_database
from areaclienti.gateway.db.desk import Handover, HandoverEvent
from areaclienti.gateway.db.models import Conversation
from tests.unit.desk.world import World

CLAIMERS, HANDOVERS, PROCESSES = 32, 200, 2
AT_EACH = 8  # claimers who meet at one conversation

Claim = Callable[[int, str, str], Awaitable[tuple[bool, str | None]]]  # claimer, handover, agent → got it; who has it


def _wait_for_your_turn(connection: sqlite3.Connection, _: object) -> None:
    """On a crowded machine a writer may wait longer for the other process than the product's five seconds."""
    connection.execute("PRAGMA busy_timeout = 100000")


@pytest.fixture
async def databases(url: str) -> AsyncIterator[list[Database]]:
    """Connections as several processes have them."""
    opened = [open_database(url) for _ in range(PROCESSES)]
    for database in opened:
        if isinstance(database, SqliteDatabase):
            event.listen(database._engine, "connect", _wait_for_your_turn)
    yield opened
    for database in opened:
        await database.close()


async def race(world: World, claim: Claim) -> tuple[Counter[str], list[str]]:
    """How many winners each handover had, and what losers were told that is not so."""
    agents = [await world.agent(f"Agente {number}") for number in range(CLAIMERS)]
    handovers = await world.many_waiting(HANDOVERS)
    wins: Counter[str] = Counter()
    told: list[tuple[str, str | None]] = []

    async def claimer(number: int) -> None:
        for handover_id in handovers[number // AT_EACH :: CLAIMERS // AT_EACH]:
            got_it, has_it = await claim(number, handover_id, agents[number])
            wins[handover_id] += got_it
            told.append((handover_id, has_it))

    await asyncio.gather(*(claimer(number) for number in range(CLAIMERS)))
    has = {one: (await world.handover(one)).agent_id for one in handovers}
    return wins, [one for one, agent_id in told if has[one] != agent_id]


@pytest.mark.timeout(300)
async def test_exactly_one_of_32_claimers_gets_each_of_200_conversations(
    world: World, databases: list[Database]
) -> None:
    desks = [world.operations_on(database) for database in databases]

    async def claim(number: int, handover_id: str, agent_id: str) -> tuple[bool, str | None]:
        try:
            await desks[number % PROCESSES].claim(handover_id, agent_id)
        except Taken as taken:
            return False, taken.agent_id
        return True, agent_id

    wins, mistold = await race(world, claim)
    assert len(wins) == HANDOVERS and set(wins.values()) == {1}
    assert mistold == [], "losers are told who has it"
    claims = select(func.count()).where(HandoverEvent.to_owner == "human")
    assert await world.read(lambda session: session.scalar(claims)) == HANDOVERS


@pytest.mark.timeout(300)
async def test_a_claim_that_reads_and_then_writes_gives_one_conversation_to_several(
    world: World, databases: list[Database]
) -> None:
    """The control: the race above must be able to fail. All who meet first have looked before one of them takes."""
    met = [asyncio.Barrier(AT_EACH) for _ in range(CLAIMERS // AT_EACH)]
    has_begun: set[int] = set()

    async def claim(number: int, handover_id: str, agent_id: str) -> tuple[bool, str | None]:
        database = databases[number % PROCESSES]

        def look(session: Session) -> str | None:
            handover = session.get_one(Handover, handover_id)
            return handover.agent_id if handover.state == "human" else None

        def take(session: Session) -> None:
            handover = session.get_one(Handover, handover_id)
            handover.state, handover.agent_id = "human", agent_id
            session.get_one(Conversation, handover.conversation_id).owner = "human"

        has_it = await database.read(look)
        if number not in has_begun:
            has_begun.add(number)
            await met[number // AT_EACH].wait()
        if has_it is None:
            await database.write(take)
        return has_it is None, has_it or agent_id

    wins, _ = await race(world, claim)
    assert max(wins.values()) > 1


async def test_who_has_it_already_claims_it_once(world: World) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    line, _ = await world.operations.claim(handover_id, agent)
    assert (line.owner, line.where.agent_id) == ("human", agent)
    events = await world.events(line.conversation_id)
    assert [event.to_owner for event in events] == ["queued", "human"]


async def test_the_loser_learns_who_has_it(world: World) -> None:
    first, second = await world.agent("Giulia Conti"), await world.agent("Marco Sala")
    handover_id = await world.human(first)
    with pytest.raises(Taken) as taken:
        await world.operations.claim(handover_id, second)
    assert (taken.value.owner, taken.value.agent_name) == ("human", "Giulia Conti")


async def test_what_is_offered_to_one_is_not_another_s(world: World) -> None:
    first = await world.agent("Giulia Conti")
    handover_id = await world.waiting()
    await world.rounds.go()
    second = await world.agent("Marco Sala")
    assert (await world.handover(handover_id)).state == "offered"
    with pytest.raises(Taken):
        await world.operations.claim(handover_id, second)
    await world.operations.claim(handover_id, first)


async def test_nobody_claims_what_he_may_not_see_or_is_not_for_him(world: World) -> None:
    handover_id = await world.waiting()
    await world.place(handover_id)
    revoked = await world.agent("Revocato")
    await world.set_agent(revoked, active=False)
    for agent in (await world.agent("Altra Agenzia", agency="AG9"), revoked, "nobody"):
        with pytest.raises(Unknown):
            await world.operations.claim(handover_id, agent)
    auditor = await world.agent("Revisore", "auditor")
    with pytest.raises(Forbidden):
        await world.operations.claim(handover_id, auditor)
    assert (await world.handover(handover_id)).state == "queued"
