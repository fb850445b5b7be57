"""The signed-in account: sessions, step-up for secure operations, change of password, deactivation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from areaclienti.cli import app
from areaclienti.identity.db.models import Account, AuditEvent, Contact, Customer, SignInSession, StepUp
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import PASSWORD, World, running, settings_for

MARIO = "mario.rossi@posta.example"
NEW = "Lanterna7Verde"
CHROME = {"browser": "Chrome", "system": "Windows"}
SAFARI = {"browser": "Safari", "system": "iPhone o iPad"}
OPERATIONS = {
    "change_password": ("PUT", "/v1/account/password", {"present_password": PASSWORD, "password": NEW}),
    "end_other_sessions": ("POST", "/v1/sessions/end-others", {}),
    "deactivate": ("POST", "/v1/account/deactivation", {}),
}


async def as_customer(world: World, method: str, path: str, token: str, json: Any = None) -> httpx.Response:
    return await world.gateway(method, path, json, **{"X-Session-Token": token})


async def is_live(world: World, token: str) -> bool:
    status = (await as_customer(world, "GET", "/v1/customers/me", token)).status_code
    assert status in (200, 401)
    return status == 200


async def sign_in(world: World, password: str = PASSWORD, device: dict[str, str] | None = None) -> dict[str, Any]:
    asked = {"username": MARIO, "password": password, "client_address": "192.0.2.1", "device": device or CHROME}
    return dict((await world.gateway("POST", "/v1/sign-in", asked)).json())


async def ask(world: World, token: str, action: str) -> dict[str, Any]:
    return dict((await as_customer(world, "POST", "/v1/step-ups", token, {"action": action})).json())


async def confirm(world: World, token: str, action: str) -> tuple[str, str]:
    """Goes through the step-up; gives its id and the session's new token."""
    asked = await ask(world, token, action)
    assert asked["outcome"] == "code_sent", asked
    path = f"/v1/step-ups/{asked['step_up_id']}/verification"
    answer = (await as_customer(world, "POST", path, token, {"code": await world.newest_code()})).json()
    assert answer["outcome"] == "confirmed", answer
    return asked["step_up_id"], answer["session_token"]


async def operate(world: World, token: str, step_up_id: str, action: str, **changes: str) -> httpx.Response:
    method, path, body = OPERATIONS[action]
    return await as_customer(world, method, path, token, body | changes | {"step_up_id": step_up_id})


# --- step-up --------------------------------------------------------------------------------------------------------


async def test_the_code_of_a_secure_operation_goes_to_the_mobile_confirmed_at_first_access(world: World) -> None:
    token = await world.session_of_mario()
    async with world.services.database.write() as session:  # the agency marks another one, and the order changes
        await session.execute(update(Account).values(device_key="+393207654450"))
    asked = await ask(world, token, "change_password")
    assert asked["challenge"]["masked_destination"] == "320 ****450"
    assert "confermare l'operazione" in (await world.newest("sms"))["text"]


@pytest.mark.parametrize("action", OPERATIONS)
async def test_without_a_step_up_no_secure_operation_is_done(world: World, action: str) -> None:
    token = await world.session_of_mario()
    waiting = await ask(world, token, action)
    for step_up_id in ("stp_x", waiting["step_up_id"]):
        answer = await operate(world, token, step_up_id, action)
        assert (answer.status_code, answer.json()["code"]) == (409, "step_up_required")
    assert await is_live(world, token)
    assert (await sign_in(world))["outcome"] == "signed_in"


@pytest.mark.parametrize("action", OPERATIONS)
async def test_a_step_up_is_good_for_its_own_operation_only(world: World, action: str) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, action)
    for other in OPERATIONS.keys() - {action}:
        answer = await operate(world, token, step_up_id, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "step_up_required")
    assert (await operate(world, token, step_up_id, action)).is_success


async def test_a_step_up_is_good_once(world: World) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "end_other_sessions")
    assert (await operate(world, token, step_up_id, "end_other_sessions")).status_code == 204
    assert (await operate(world, token, step_up_id, "end_other_sessions")).status_code == 409


