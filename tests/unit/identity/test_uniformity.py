"""Nobody learns from an answer who is a customer: same words, same statements, and the owner is told in private."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from areaclienti.crypto import Sealer
from areaclienti.identity import housekeeping, owners
from areaclienti.identity.db.models import AuditEvent, Challenge, OutboxMessage, UseOfContact
from areaclienti.identity.ports.challenges import sql as codes_of_ours
from tests.unit.identity.statements import statements_of
from tests.unit.identity.world import CARLO, LUCIA, MARIO, MARIO_TAX_CODE, World

AWorld = Callable[..., AbstractAsyncContextManager[World]]

UNKNOWN = MARIO | {"contact": "nessuno@posta.example"}
PAOLO = {  # another customer's device contact
    "customer_type": "persona",
    "given_name": "Paolo",
    "family_name": "Gallo",
    "contact": "333 1112223",
}
CAUSES = {
    "unknown contact": UNKNOWN,
    "other name": MARIO | {"given_name": "Maria"},
    "contact in use": PAOLO,
    "username in use": LUCIA | {"contact": "320 1234600"},
    "account exists": MARIO,
    "no policy": CARLO,
}
RECOGNISED = {"recognised": {**LUCIA, "contact": "333 1112223"}}
ATTEMPT = "Qualcuno ha provato a registrarsi con questo recapito"


@pytest.fixture
async def strict(a_world: AWorld) -> AsyncIterator[World]:
    """The service with the strict setting; Mario has an account."""
    async with a_world(strict_uniformity=True) as world:
        await world.account_of_mario("320 1234600")
        yield world


async def register(world: World, conversation: str, claims: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Begins a registration; its answer, and what was asked of the database meanwhile."""
    notice, password = (
        await world.acknowledge(conversation),
        await world.deposit("password", "Tramonto9Giallo", conversation),
    )
    asked = claims | {
        "conversation_id": conversation,
        "channel": "web",
        "password_reference": password,
        "acknowledgement_id": notice,
    }
    with statements_of(world.services.database) as seen:
        answer = await world.actions("/v1/registrations", asked, conversation)
    assert answer.status_code == 200, answer.text
    return answer.json(), seen


async def told(world: World) -> list[dict[str, Any]]:
    """The notices to owners, after everything that was typed has been looked at."""
    world.clock.move(minutes=1)
    while await world.services.do(owners.tell_next):
        pass
    return [message for message in await world.mail() if "provato a registrarsi" in message["text"]]


async def audited(world: World) -> list[tuple[str, str | None]]:
    async with world.services.database.read() as session:
        return [(event.event, event.reason) for event in await session.scalars(select(AuditEvent).order_by("id"))]


# --- the same statements ----------------------------------------------------------------------------------------------


async def test_whatever_keeps_somebody_from_registering_the_same_statements_run(world: World) -> None:
    await world.account_of_mario("320 1234600")
    asked = {cause: (await register(world, f"conv-{n}", claims))[1] for n, (cause, claims) in enumerate(CAUSES.items())}
    assert all(seen == asked["unknown contact"] for seen in asked.values()), asked
    recognised = (await register(world, "lucia", RECOGNISED["recognised"]))[1]
    assert recognised != asked["unknown contact"]  # the control: a difference is heard


async def test_the_same_statements_run_again_at_a_recheck(world: World) -> None:
    await world.account_of_mario("320 1234600")
    asked = []
    for number, claims in enumerate(CAUSES.values()):
        conversation = f"conv-{number}"
        registration_id = (await register(world, conversation, UNKNOWN))[0]["registration_id"]
        with statements_of(world.services.database) as seen:
            await world.actions(f"/v1/registrations/{registration_id}/recheck", claims, conversation)
        asked.append(seen)
    assert all(seen == asked[0] for seen in asked)


async def test_a_tax_code_that_identifies_nobody_asks_the_same_whether_it_is_on_file(world: World) -> None:
    await world.account_of_mario("320 1234600")
    asked = []
    for number, (name, tax_code) in enumerate(
        [("Mario", MARIO_TAX_CODE), ("Ugo", MARIO_TAX_CODE), ("Mario", "VRDLGU80A01F205T"), ("Ugo", "BNCLNE75D50F205H")]
    ):
        conversation = f"conv-{number}"
        registration_id = (await register(world, conversation, UNKNOWN | {"given_name": name}))[0]["registration_id"]
        reference = await world.deposit("tax_code", tax_code, conversation)
        with statements_of(world.services.database) as seen:
            path = f"/v1/registrations/{registration_id}/identification"
            answer = await world.actions(path, {"tax_code_reference": reference}, conversation)
        assert answer.json()["outcome"] == "not_identified"
        asked.append(seen)
    assert all(seen == asked[0] for seen in asked), asked


