"""Who waits comes to who is there: consultant, agency, pool; offers end, agents go, the desk closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from areaclienti.desk.operations import Taken
from areaclienti.desk.rounds import AT_ONCE, FEED
from areaclienti.desk.routing import Belonging
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.db.models import now
from areaclienti.gateway.ledger import locked
from tests.unit.desk.world import World

ANNA_S = Belonging("C1", "A1")


async def state(world: World, handover_id: str) -> tuple[str | None, str, str | None]:
    handover = await world.handover(handover_id)
    return handover.level, handover.state, handover.agent_id


async def still_there(world: World, *agents: str) -> None:
    for agent in agents:
        await world.operations.heartbeat(agent)


async def test_the_own_consultant_comes_first_then_the_agency_then_the_pool(world: World) -> None:
    anna = await world.agent("Anna Neri", agency="A1", consultant="C1")
    bruno = await world.agent("Bruno Sala", agency="A1")
    carla = await world.agent("Carla Po")
    handover_id = await world.waiting(ANNA_S)
    await world.rounds.go()
    assert await state(world, handover_id) == ("consultant", "offered", anna)
    world.passes(seconds=31)
    await still_there(world, anna, bruno, carla)
    await world.rounds.go()
    assert await state(world, handover_id) == ("consultant", "queued", None), "she was asked, and nobody else may yet"
    world.passes(seconds=31)
    await still_there(world, anna, bruno, carla)
    await world.rounds.go()
    assert await state(world, handover_id) == ("agency", "offered", bruno)
    for _ in range(4):
        world.passes(seconds=31)
        await still_there(world, anna, bruno, carla)
        await world.rounds.go()
    assert (await state(world, handover_id))[0] == "pool"
    offered = [event.agent_id for event in await world.events((await world.handover(handover_id)).conversation_id)]
    assert carla in offered


async def test_levels_where_nobody_is_are_not_waited_for(world: World) -> None:
    carla = await world.agent("Carla Po")
    handover_id = await world.waiting(ANNA_S)
    await world.rounds.go()
    assert await state(world, handover_id) == ("pool", "offered", carla)


async def test_nobody_of_another_agency_is_offered_it(world: World) -> None:
    await world.agent("Ugo Riva", agency="A2")
    handover_id = await world.waiting(ANNA_S)
    unknown = await world.waiting()
    await world.rounds.go()
    assert await state(world, handover_id) == ("pool", "queued", None)
    assert await state(world, unknown) == ("pool", "queued", None)


async def test_an_offer_that_is_not_answered_goes_to_the_next_at_its_place(world: World) -> None:
    first = await world.agent("Anna Neri", capacity=1)
    earlier = await world.waiting()
    world.passes(seconds=1)
    later = await world.waiting()
    await world.rounds.go()
    assert await state(world, earlier) == ("pool", "offered", first)
    world.passes(seconds=31)
    second = await world.agent("Bruno Sala", capacity=1)
    await still_there(world, first)
    await world.rounds.go()
    assert await state(world, earlier) == ("pool", "offered", second), "who came first is served first"
    assert await state(world, later) == ("pool", "offered", first)
    events = await world.events((await world.handover(earlier)).conversation_id)
    assert [(event.to_owner, event.reason, event.agent_id) for event in events[1:]] == [
        ("offered", "offered", first), ("queued", "not_answered", first), ("offered", "offered", second),
    ]  # fmt: skip


async def test_nobody_is_offered_more_than_he_can_do_or_while_he_pauses(world: World) -> None:
    anna = await world.agent("Anna Neri", capacity=2)
    await world.agent("Bruno Sala", presence="paused")
    waiting = [await world.waiting() for _ in range(4)]
    await world.rounds.go()
    having = [(await world.handover(one)).agent_id for one in waiting]
    assert (having.count(anna), having.count(None)) == (2, 2)


async def test_the_one_with_the_fewest_gets_the_next(world: World) -> None:
    anna, bruno = await world.agent("Anna Neri"), await world.agent("Bruno Sala")
    waiting = [await world.waiting() for _ in range(4)]
    await world.rounds.go()
    assert sorted([(await world.handover(one)).agent_id for one in waiting]) == sorted([anna, anna, bruno, bruno])


@pytest.mark.parametrize("how", ["silent", "signed off", "revoked"])
async def test_what_an_agent_had_goes_back_to_its_place_when_he_is_gone(world: World, how: str) -> None:
    anna = await world.agent("Anna Neri")
    handover_id = await world.human(anna)
    queued_at = (await world.handover(handover_id)).queued_at
    if how == "silent":
        world.passes(seconds=61)
    elif how == "signed off":
        await world.operations.set_presence(anna, "offline")
    else:
        await world.set_agent(anna, active=False)
    await world.rounds.go()
    handover = await world.handover(handover_id)
    assert (handover.state, handover.agent_id, handover.queued_at) == ("queued", None, queued_at)
    lines = await world.messages(handover.conversation_id)
    assert "non è più collegata" in lines[-1].text
    assert [event.reason for event in await world.events(handover.conversation_id)][-1] == "disconnected"


async def test_who_answers_heartbeats_keeps_what_he_has(world: World) -> None:
    anna = await world.agent("Anna Neri")
    handover_id = await world.human(anna)
    for _ in range(5):
        world.passes(seconds=50)
        await still_there(world, anna)
        await world.rounds.go()
    assert (await world.handover(handover_id)).agent_id == anna


async def test_who_waited_long_enough_is_asked_once_whether_to_go_on(world: World) -> None:
    handover_id = await world.waiting()
    await world.rounds.go()
    conversation_id = (await world.handover(handover_id)).conversation_id
    for _ in range(3):
        world.passes(seconds=301)
        await world.rounds.go()
    told = [line.text for line in await world.messages(conversation_id) if "ancora cercando" in line.text]
    assert len(told) == 1
    await world.press(conversation_id, "Fatevi sentire")
    assert (await world.handover(handover_id)).state == "callback"


async def test_when_the_desk_closes_those_who_wait_are_called_back(world: World) -> None:
    handover_id = await world.waiting()
    await world.rounds.go()
    world.passes(hours=9)
    await world.rounds.go()
    handover = await world.handover(handover_id)
    assert handover.state == "callback"
    assert "domani alle 9:00" in (await world.messages(handover.conversation_id))[-1].text


async def test_while_identity_is_away_it_waits_a_little_and_then_for_anybody(world: World) -> None:
    agent = await world.agent("Anna Neri", agency="A1")
    handover_id = await world.waiting()
    conversation_id = (await world.handover(handover_id)).conversation_id
    world.belongings[conversation_id] = None
    await world.rounds.go()
    assert (await world.handover(handover_id)).level is None
    world.passes(seconds=11)
    await still_there(world, agent)
    await world.rounds.go()
    assert (await world.handover(handover_id)).level == "pool"


async def test_a_conversation_that_ended_elsewhere_waits_for_nobody(world: World) -> None:
    handover_id = await world.waiting()
    conversation_id = (await world.handover(handover_id)).conversation_id

    def close(session: Session) -> None:
        locked(session, conversation_id).closed_at = now()

    await world.write(close)
    await world.place(handover_id)
    with pytest.raises(Taken) as taken:
        await world.operations.claim(handover_id, await world.agent("Anna Neri", presence="paused"))
    assert taken.value.owner == "closed"
    await world.rounds.go()
    handover = await world.handover(handover_id)
    assert (handover.state, handover.outcome) == ("ended", "conversation_ended")


async def test_two_gateways_going_their_rounds_at_once_do_everything_once(world: World) -> None:
    agents = [await world.agent(f"Agente {number}", capacity=3) for number in range(4)]
    waiting = [await world.waiting() for _ in range(15)]
    await asyncio.gather(*(world.rounds.go() for _ in range(3)))
    having = [(await world.handover(one)).agent_id for one in waiting]
    assert [having.count(agent) for agent in agents] == [3, 3, 3, 3], "capacity is kept, and used"
    for one in waiting:
        events = await world.events((await world.handover(one)).conversation_id)
        assert [event.epoch for event in events] == list(range(1, len(events) + 1))


async def test_those_for_whom_nobody_is_there_don_t_keep_others_from_those_who_are(world: World) -> None:
    """More wait for an agency without people than a round looks at, and they came first."""
    for_nobody = await world.many_waiting(AT_ONCE + 1)

    def of_an_agency(session: Session) -> None:
        session.execute(update(Handover).values(level="agency", agency_code="A9"))

    await world.write(of_an_agency)
    world.passes(seconds=1)
    carla = await world.agent("Carla Po")
    handover_id = await world.waiting()
    await world.rounds.go()
    assert await state(world, handover_id) == ("pool", "offered", carla)
    assert await state(world, for_nobody[0]) == ("agency", "queued", None)


async def test_a_round_writes_nothing_while_nobody_has_room(world: World) -> None:
    await world.agent("Carla Po", capacity=1)
    await world.many_waiting(30)
    await world.rounds.go()
    written = 0
    write = world.database.write

    async def counting(work: Callable[[Session], Any], *, urgent: bool = False) -> Any:
        nonlocal written
        written += 1
        return await write(work, urgent=urgent)

    world.database.write = counting  # type: ignore[method-assign]
    await world.rounds.go()
    assert written == 1, "who is gone"


async def test_a_look_tells_and_places_what_is_new_without_a_round(world: World) -> None:
    told = 0

    def tell(key: str) -> None:
        nonlocal told
        told += key == FEED

    world.hub.ring(tell)
    handover_id = await world.waiting()
    await world.rounds.look()
    assert (told, await state(world, handover_id)) == (2, ("pool", "queued", None))
    await world.rounds.look()
    assert told == 2, "nothing is new any more"


async def test_at_the_next_opening_who_is_to_be_called_back_is_first(world: World) -> None:
    giulia = await world.agent()
    handover_id = await world.waiting()
    await world.rounds.go()
    world.passes(hours=9)  # nobody came until it closed
    await world.rounds.go()
    assert (await world.handover(handover_id)).state == "callback"
    world.passes(hours=15)  # ten in the morning
    await world.operations.set_presence(giulia, "paused")
    later = await world.waiting()
    await world.rounds.go()
    assert [card.handover.id for card in await world.operations.waiting(giulia)] == [handover_id, later]
