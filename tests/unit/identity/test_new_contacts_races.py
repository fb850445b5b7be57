"""New contacts where several act at once: on both kinds of database, each race with a control that loses it."""

from __future__ import annotations

import asyncio

from sqlalchemy import update

from areaclienti.identity.db.models import NewContact
from tests.unit.identity.test_new_contacts import (
    AGENCY,
    BRUNO,
    CARLA,
    NEW,
    ask,
    code_at,
    decide,
    identified,
    notice,
    one,
    use,
)
from tests.unit.identity.world import World


async def test_confirmed_by_a_second_person_the_registration_goes_on_with_it(world: World) -> None:
    registration = await identified(world)
    asked = await ask(world)
    assert (asked["outcome"], asked["masked"], asked["agency_code"]) == ("requested", "nuo*****@po**.example", AGENCY)
    assert (await use(world, registration)).json()["code"] == "no_new_contact", "nobody has confirmed it yet"
    assert (await decide(world, asked["request_id"])).json() == {"outcome": "confirmed"}
    match = (await use(world, registration)).json()
    assert (match["outcome"], match["challenge"]["masked_destination"]) == ("code_sent", "nuo*****@po**.example")
    done = (await world.verify(registration, await code_at(world, NEW))).json()
    assert done["outcome"] == "account_created"
    assert done["account"]["username_masked"] == "nuo*****@po**.example"
    assert (await world.sign_in(NEW)).json()["outcome"] == "code_required"


async def test_of_many_who_decide_at_once_one_does(world: World) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    ways = [(f"agent-{n}", "confirm" if n % 2 else "refuse") for n in range(8)]
    answers = await asyncio.gather(*(decide(world, request_id, agent, decision=way) for agent, way in ways))
    won = [way for way, answer in zip(ways, answers, strict=True) if answer.status_code == 200]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {200, 409}
    decided = await one(world, request_id)
    assert (decided.decided_by, decided.state) == (won[0][0], "confirmed" if won[0][1] == "confirm" else "refused")


async def test_reading_first_and_writing_then_would_let_several_decide(world: World) -> None:
    """The control: without the one conditional statement the race above is lost."""
    await identified(world)
    request_id = (await ask(world))["request_id"]
    both_have_read = asyncio.Barrier(2)

    async def naive(agent: str) -> bool:
        if (await one(world, request_id)).state != "requested":
            return False
        await both_have_read.wait()
        async with world.services.database.write() as session:
            change = update(NewContact).where(NewContact.id == request_id)
            await session.execute(change.values(state="confirmed", decided_by=agent))
        return True

    assert await asyncio.gather(naive(BRUNO), naive(CARLA)) == [True, True]


async def test_several_gateways_tell_it_once(world: World) -> None:
    told = await asyncio.gather(*(notice(world) for _ in range(6)))
    assert sorted(one["outcome"] for one in told) == ["known"] * 5 + ["queued"]
    assert len(await world.mail()) == 1