async def test_of_twenty_parallel_uses_of_a_step_up_one_is_done(world: World) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "end_other_sessions")
    answers = await asyncio.gather(*(operate(world, token, step_up_id, "end_other_sessions") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 19


async def test_a_step_up_lasts_five_minutes(world: World) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "end_other_sessions")
    world.clock.move(minutes=5)
    assert (await operate(world, token, step_up_id, "end_other_sessions")).status_code == 409


async def test_a_step_up_of_one_session_is_of_no_use_in_another(world: World) -> None:
    token = await world.session_of_mario()
    other = (await sign_in(world))["session_token"]
    step_up_id, token = await confirm(world, token, "deactivate")
    assert (await operate(world, other, step_up_id, "deactivate")).status_code == 409
    asked = await ask(world, token, "deactivate")
    path = f"/v1/step-ups/{asked['step_up_id']}/verification"
    answer = await as_customer(world, "POST", path, other, {"code": await world.newest_code()})
    assert (answer.status_code, answer.json()["code"]) == (404, "step_up_unknown")


async def test_asking_again_drops_what_was_confirmed_before(world: World) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "deactivate")
    await ask(world, token, "end_other_sessions")
    assert (await operate(world, token, step_up_id, "deactivate")).status_code == 409


async def test_the_code_of_a_step_up_opens_no_session_and_that_of_a_sign_in_confirms_nothing(world: World) -> None:
    await world.account_of_mario()
    pending = await sign_in(world)
    first = await world.newest_code()
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    token = str((await world.gateway("POST", path, {"code": first})).json()["session_token"])
    asked = await ask(world, token, "deactivate")
    answer = await as_customer(
        world, "POST", f"/v1/step-ups/{asked['step_up_id']}/verification", token, {"code": first}
    )
    code = await world.newest_code()
    assert answer.json()["outcome"] == ("wrong_code" if code != first else "confirmed")
    assert (await world.gateway("POST", path, {"code": code})).status_code == 404


async def test_a_step_up_code_is_tried_five_times_and_a_new_one_can_be_asked(world: World) -> None:
    token = await world.session_of_mario()
    asked = await ask(world, token, "deactivate")
    path = f"/v1/step-ups/{asked['step_up_id']}"
    wrong = {"code": f"{(int(await world.newest_code()) + 1) % 10**6:06d}"}
    answers = [(await as_customer(world, "POST", f"{path}/verification", token, wrong)).json() for _ in range(5)]
    assert [(answer["outcome"], answer["attempts_left"]) for answer in answers][-2:] == [
        ("wrong_code", 1),
        ("code_spent", 0),
    ]
    assert (await as_customer(world, "POST", f"{path}/code", token)).json()["outcome"] == "too_soon"
    world.clock.move(seconds=30)
    assert (await as_customer(world, "POST", f"{path}/code", token)).json()["outcome"] == "code_sent"
    right = {"code": await world.newest_code()}
    assert (await as_customer(world, "POST", f"{path}/verification", token, right)).json()["outcome"] == "confirmed"


async def test_who_has_lost_the_mobile_on_file_cannot_step_up(world: World) -> None:
    token = await world.session_of_mario()
    async with world.services.database.write() as session:
        mario = await session.scalar(select(Account.customer_id))
        stranger = await session.scalar(select(Customer.id).where(Customer.id != mario).limit(1))
        moved = update(Contact).where(Contact.customer_id == mario, Contact.kind == "mobile")
        await session.execute(moved.values(customer_id=stranger))
    assert (await ask(world, token, "deactivate"))["outcome"] == "no_mobile"  # manual 10a


# --- sessions -------------------------------------------------------------------------------------------------------


async def test_a_step_up_changes_the_sessions_token_and_the_old_one_is_worth_nothing(world: World) -> None:
    before = await world.session_of_mario()
    _, after = await confirm(world, before, "deactivate")
    assert after != before
    assert (await is_live(world, before), await is_live(world, after)) == (False, True)
    async with world.services.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(SignInSession)) == 1


async def test_rotation_does_not_prolong_a_session(world: World) -> None:
    token = await world.session_of_mario()
    for _ in range(47):
        world.clock.move(minutes=10)
        assert await is_live(world, token)
    _, token = await confirm(world, token, "deactivate")
    world.clock.move(minutes=10)
    assert not await is_live(world, token)  # eight hours


async def test_the_customer_sees_where_he_is_signed_in_the_last_used_first(world: World) -> None:
    await world.session_of_mario()
    world.clock.move(minutes=1)
    phone = (await sign_in(world, device=SAFARI))["session_token"]
    world.clock.move(minutes=1)
    seen = (await as_customer(world, "GET", "/v1/sessions", phone)).json()["sessions"]
    assert [(each["browser"], each["system"], each["current"]) for each in seen] == [
        ("Safari", "iPhone o iPad", True),
        (None, None, False),
    ]
    assert seen[0]["signed_in_at"] == "2026-11-23T09:01:00Z"
    assert seen[0]["last_seen_at"] == "2026-11-23T09:02:00Z"
    world.clock.move(minutes=14)
    seen = (await as_customer(world, "GET", "/v1/sessions", phone)).json()["sessions"]
    assert [each["browser"] for each in seen] == ["Safari"]  # the other has been idle for too long


