"""Idempotency-Key: the same answer, and nothing done twice."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from areaclienti.identity.db.models import Challenge, OutboxMessage, Registration
from tests.unit.identity.world import MARIO, PASSWORD, World


async def asked_of_mario(world: World) -> dict[str, str]:
    return MARIO | {
        "conversation_id": "conv-1",
        "channel": "web",
        "password_reference": await world.deposit("password", PASSWORD),
        "acknowledgement_id": await world.acknowledge(),
    }


async def test_ten_parallel_requests_with_one_key_begin_one_registration(world: World) -> None:
    asked = await asked_of_mario(world)
    answers = await asyncio.gather(*(world.actions("/v1/registrations", asked, key="one") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    async with world.services.database.read() as session:
        for table in (Registration, Challenge, OutboxMessage):
            assert await session.scalar(select(func.count()).select_from(table)) == 1


async def test_a_repeated_wrong_code_costs_one_attempt(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    reference = await world.deposit("verification_code", f"{(int(await world.newest_code()) + 1) % 10**6:06d}")
    path = f"/v1/registrations/{registration_id}/verification"
    first = await world.actions(path, {"code_reference": reference}, key="one")
    second = await world.actions(path, {"code_reference": reference}, key="one")
    assert first.content == second.content
    assert second.json()["attempts_left"] == 4


async def test_the_answer_that_made_the_account_can_be_had_again(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    reference = await world.deposit("verification_code", await world.newest_code())
    path = f"/v1/registrations/{registration_id}/verification"
    first = await world.actions(path, {"code_reference": reference}, key="one")
    second = await world.actions(path, {"code_reference": reference}, key="one")
    assert first.json()["outcome"] == "account_created"
    assert first.content == second.content


async def test_one_key_with_another_body_is_refused(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    path = f"/v1/registrations/{registration_id}/recheck"
    await world.actions(path, MARIO, key="one")
    answer = await world.actions(path, MARIO | {"given_name": "Maria"}, key="one")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_one_key_means_something_else_on_another_path_and_in_another_conversation(world: World) -> None:
    first = await world.register("conv-1", key="one")
    second = await world.register("conv-2", key="one")
    third = await world.actions(f"/v1/registrations/{first.json()['registration_id']}/code", {}, key="one")
    assert first.json()["registration_id"] != second.json()["registration_id"]
    assert third.json()["outcome"] == "too_soon"


async def test_a_refusal_is_not_kept_since_what_it_missed_may_come(world: World) -> None:
    asked = await asked_of_mario(world)
    refused = await world.actions("/v1/registrations", asked | {"acknowledgement_id": "ack_none"}, key="one")
    assert refused.status_code == 409
    assert (await world.actions("/v1/registrations", asked, key="one")).json()["outcome"] == "code_sent"


async def test_the_key_and_the_conversation_are_required(world: World) -> None:
    asked = await asked_of_mario(world)
    for missing in ("Idempotency-Key", "X-Conversation"):
        headers = {"Authorization": "Bearer actions-key-of-the-tests", "Idempotency-Key": "one", "X-Conversation": "c"}
        headers.pop(missing)
        answer = await world.http.post("/v1/registrations", json=asked, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
