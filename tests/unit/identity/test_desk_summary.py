"""What the agents' desk is told of a registration: checks and whose customer, never a value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.identity.world import MARIO, MARIO_TAX_CODE, PASSWORD, World


async def summary(world: World, conversation: str = "conv-1") -> dict[str, Any]:
    answer = await world.gateway("GET", f"/v1/registrations/desk-summary?conversation_id={conversation}")
    assert answer.status_code == 200, answer.text
    for secret in (PASSWORD, MARIO_TAX_CODE, MARIO["contact"], "Mario", "Rossi"):
        assert secret not in answer.text
    found: dict[str, Any] = answer.json()
    return found


def checks(told: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(check["check"], check["outcome"]) for check in told["checks"]]


async def test_a_conversation_without_a_registration_has_none(world: World) -> None:
    told = await summary(world)
    assert (told["registration"], told["identified"], told["checks"]) == ("none", False, [])
    assert {told[name] for name in ("consultant_code", "agency_code", "username_masked", "customer_type")} == {None}


async def test_who_matched_is_his_consultant_s_and_agency_s(world: World) -> None:
    await world.register()
    told = await summary(world)
    assert (told["registration"], told["customer_type"], told["identified"]) == ("open", "persona", True)
    assert (told["consultant_code"], told["agency_code"]) == ("C1", "A1")
    assert (told["consultant_name"], told["agency_name"]) == ("Anna Neri", "Agenzia di Ferrara")
    assert checks(told) == [("match", "strong"), ("code_issued", "email")]
    assert told["username_masked"] is None


async def test_who_was_not_recognised_is_nobody_s_until_the_tax_code_names_him(world: World) -> None:
    registration = (await world.register(contact="altro@posta.example")).json()["registration_id"]
    told = await summary(world)
    assert (told["identified"], told["consultant_code"], told["agency_code"]) == (False, None, None)
    assert checks(told) == [("match", "no_customer")]
    await world.identify(registration, MARIO_TAX_CODE)
    told = await summary(world)
    assert (told["identified"], told["consultant_code"], told["agency_code"]) == (True, "C1", "A1")
    assert checks(told)[-1] == ("identification", "strong")


async def test_wrong_codes_and_the_account_are_told_the_username_masked(world: World) -> None:
    registration = (await world.register()).json()["registration_id"]
    right = await world.newest_code()
    await world.verify(registration, f"{(int(right) + 1) % 1_000_000:06d}")
    await world.verify(registration, right)
    told = await summary(world)
    assert told["registration"] == "completed"
    assert checks(told)[2:] == [
        ("code_refused", "wrong_code"), ("code_right", "registration"), ("account_created", "email"),
    ]  # fmt: skip
    assert told["username_masked"].startswith("mar***") and "rossi" not in told["username_masked"]
    assert right not in str(told)


async def test_a_customer_without_a_consultant_has_neither(world: World) -> None:
    await world.register(given_name="Elena", family_name="Bianchi", contact="elena.bianchi@posta.example")
    told = await summary(world)
    assert (told["identified"], told["consultant_code"], told["agency_code"]) == (True, None, None)


async def test_another_conversation_is_another_matter(world: World) -> None:
    await world.register()
    assert (await summary(world, "conv-2"))["registration"] == "none"


@pytest.mark.parametrize("conversation", ["", "a b", "x" * 129])
async def test_what_is_no_conversation_s_id_is_refused(world: World, conversation: str) -> None:
    answer = await world.gateway("GET", f"/v1/registrations/desk-summary?conversation_id={conversation}")
    assert answer.status_code == 422


async def test_it_is_the_gateway_s_alone(world: World) -> None:
    path = "/v1/registrations/desk-summary?conversation_id=conv-1"
    keys = {"actions": "Bearer actions-key-of-the-tests", "nobody": "Bearer nobody"}
    assert (await world.http.get(path, headers={"Authorization": keys["actions"]})).status_code == 403
    assert (await world.http.get(path, headers={"Authorization": keys["nobody"]})).status_code == 401