async def test_other_sessions_end_at_their_next_request_and_this_one_stays(world: World) -> None:
    await world.session_of_mario()
    others = [(await sign_in(world))["session_token"] for _ in range(3)]
    mine = (await sign_in(world, device=SAFARI))["session_token"]
    step_up_id, mine = await confirm(world, mine, "end_other_sessions")
    assert (await operate(world, mine, step_up_id, "end_other_sessions")).status_code == 204
    assert [await is_live(world, token) for token in others] == [False] * 3
    assert await is_live(world, mine)


async def test_another_customers_sessions_are_neither_seen_nor_ended(world: World) -> None:
    mine = await world.session_of_mario()
    officine = (await world.register("conv-9", customer_type="azienda", company_name="Officine Ferrara S.r.l.",
                                     contact="347 9876543")).json()  # fmt: skip
    await world.verify(officine["registration_id"], await world.newest_code(), "conv-9")
    pending = (await world.sign_in("347 9876543")).json()
    code = await world.newest_code()
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    theirs = (await world.gateway("POST", path, {"code": code})).json()["session_token"]
    assert len((await as_customer(world, "GET", "/v1/sessions", mine)).json()["sessions"]) == 1
    step_up_id, mine = await confirm(world, mine, "end_other_sessions")
    await operate(world, mine, step_up_id, "end_other_sessions")
    assert await is_live(world, theirs)


# --- change of password ---------------------------------------------------------------------------------------------


async def test_a_changed_password_replaces_the_old_one_ends_other_sessions_and_tells_the_owner(world: World) -> None:
    token = await world.session_of_mario()
    other = (await sign_in(world))["session_token"]
    step_up_id, token = await confirm(world, token, "change_password")
    answer = (await operate(world, token, step_up_id, "change_password")).json()
    assert (answer["outcome"], await is_live(world, token)) == ("changed", False)
    assert await is_live(world, answer["session_token"])
    assert not await is_live(world, other)
    told = await world.newest("email")
    assert (told["to"], told["subject"]) == (MARIO, "La tua password dell'Area Clienti è cambiata")
    assert (await sign_in(world))["outcome"] == "rejected"
    assert (await sign_in(world, NEW))["outcome"] == "signed_in"


async def test_the_present_password_is_tried_five_times_in_a_step_up(world: World) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "change_password")
    answers = [
        (await operate(world, token, step_up_id, "change_password", present_password="Sbagliata1")).json()
        for _ in range(5)
    ]
    assert [answer["attempts_left"] for answer in answers] == [4, 3, 2, 1, 0]
    assert {answer["outcome"] for answer in answers} == {"wrong_password"}
    assert (await operate(world, token, step_up_id, "change_password")).status_code == 409
    assert (await sign_in(world))["outcome"] == "signed_in"  # nothing changed, nobody is locked out


async def test_of_thirty_parallel_tries_of_the_present_password_five_are_looked_at(world: World) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "change_password")
    tries = (operate(world, token, step_up_id, "change_password", present_password=f"Sbagliata{n}") for n in range(30))
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert (statuses.count(200), statuses.count(409)) == (5, 25)


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("corta", ["min_length", "uppercase", "digit"]),
        ("Password1", ["too_common"]),
        ("Mariorossi80", ["too_common", "too_personal"]),
        ("Ab3201234600", ["too_personal"]),
    ],
)
async def test_a_new_password_that_breaks_the_rules_costs_no_try(world: World, password: str, rules: list[str]) -> None:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "change_password")
    for _ in range(6):
        answer = await operate(world, token, step_up_id, "change_password", password=password)
        assert (answer.status_code, answer.json()["failed_rules"]) == (422, rules)
    assert (await operate(world, token, step_up_id, "change_password")).json()["outcome"] == "changed"


async def test_of_two_changes_at_once_one_is_done(world: World) -> None:
    first = await world.session_of_mario()
    second = (await sign_in(world))["session_token"]
    first_id, first = await confirm(world, first, "change_password")
    second_id, second = await confirm(world, second, "change_password")
    answers = await asyncio.gather(
        operate(world, first, first_id, "change_password", password="Lanterna7Verde"),
        operate(world, second, second_id, "change_password", password="Cancello4Rosso"),
    )
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1


# --- deactivation ---------------------------------------------------------------------------------------------------