# --- the owner is told ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "to"),
    [
        (MARIO, "mario.rossi@posta.example"),  # he has an account under another name
        (CAUSES["username in use"], "+393201234600"),
        (MARIO | {"given_name": "Ugo", "contact": "320 1234600"}, "+393201234600"),  # the name is not even his
        (PAOLO, "+393331112223"),
    ],
)
async def test_the_owner_of_a_contact_in_use_is_told_there(world: World, claims: dict[str, str], to: str) -> None:
    await world.account_of_mario("320 1234600")
    answer, _ = await register(world, "stranger", claims)
    assert answer["outcome"] == "not_recognised"
    assert [message["to"] for message in await told(world)] == [to]


@pytest.mark.parametrize("claims", [UNKNOWN, CAUSES["other name"], CARLO])
async def test_nobody_is_told_of_a_contact_that_is_not_in_use(world: World, claims: dict[str, str]) -> None:
    await register(world, "stranger", claims)
    assert await told(world) == []


async def test_who_registers_with_success_is_not_told_that_somebody_tried(world: World) -> None:
    await world.account_of_mario()
    assert await told(world) == []


async def test_one_contact_is_told_once_a_day(world: World) -> None:
    await world.account_of_mario("320 1234600")
    for number in range(4):
        await register(world, f"stranger-{number}", MARIO)
    assert len(await told(world)) == 1
    await register(world, "stranger-5", MARIO)
    world.clock.move(hours=23)
    assert len(await told(world)) == 1
    world.clock.move(hours=1)
    await register(world, "stranger-6", MARIO)
    assert len(await told(world)) == 2


async def test_parallel_workers_tell_an_owner_once(world: World) -> None:
    await world.account_of_mario("320 1234600")
    for number in range(6):
        await register(world, f"stranger-{number}", MARIO)
    world.clock.move(minutes=1)
    await asyncio.gather(*(world.services.do(owners.tell_next) for _ in range(12)))
    assert len(await told(world)) == 1


async def test_what_was_typed_is_written_whatever_became_of_it_and_forgotten_afterwards(world: World) -> None:
    await world.account_of_mario("320 1234600")
    for number, claims in enumerate([*CAUSES.values(), *RECOGNISED.values()]):
        await register(world, f"conv-{number}", claims)
    async with world.services.database.read() as session:
        uses = (await session.scalars(select(UseOfContact))).all()
    assert len(uses) == 1 + len(CAUSES) + len(RECOGNISED)
    assert not any("posta.example" in use.sealed or "3201234600" in use.sealed for use in uses)
    await told(world)
    async with world.services.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(UseOfContact)) == 0


async def test_what_cannot_be_read_any_more_holds_up_nobody(world: World) -> None:
    await world.account_of_mario("320 1234600")
    async with world.services.database.write() as session:
        sealed = Sealer("a key that was lost").seal("{}", "use of contact")
        session.add(UseOfContact(sealed=sealed, due_at=world.clock.now - timedelta(minutes=5)))
    await register(world, "stranger", MARIO)
    assert len(await told(world)) == 1
    assert ("owner_not_told", "unreadable") in await audited(world)


async def test_what_was_typed_is_forgotten_after_a_day_even_if_nobody_could_look_at_it(world: World) -> None:
    await register(world, "stranger", MARIO)
    async with world.services.work() as work:  # as while the registry does not answer
        await work.session.execute(update(UseOfContact).values(due_at=work.now - timedelta(days=1)))
        await housekeeping.sweep(work)
        assert await work.session.scalar(select(func.count()).select_from(UseOfContact)) == 0


async def test_who_has_an_account_and_comes_with_his_tax_code_is_told_at_his_username(world: World) -> None:
    await world.account_of_mario("320 1234600")
    body, _ = await register(world, "mario", UNKNOWN)
    answer = (await world.identify(body["registration_id"], MARIO_TAX_CODE, "mario")).json()
    assert answer["outcome"] == "not_identified"
    world.clock.move(minutes=1)
    while await world.services.do(owners.tell_next):
        pass
    newest = await world.newest("sms")
    assert newest["to"] == "+393201234600"
    assert "Hai già un account" in newest["text"]


async def test_the_notice_says_what_to_do_in_both_cases(world: World) -> None:
    await world.account_of_mario("320 1234600")
    await register(world, "stranger", MARIO)
    (notice,) = await told(world)
    assert notice["subject"] == ATTEMPT
    assert "accedi" in notice["text"] and "non devi fare nulla" in notice["text"]


# --- the strict setting -----------------------------------------------------------------------------------------------


async def test_in_strict_mode_everybody_sees_the_code_screen_after_the_same_statements(strict: World) -> None:
    answers = {}
    for number, (cause, claims) in enumerate((CAUSES | RECOGNISED).items()):
        body, seen = await register(strict, f"conv-{number}", claims)
        challenge = body.pop("challenge")
        assert (body["outcome"], body["retry_after_seconds"]) == ("code_sent", None), cause
        assert set(challenge) == set(answers.get("challenge", challenge))
        answers[cause] = seen
    sms = [answers["contact in use"], answers["username in use"], answers["recognised"]]
    email = [answers[cause] for cause in ("unknown contact", "other name", "account exists", "no policy")]
    assert all(seen == sms[0] for seen in sms), sms
    assert all(seen == email[0] for seen in email), email


