"""Matching and section C: who is recognised, who is not, and that the answers do not say why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import select, update

from areaclienti.identity.api import pace
from areaclienti.identity.db.models import Account, Acknowledgement, Policy, Registration
from tests.unit.identity.world import (
    CARLO,
    ELENA,
    LUCIA,
    MARIO,
    MARIO_TAX_CODE,
    OFFICINE,
    OFFICINE_VAT,
    PASSWORD,
    World,
)

AWorld = Callable[..., AbstractAsyncContextManager[World]]

STRANGERS = {
    "unknown contact": MARIO | {"contact": "nessuno@posta.example"},
    "other given name": MARIO | {"given_name": "Maria"},
    "other family name": MARIO | {"family_name": "Russo"},
    "one letter off": MARIO | {"family_name": "Rosi"},
    "no active policy": CARLO,
    "another customer's device contact": {
        "customer_type": "persona",
        "given_name": "Paolo",
        "family_name": "Gallo",
        "contact": "333 1112223",
    },
    "a company's contact, as a person": MARIO | {"contact": "info@officineferrara.example"},
    "other legal form": OFFICINE | {"company_name": "Officine Ferrara S.p.A."},
}


async def recheck(world: World, registration_id: str, claims: dict[str, str]) -> dict[str, Any]:
    answer = await world.actions(f"/v1/registrations/{registration_id}/recheck", claims)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def unrecognised(world: World, conversation: str = "conv-1", **claims: str) -> str:
    answer = (await world.register(conversation, **({"contact": "nessuno@posta.example"} | claims))).json()
    assert answer["outcome"] == "not_recognised"
    return str(answer["registration_id"])


async def choose(world: World, registration_id: str, contact_id: str) -> Any:
    return await world.actions(f"/v1/registrations/{registration_id}/chosen-contact", {"contact_id": contact_id})


@pytest.mark.parametrize(
    "claims",
    [
        MARIO,
        MARIO | {"given_name": "ROSSI", "family_name": "mario"},
        MARIO | {"contact": "Mario.Rossi@POSTA.example"},
        MARIO | {"contact": "+39 320 123 4600"},
        LUCIA,
        OFFICINE,
        OFFICINE | {"company_name": "officine ferrara srl"},
        OFFICINE | {"company_name": "Officine Ferrara"},
        OFFICINE | {"contact": "3479876543"},
    ],
)
async def test_a_customer_is_recognised_however_the_data_are_written(world: World, claims: dict[str, str]) -> None:
    answer = (await world.register(**claims)).json()
    assert answer["outcome"] == "code_sent"
    assert answer["challenge"]["attempts_left"] == 5


async def test_everybody_who_cannot_register_gets_the_same_answer(world: World) -> None:
    await world.account_of_mario("320 1234600")
    strangers = STRANGERS | {
        "account exists": MARIO,
        "contact in use as another's username": LUCIA | {"contact": "320 1234600"},
    }
    bodies = set()
    for number, claims in enumerate(strangers.values()):
        answer = await world.register(f"stranger-{number}", **claims)
        assert answer.status_code == 200
        bodies.add(answer.text.replace(answer.json()["registration_id"], "ID"))
    assert len(bodies) == 1
    assert '"outcome":"not_recognised"' in bodies.pop()


async def test_the_answer_takes_the_same_time_whatever_the_reason(
    a_world: AWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an answer waits for at its end is added up and not waited for, so that a crowded machine does not count."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    floor, elsewhere = 60.0, 10.0  # seconds; a request is longer under way than its use case
    async with a_world(answer_floor_seconds=floor) as world:
        monkeypatch.setattr(pace, "sleep", wait)
        registration_id = await unrecognised(world, "conv-1")
        for name in ("unknown contact", "other given name", "no active policy"):
            waited.clear()
            began = time.monotonic()
            await recheck(world, registration_id, STRANGERS[name])
            took = time.monotonic() - began
            assert len(waited) == 1
            assert floor <= took + waited[0] < floor + elsewhere


async def test_a_recheck_needs_neither_password_nor_notice_again(world: World) -> None:
    registration_id = await unrecognised(world)
    assert (await recheck(world, registration_id, MARIO))["outcome"] == "code_sent"
    answer = (await world.verify(registration_id, await world.newest_code())).json()
    assert answer == {
        "outcome": "account_created",
        "attempts_left": 4,
        "account": {"username_masked": "mar*****@po**.example", "has_mobile": True, "display_name": "Mario Rossi"},
    }
    assert (await world.sign_in("mario.rossi@posta.example")).json()["outcome"] == "code_required"


async def test_a_recheck_that_fails_makes_the_code_sent_before_worthless(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    code = await world.newest_code()
    assert (await recheck(world, registration_id, STRANGERS["other given name"]))["outcome"] == "not_recognised"
    assert (await world.verify(registration_id, code)).json()["code"] == "no_challenge"


async def test_a_customer_without_a_mobile_is_told_so_when_the_account_is_made(world: World) -> None:
    registration_id = (await world.register(**ELENA)).json()["registration_id"]
    answer = (await world.verify(registration_id, await world.newest_code())).json()
    assert answer["account"]["has_mobile"] is False  # manual 10a


async def test_the_account_holds_the_acknowledgement_and_the_registration_forgets_what_was_typed(world: World) -> None:
    await world.account_of_mario()
    async with world.services.database.read() as session:
        account = (await session.scalars(select(Account))).one()
        acknowledgement = await session.get_one(Acknowledgement, account.acknowledgement_id)
        registration = await session.get_one(Registration, account.registration_id)
    assert acknowledgement.conversation_id == "conv-1"
    assert account.password_hash.startswith("$argon2id$")
    assert (registration.status, registration.password_hash, registration.claims_sealed) == ("completed", None, None)


async def test_no_account_is_made_when_the_policy_ends_before_the_code_is_entered(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    async with world.services.database.write() as session:
        await session.execute(update(Policy).values(status="scaduta"))
    assert (await world.verify(registration_id, await world.newest_code())).json()["outcome"] == "code_spent"


async def test_who_comes_too_late_gets_neither_an_account_nor_another_code(world: World) -> None:
    late = (await world.register("conv-2")).json()["registration_id"]
    code = await world.newest_code()
    await world.account_of_mario("320 1234600")
    world.clock.move(minutes=2)
    for _ in range(2):
        assert (await world.verify(late, code, "conv-2")).json()["outcome"] == "code_spent"
    answer = (await world.actions(f"/v1/registrations/{late}/code", {}, "conv-2")).json()
    assert (answer["outcome"], answer["challenge"]) == ("limit_reached", None)


async def test_a_conversation_can_try_ten_matches_a_day(world: World) -> None:
    registration_id = await unrecognised(world)
    for _ in range(9):
        assert (await recheck(world, registration_id, STRANGERS["unknown contact"]))["outcome"] == "not_recognised"
    full = await recheck(world, registration_id, MARIO)
    assert (full["outcome"], full["challenge"]) == ("limit_reached", None)
    assert full["retry_after_seconds"] > 0


async def test_a_tax_code_and_a_close_name_offer_the_masked_contacts(world: World) -> None:
    registration_id = await unrecognised(world, given_name="Marrio")
    answer = (await world.identify(registration_id, MARIO_TAX_CODE)).json()
    assert answer["outcome"] == "identified"
    assert [(offered["kind"], offered["masked"]) for offered in answer["contacts"]] == [
        ("email", "mar*****@po**.example"),
        ("mobile", "320 ****600"),
        ("mobile", "320 ****450"),
    ]
    chosen = (await choose(world, registration_id, answer["contacts"][2]["id"])).json()
    assert chosen["outcome"] == "code_sent"
    assert chosen["challenge"]["masked_destination"] == "320 ****450"
    made = (await world.verify(registration_id, await world.newest_code())).json()
    assert made["account"]["username_masked"] == "320 ****450"


async def test_a_company_is_identified_by_its_partita_iva(world: World) -> None:
    registration_id = await unrecognised(world, **(OFFICINE | {"contact": "altro@officineferrara.example"}))
    answer = (await world.identify(registration_id, f"IT {OFFICINE_VAT}")).json()
    assert [offered["kind"] for offered in answer["contacts"]] == ["email", "mobile"]


async def test_an_identification_is_told_to_the_contacts_on_file(world: World) -> None:
    registration_id = await unrecognised(world)
    await world.identify(registration_id, MARIO_TAX_CODE)
    newest = await world.newest("email")
    assert newest["to"] == "mario.rossi@posta.example"
    assert newest["subject"] == "Qualcuno sta completando la tua registrazione all'Area Clienti"


@pytest.mark.parametrize(
    ("claims", "tax_code"),
    [
        ({"given_name": "Giovanni", "family_name": "Esposito"}, MARIO_TAX_CODE),  # a good code, another's name
        ({}, "BNCLNE75D50F205H"),  # Elena's
        ({}, "VRDLGU80A01F205T"),  # nobody's
    ],
)
async def test_a_tax_code_without_its_name_identifies_nobody(
    world: World, claims: dict[str, str], tax_code: str
) -> None:
    registration_id = await unrecognised(world, **claims)
    answer = await world.identify(registration_id, tax_code)
    assert answer.json() == {"outcome": "not_identified", "contacts": []}


async def test_who_has_an_account_is_not_identified_either(world: World) -> None:
    await world.account_of_mario()
    registration_id = await unrecognised(world, "conv-2")
    answer = await world.identify(registration_id, MARIO_TAX_CODE, "conv-2")
    assert answer.json() == {"outcome": "not_identified", "contacts": []}


async def test_the_fourth_tax_code_of_a_registration_is_not_looked_up(world: World) -> None:
    registration_id = await unrecognised(world)
    outcomes = [
        (await world.identify(registration_id, tax_code)).json()["outcome"]
        for tax_code in ("BNCLNE75D50F205H", "VRDLGU80A01F205T", "VRDLGU80A01F205T", MARIO_TAX_CODE)
    ]
    assert outcomes == ["not_identified"] * 3 + ["limit_reached"]


async def test_one_tax_code_can_be_tried_three_times_a_day_from_any_conversation(world: World) -> None:
    for number in range(3):
        registration_id = await unrecognised(world, f"conv-{number}", given_name="Giovanni")
        await world.identify(registration_id, MARIO_TAX_CODE, f"conv-{number}")
    registration_id = await unrecognised(world, "conv-3")
    assert (await world.identify(registration_id, MARIO_TAX_CODE, "conv-3")).json()["outcome"] == "limit_reached"
    world.clock.move(days=1)
    registration_id = await unrecognised(world, "conv-4")
    assert (await world.identify(registration_id, MARIO_TAX_CODE, "conv-4")).json()["outcome"] == "identified"


async def test_a_contact_that_was_not_offered_cannot_be_chosen(world: World) -> None:
    registration_id = await unrecognised(world)
    before = await choose(world, registration_id, "cto_000000000000000000000000")
    assert (before.status_code, before.json()["code"]) == (422, "unknown_contact")
    offered = (await world.identify(registration_id, MARIO_TAX_CODE)).json()["contacts"]
    elsewhere = await unrecognised(world)
    answer = await choose(world, elsewhere, offered[0]["id"])
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_contact")


async def test_a_registration_is_unknown_to_other_conversations_and_after_its_time(world: World) -> None:
    registration_id = await unrecognised(world)
    path = f"/v1/registrations/{registration_id}/recheck"
    foreign = await world.actions(path, MARIO, "conv-2")
    absent = await world.actions("/v1/registrations/reg_nothing/recheck", MARIO)
    world.clock.move(hours=2)
    late = await world.actions(path, MARIO)
    assert {answer.status_code for answer in (foreign, absent, late)} == {404}
    assert foreign.content == absent.content == late.content


async def test_an_acknowledgement_of_another_conversation_is_of_no_use(world: World) -> None:
    asked = MARIO | {
        "conversation_id": "conv-1",
        "channel": "web",
        "password_reference": await world.deposit("password", PASSWORD),
        "acknowledgement_id": await world.acknowledge("conv-2"),
    }
    answer = await world.actions("/v1/registrations", asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "acknowledgement_invalid")


async def test_parallel_acknowledgements_of_one_conversation_are_one_record(world: World) -> None:
    assert len(set(await asyncio.gather(*(world.acknowledge() for _ in range(10))))) == 1