async def deactivated(world: World) -> str:
    token = await world.session_of_mario()
    step_up_id, token = await confirm(world, token, "deactivate")
    assert (await operate(world, token, step_up_id, "deactivate")).status_code == 204
    return token


async def test_deactivation_erases_the_hash_and_the_username_and_keeps_the_row(world: World) -> None:
    token = await deactivated(world)
    assert not await is_live(world, token)
    async with world.services.database.read() as session:
        account = (await session.scalars(select(Account))).one()
        assert (account.password_hash, account.username, account.username_key, account.device_key) == (None,) * 4
        assert (account.customer_id, account.deactivated_at) == (None, world.clock.now)
        assert account.former_customer_id is not None and account.acknowledgement_id is not None
        assert await session.scalar(select(func.count()).select_from(StepUp)) == 0
        events = [(each.event, each.subject) for each in await session.scalars(select(AuditEvent))]
        assert ("account_deactivated", f"account_{account.id}") in events


async def test_the_owner_is_told_of_a_deactivation(world: World) -> None:
    await deactivated(world)
    told = await world.newest("email")
    assert (told["to"], "polizze restano valide" in told["text"]) == (MARIO, True)


async def test_after_a_deactivation_signing_in_looks_like_a_username_that_nobody_has(world: World) -> None:
    await deactivated(world)
    gone = await world.sign_in(MARIO)
    nobody = await world.sign_in("nessuno@posta.example")
    assert gone.content == nobody.content
    assert gone.json()["outcome"] == "rejected"


async def test_who_deactivated_can_register_again_with_the_same_contact_and_deactivate_again(world: World) -> None:
    for day in range(3):
        token = await first_access_of(world, f"conv-{day}")
        step_up_id, token = await confirm(world, token, "deactivate")
        assert (await operate(world, token, step_up_id, "deactivate")).status_code == 204
        world.clock.move(days=1, hours=1)
    async with world.services.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Account)) == 3


async def first_access_of(world: World, conversation: str) -> str:
    registration = (await world.register(conversation)).json()
    assert registration["outcome"] == "code_sent"
    made = await world.verify(registration["registration_id"], await world.newest_code(), conversation)
    assert made.json()["outcome"] == "account_created"
    pending = await sign_in(world)
    assert pending["outcome"] == "code_required"  # a new account has a first access of its own
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    return str((await world.gateway("POST", path, {"code": await world.newest_code()})).json()["session_token"])


def test_the_command_gives_an_account_up_for_the_customer(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())

    async def begin() -> str:
        async with running(settings_for(url)) as world:
            world.clock.now = datetime.now(UTC)  # the command's clock
            token = await world.session_of_mario()
            assert await is_live(world, token)
            return token

    async def what_is_left(token: str) -> tuple[bool, str]:
        async with running(settings_for(url), with_registry=False) as world:
            world.clock.now = datetime.now(UTC)
            return await is_live(world, token), (await world.newest("email"))["subject"]

    token = asyncio.run(begin())
    monkeypatch.setenv("AREACLIENTI_IDENTITY_DATABASE_URL", url)
    for name in ("IDENTITY_GATEWAY_KEY", "IDENTITY_ACTIONS_KEY", "ENGINE_KEY", "CODE_KEY"):
        monkeypatch.setenv(f"AREACLIENTI_{name}", "a-key-of-the-tests")
    monkeypatch.setenv("AREACLIENTI_VAULT_KEY", "vault-key-of-the-tests")
    monkeypatch.setenv("AREACLIENTI_CODE_RESEND_BACKOFF_SECONDS", "[1, 2]")
    for username, said in (("x@y.example", "No account"), ("nessuno", "neither an e-mail")):
        refused = CliRunner().invoke(app, ["accounts", "deactivate", username])
        assert (refused.exit_code, said in refused.output) == (1, True)
    done = CliRunner().invoke(app, ["accounts", "deactivate", MARIO])
    assert (done.exit_code, "Deactivated" in done.output) == (0, True), done.output
    assert asyncio.run(what_is_left(token)) == (False, "Il tuo accesso all'Area Clienti è stato disattivato")


@pytest.mark.parametrize(
    "change",
    ["password_hash = NULL", "username_key = NULL", "customer_id = NULL", "deactivated_at = created_at"],
)
async def test_no_account_is_half_deactivated(world: World, change: str) -> None:
    await world.account_of_mario()
    with pytest.raises(IntegrityError):
        async with world.services.database.write() as session:
            await session.execute(text(f"UPDATE accounts SET {change}"))