async def test_in_strict_mode_the_mask_is_of_what_was_typed(strict: World) -> None:
    masks = []
    for number, contact in enumerate(("Lucia.ROSSI@posta.example", "333 1112223")):
        body, _ = await register(strict, f"conv-{number}", LUCIA | {"contact": contact})
        masks.append(body["challenge"]["masked_destination"])
    assert masks == ["Luc*****@po**.example", "333 ****223"]


async def test_a_decoy_sends_nothing_and_is_spent_as_a_code_is(strict: World) -> None:
    before = len(await strict.mail())
    body, _ = await register(strict, "stranger", UNKNOWN)
    decoy = await attempts(strict, body["registration_id"], "stranger")
    assert len(await strict.mail()) == before
    body, _ = await register(strict, "lucia", RECOGNISED["recognised"])
    assert await attempts(strict, body["registration_id"], "lucia") == decoy
    assert [outcome for outcome, _, _ in decoy] == ["wrong_code"] * 4 + ["code_spent"] * 2


async def attempts(world: World, registration_id: str, conversation: str) -> list[tuple[str, int, int]]:
    """Six wrong codes: outcome, attempts left, and how many statements each took."""
    answers = []
    real = await world.newest_code()
    for _ in range(6):
        reference = await world.deposit("verification_code", "000000" if real != "000000" else "000001", conversation)
        with statements_of(world.services.database) as seen:
            path = f"/v1/registrations/{registration_id}/verification"
            answer = (await world.actions(path, {"code_reference": reference}, conversation)).json()
        answers.append((answer["outcome"], answer["attempts_left"], len(seen)))
    return answers


async def test_not_even_the_code_that_a_decoy_was_made_with_is_right(
    strict: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes_of_ours, "new_code", lambda: "424242")
    stranger, _ = await register(strict, "stranger", UNKNOWN)
    lucia, _ = await register(strict, "lucia", RECOGNISED["recognised"])
    answers = [
        (await strict.verify(body["registration_id"], "424242", conversation)).json()["outcome"]
        for body, conversation in ((stranger, "stranger"), (lucia, "lucia"))
    ]
    assert answers == ["wrong_code", "account_created"]
    async with strict.services.database.read() as session:
        decoy = (await session.scalars(select(Challenge).where(Challenge.contact_id.is_(None)))).one()
        message = (await session.scalars(select(OutboxMessage).where(OutboxMessage.challenge_id == decoy.id))).one()
    assert (message.status, message.destination, message.sealed) == ("dropped", None, None)


async def test_a_new_code_of_a_decoy_has_the_same_pauses_limits_and_statements(strict: World) -> None:
    asked = {}
    for conversation, claims in (("stranger", PAOLO), ("lucia", RECOGNISED["recognised"])):
        strict.clock.move(days=1)
        body, _ = await register(strict, conversation, claims)
        path = f"/v1/registrations/{body['registration_id']}/code"
        answers = []
        for pause in (0, 30, 60, 120, 120):
            strict.clock.move(seconds=pause)
            with statements_of(strict.services.database) as seen:
                answer = (await strict.actions(path, {}, conversation)).json()
            answers.append((answer["outcome"], answer["retry_after_seconds"], len(seen)))
        asked[conversation] = answers
    assert asked["stranger"] == asked["lucia"]
    assert [outcome for outcome, _, _ in asked["lucia"]] == ["too_soon", *["code_sent"] * 3, "limit_reached"]


async def test_decoys_and_codes_of_one_contact_share_its_budget(strict: World) -> None:
    outcomes = []
    for number, name in enumerate(("Lucia", "Ugo", "Lucia", "Ugo", "Lucia")):
        body, _ = await register(strict, f"conv-{number}", {**RECOGNISED["recognised"], "given_name": name})
        outcomes.append(body["outcome"])
    assert outcomes == ["code_sent"] * 4 + ["limit_reached"]  # else the fifth would tell which name is right


async def test_who_is_not_on_file_comes_from_a_decoy_to_section_c_and_to_the_account(a_world: AWorld) -> None:
    async with a_world(strict_uniformity=True) as world:
        body, _ = await register(world, "mario", UNKNOWN)
        found = (await world.identify(body["registration_id"], MARIO_TAX_CODE, "mario")).json()
        path = f"/v1/registrations/{body['registration_id']}/chosen-contact"
        chosen = (await world.actions(path, {"contact_id": found["contacts"][1]["id"]}, "mario")).json()
        assert chosen["challenge"]["masked_destination"] == "320 ****600"
        made = await world.verify(body["registration_id"], await world.newest_code(), "mario")
        assert made.json()["outcome"] == "account_created"


async def test_in_strict_mode_too_the_owner_is_told(strict: World) -> None:
    await register(strict, "stranger", MARIO)
    assert [message["to"] for message in await told(strict)] == ["mario.rossi@posta.example"]
    assert ("code_not_issued", "email") in await audited(strict)
