"""Verification codes: attempts, expiry, limits, races."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from areaclienti.identity import challenges
from areaclienti.identity.db.models import Account, Challenge, LimitEvent
from tests.unit.identity.world import LUCIA, OFFICINE, PASSWORD, World

AWorld = Callable[..., AbstractAsyncContextManager[World]]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def begin(world: World, conversation: str = "conv-1", **claims: str) -> str:
    answer = await world.register(conversation, **claims)
    assert answer.json()["outcome"] == "code_sent", answer.text
    return str(answer.json()["registration_id"])


async def new_code(world: World, registration_id: str, conversation: str = "conv-1") -> dict[str, Any]:
    return dict((await world.actions(f"/v1/registrations/{registration_id}/code", {}, conversation)).json())


async def count(world: World, counted: Any) -> int:
    async with world.services.database.read() as session:
        return await session.scalar(select(func.count()).select_from(counted)) or 0


async def check_at_once(world: World, registration_id: str, code: str, times: int) -> Counter[str]:
    async def check() -> str:
        try:
            async with world.services.work() as work:
                return (await challenges.check(work, "registration", registration_id, code)).outcome
        except challenges.Refused as refused:
            return refused.code

    return Counter(await asyncio.gather(*(check() for _ in range(times))))


async def test_wrong_codes_count_down_and_the_fifth_spends_the_code(world: World) -> None:
    registration_id = await begin(world)
    code = await world.newest_code()
    answers = [(await world.verify(registration_id, wrong(code))).json() for _ in range(5)]
    assert [answer["outcome"] for answer in answers] == ["wrong_code"] * 4 + ["code_spent"]
    assert [answer["attempts_left"] for answer in answers] == [4, 3, 2, 1, 0]
    assert (await world.verify(registration_id, code)).json()["outcome"] == "code_spent"


async def test_of_a_hundred_parallel_wrong_guesses_exactly_five_are_evaluated(world: World) -> None:
    registration_id = await begin(world)
    outcomes = await check_at_once(world, registration_id, wrong(await world.newest_code()), 100)
    assert outcomes == {"wrong_code": 4, "code_spent": 96}
    assert (
        await count(world, LimitEvent) - 3 == 5
    )  # beside one match, and one sending counted by contact and by address


async def test_reading_comparing_and_then_writing_would_evaluate_more_than_five(world: World) -> None:
    """The control: the naive way fails under the same load, so the test above can fail."""
    await begin(world)
    evaluated = 0

    async def naive_check() -> None:
        nonlocal evaluated
        async with world.services.database.read() as session:
            challenge = (await session.scalars(select(Challenge))).one()
        if challenge.attempts_used >= challenge.attempts_allowed:
            return
        evaluated += 1
        async with world.services.database.write() as session:
            await session.execute(update(Challenge).values(attempts_used=challenge.attempts_used + 1))

    await asyncio.gather(*(naive_check() for _ in range(100)))
    assert evaluated > 5


async def test_a_right_code_is_right_once_of_fifty_parallel_checks(world: World) -> None:
    registration_id = await begin(world)
    outcomes = await check_at_once(world, registration_id, await world.newest_code(), 50)
    assert outcomes == {"right": 1, "no_challenge": 49}


async def test_parallel_verifications_of_one_registration_make_one_account(world: World) -> None:
    registration_id = await begin(world)
    reference = await world.deposit("verification_code", await world.newest_code())
    path = f"/v1/registrations/{registration_id}/verification"
    answers = await asyncio.gather(*(world.actions(path, {"code_reference": reference}) for _ in range(20)))
    assert Counter(answer.json().get("outcome", answer.json().get("code")) for answer in answers) == {
        "account_created": 1,
        "no_challenge": 19,
    }
    assert await count(world, Account) == 1


async def test_two_registrations_of_one_customer_make_one_account(world: World) -> None:
    first = await begin(world, "conv-1")
    first_code = await world.newest_code()
    second = await begin(world, "conv-2", contact="320 1234600")
    second_code = await world.newest_code()
    answers = await asyncio.gather(
        world.verify(first, first_code, "conv-1"), world.verify(second, second_code, "conv-2")
    )
    assert Counter(answer.json()["outcome"] for answer in answers) == {"account_created": 1, "code_spent": 1}
    assert await count(world, Account) == 1


async def test_two_customers_who_share_a_contact_cannot_both_have_it_as_username(world: World) -> None:
    mario = await begin(world, "conv-1")
    marios_code = await world.newest_code()
    lucia = await begin(world, "conv-2", **LUCIA)
    lucias_code = await world.newest_code()
    answers = await asyncio.gather(
        world.verify(mario, marios_code, "conv-1"), world.verify(lucia, lucias_code, "conv-2")
    )
    assert Counter(answer.json()["outcome"] for answer in answers) == {"account_created": 1, "code_spent": 1}


@pytest.mark.parametrize(("contact", "minutes"), [("mario.rossi@posta.example", 10), ("320 1234600", 5)])
async def test_a_code_lives_ten_minutes_by_email_and_five_by_sms(world: World, contact: str, minutes: int) -> None:
    registration_id = await begin(world, contact=contact)
    code = await world.newest_code()
    world.clock.move(minutes=minutes, seconds=-1)
    assert (await world.verify(registration_id, wrong(code))).json()["outcome"] == "wrong_code"
    world.clock.move(seconds=1)
    answer = (await world.verify(registration_id, code)).json()
    assert (answer["outcome"], answer["attempts_left"], answer["account"]) == ("code_expired", 4, None)


async def test_a_new_code_replaces_the_old_one(world: World) -> None:
    registration_id = await begin(world)
    old = await world.newest_code()
    world.clock.move(seconds=30)
    assert (await new_code(world, registration_id))["outcome"] == "code_sent"
    new = await world.newest_code()
    if new != old:  # one time in a million they are equal
        assert (await world.verify(registration_id, old)).json()["outcome"] == "wrong_code"
    assert (await world.verify(registration_id, new)).json()["outcome"] == "account_created"


async def test_a_new_code_can_be_had_after_30_then_60_then_120_seconds(world: World) -> None:
    registration_id = await begin(world)
    for pause in (30, 60, 120):
        world.clock.move(seconds=pause - 1)
        early = await new_code(world, registration_id)
        assert (early["outcome"], early["retry_after_seconds"], early["challenge"]) == ("too_soon", 2, None)
        world.clock.move(seconds=1)
        assert (await new_code(world, registration_id))["outcome"] == "code_sent"


async def test_a_contact_gets_at_most_three_new_codes_in_ten_minutes_and_five_codes_a_day(world: World) -> None:
    registration_id = await begin(world)
    for _ in range(3):
        world.clock.move(seconds=120)
        assert (await new_code(world, registration_id))["outcome"] == "code_sent"
    world.clock.move(seconds=120)
    full = await new_code(world, registration_id)
    assert full["outcome"] == "limit_reached"
    assert 0 < full["retry_after_seconds"] <= 121
    world.clock.move(seconds=full["retry_after_seconds"])
    assert (await new_code(world, registration_id))["outcome"] == "code_sent"

    world.clock.move(hours=1)
    again = (await world.register("conv-2")).json()  # neither does another conversation get the sixth
    assert (again["outcome"], again["challenge"]) == ("limit_reached", None)
    assert again["retry_after_seconds"] > 22 * 3600
    world.clock.move(hours=23)
    assert (await world.register("conv-3")).json()["outcome"] == "code_sent"


async def test_a_contact_has_ten_checks_a_day_across_its_codes(world: World) -> None:
    registration_id = await begin(world)
    for _ in range(2):
        code = await world.newest_code()
        for _ in range(5):
            await world.verify(registration_id, wrong(code))
        world.clock.move(seconds=60)
        last = await new_code(world, registration_id)
    assert last["outcome"] == "limit_reached"  # a code that could not be checked is not sent
    assert (await world.register("conv-2")).json()["outcome"] == "limit_reached"


async def test_the_eleventh_check_of_a_contact_is_not_evaluated_even_if_it_is_right(world: World) -> None:
    first = await begin(world, "conv-1")
    first_code = await world.newest_code()
    second = await begin(world, "conv-2")
    second_code = await world.newest_code()
    third = await begin(world, "conv-3")
    third_code = await world.newest_code()
    for _ in range(5):
        await world.verify(first, wrong(first_code), "conv-1")
        await world.verify(second, wrong(second_code), "conv-2")
    answer = (await world.verify(third, third_code, "conv-3")).json()
    assert (answer["outcome"], answer["attempts_left"]) == ("limit_reached", 5)
    assert await count(world, Account) == 0


async def test_a_code_is_of_no_use_in_another_registration(world: World) -> None:
    mario = await begin(world, "conv-1")
    marios_code = await world.newest_code()
    officine = await begin(world, "conv-2", **OFFICINE)
    if marios_code != await world.newest_code():
        assert (await world.verify(officine, marios_code, "conv-2")).json()["outcome"] == "wrong_code"
    assert (await world.verify(mario, marios_code, "conv-1")).json()["outcome"] == "account_created"


async def test_a_registration_code_is_of_no_use_at_first_access(world: World) -> None:
    await world.account_of_mario("320 1234600")
    old = await world.newest_code()
    pending = (await world.sign_in("320 1234600", PASSWORD)).json()
    if old != await world.newest_code():
        answer = await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", {"code": old})
        assert answer.json()["outcome"] == "wrong_code"


async def test_the_sms_budget_stops_all_sms_and_no_email(a_world: AWorld) -> None:
    async with a_world(sms_per_day=1) as world:
        assert (await world.register("conv-1", contact="320 1234600")).json()["outcome"] == "code_sent"
        assert (await world.register("conv-2", contact="320 7654450")).json()["outcome"] == "limit_reached"
        assert (await world.register("conv-3")).json()["outcome"] == "code_sent"


async def test_the_database_holds_one_active_code_a_session_whatever_the_program_does(world: World) -> None:
    await begin(world)
    async with world.services.database.read() as session:
        challenge = (await session.scalars(select(Challenge))).one()
    copy = {column.key: getattr(challenge, column.key) for column in Challenge.__table__.columns} | {"id": "chl_other"}
    with pytest.raises(IntegrityError):
        async with world.services.database.write() as session:
            session.add(Challenge(**copy))
