"""The contract of accounts, in our own tables and in a store of the insurer, through the whole service."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from areaclienti.identity.db.models import Account, Customer, Registration, Throttle
from areaclienti.identity.ports.accounts.contract import Standing
from areaclienti.identity.services import Services
from tests.contract.ports.conftest import on_both_databases
from tests.contract.ports.insurer import InsuredWorld
from tests.unit.identity.world import LUCIA, MARIO, PASSWORD, World

USERNAME = MARIO["contact"]
NEW = "Lanterna7Verde"


def store_of(world: World) -> Services:
    """The services in whose tables the passwords are."""
    return world.insurer.services if isinstance(world, InsuredWorld) else world.services


def insured(world: World) -> InsuredWorld:
    assert isinstance(world, InsuredWorld)
    return world


async def standing(world: World, code: str, *keys: Any) -> Standing:
    return await world.services.do(lambda work: work.ports.accounts.standing(work, code, keys))


async def hashes(services: Services) -> list[str | None]:
    async with services.database.read() as session:
        return list(await session.scalars(select(Account.password_hash).order_by(Account.id)))


async def as_customer(world: World, method: str, path: str, token: str, json: Any = None) -> httpx.Response:
    return await world.gateway(method, path, json, **{"X-Session-Token": token})


async def confirmed(world: World, token: str, action: str) -> tuple[str, str]:
    """Goes through a step-up; gives its id and the session's new token."""
    asked = (await as_customer(world, "POST", "/v1/step-ups", token, {"action": action})).json()
    path = f"/v1/step-ups/{asked['step_up_id']}/verification"
    answer = (await as_customer(world, "POST", path, token, {"code": await world.newest_code()})).json()
    assert answer["outcome"] == "confirmed", answer
    return asked["step_up_id"], answer["session_token"]


async def test_an_account_is_made_with_a_hash_and_found_by_customer_and_username(world: World) -> None:
    assert await standing(world, "1", ("email", USERNAME)) == Standing(False, frozenset())
    await world.account_of_mario()
    asked = (("email", USERNAME), ("mobile", "+393201234600"))
    assert await standing(world, "1", *asked) == Standing(True, frozenset({USERNAME}))
    assert await standing(world, "2", *asked) == Standing(False, frozenset({USERNAME}))
    assert await standing(world, "") == Standing(False, frozenset())
    assert [str(kept)[:10] for kept in await hashes(store_of(world))] == ["$argon2id$"]


async def test_the_username_and_password_sign_in_and_nothing_else_does(world: World) -> None:
    await world.account_of_mario()
    for username, password in ((USERNAME, "Sbagliata9"), ("nessuno@posta.example", PASSWORD), ("no contact", PASSWORD)):
        assert (await world.sign_in(username, password)).json()["outcome"] == "rejected"
    pending = (await world.sign_in("Mario.Rossi@POSTA.example")).json()
    assert pending["outcome"] == "code_required"
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    assert (await world.gateway("POST", path, {"code": await world.newest_code()})).json()["outcome"] == "signed_in"
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "signed_in"


async def test_who_has_an_account_is_not_recognised_again(world: World) -> None:
    await world.account_of_mario()
    for conversation, claims in (("again", MARIO), ("other contact", MARIO | {"contact": "320 1234600"})):
        answer = (await world.register(conversation.replace(" ", "-"), **claims)).json()
        assert answer["outcome"] == "not_recognised"
    assert (await world.register("shared", **LUCIA)).json()["outcome"] == "not_recognised"


async def in_parallel(world: World, *claims: dict[str, str]) -> Counter[str]:
    """Registers all of them up to the code, then verifies all codes at once."""
    ready = []
    for number, one in enumerate(claims):
        conversation = f"race-{number}"
        registration = (await world.register(conversation, **one)).json()["registration_id"]
        ready.append((registration, await world.newest_code(), conversation))
        world.clock.move(seconds=1)
    answers = await asyncio.gather(*(world.verify(*one) for one in ready))
    return Counter(answer.json()["outcome"] for answer in answers)


@on_both_databases
async def test_of_parallel_registrations_of_one_customer_one_gets_the_account(world: World) -> None:
    contacts = (USERNAME, "320 1234600", "320 7654450")
    outcomes = await in_parallel(world, *(MARIO | {"contact": contact} for contact in contacts))
    assert outcomes == {"account_created": 1, "code_spent": 2}
    async with store_of(world).database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Account)) == 1


@on_both_databases
async def test_of_two_customers_who_share_a_contact_one_gets_it_as_username(world: World) -> None:
    assert await in_parallel(world, MARIO, LUCIA) == {"account_created": 1, "code_spent": 1}
    async with store_of(world).database.read() as session:
        assert list(await session.scalars(select(Account.username_key))) == [USERNAME]


async def test_a_forgotten_password_is_replaced(world: World) -> None:
    token = await world.session_of_mario()
    asked = {"username": USERNAME, "client_address": "192.0.2.1"}
    path = f"/v1/password-resets/{(await world.gateway('POST', '/v1/password-resets', asked)).json()['reset_id']}"
    answer = await world.gateway("POST", f"{path}/verification", {"code": await world.newest_code()})
    assert answer.json()["outcome"] == "confirmed"
    body = {"password": NEW, "client_address": "192.0.2.1"}
    assert (await world.gateway("PUT", f"{path}/password", body)).status_code == 204
    assert (await as_customer(world, "GET", "/v1/customers/me", token)).status_code == 401
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "rejected"
    assert (await world.sign_in(USERNAME, NEW)).json()["outcome"] == "signed_in"


async def test_a_password_is_changed_with_the_present_one(world: World) -> None:
    step_up_id, token = await confirmed(world, await world.session_of_mario(), "change_password")
    body = {"step_up_id": step_up_id, "present_password": "Sbagliata9", "password": NEW}
    answer = (await as_customer(world, "PUT", "/v1/account/password", token, body)).json()
    assert answer["outcome"] == "wrong_password"
    body["present_password"] = PASSWORD
    answer = (await as_customer(world, "PUT", "/v1/account/password", token, body)).json()
    assert answer["outcome"] == "changed"
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "rejected"
    assert (await world.sign_in(USERNAME, NEW)).json()["outcome"] == "signed_in"


@on_both_databases
async def test_a_deactivated_account_is_gone_and_the_customer_may_register_again(world: World) -> None:
    step_up_id, token = await confirmed(world, await world.session_of_mario(), "deactivate")
    answer = await as_customer(world, "POST", "/v1/account/deactivation", token, {"step_up_id": step_up_id})
    assert answer.status_code == 204
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "rejected"
    assert [kept for kept in await hashes(store_of(world)) if kept] == []
    world.clock.move(hours=25)
    registration = (await world.register("again")).json()["registration_id"]
    answer = await world.verify(registration, await world.newest_code(), "again")
    assert answer.json()["outcome"] == "account_created"


# --- a store of the insurer alone -----------------------------------------------------------------------------------

over_http = pytest.mark.parametrize("world", ["http"], indirect=True)


@over_http
async def test_no_hash_stays_here(world: World) -> None:
    await world.account_of_mario()
    assert await hashes(world.services) == ["elsewhere"]
    async with world.services.database.read() as session:
        assert list(await session.scalars(select(Registration.password_hash))) == [None]
        rows = repr((await session.execute(text("SELECT * FROM accounts"))).all())
    assert "argon2" not in rows


@over_http
async def test_an_account_whose_making_was_not_answered_is_made_once(world: World) -> None:
    """The store made it and the answer was lost: the same request again finds it made."""
    server = insured(world).insurer
    registration = (await world.register()).json()["registration_id"]
    reference = await world.deposit("verification_code", await world.newest_code())
    path = f"/v1/registrations/{registration}/verification"
    server.losing = "/v1/accounts/create"
    answer = await world.actions(path, {"code_reference": reference}, key="the-key")
    assert (answer.status_code, answer.json()["code"]) == (503, "back_end_unavailable")
    assert len(await hashes(server.services)) == 1
    server.losing = None
    answer = await world.actions(path, {"code_reference": reference}, key="the-key")
    assert answer.json()["outcome"] == "account_created"
    assert len(await hashes(server.services)) == 1


@over_http
async def test_a_store_that_is_down_gives_503_and_counts_no_failure(world: World) -> None:
    server = insured(world).insurer
    await world.account_of_mario()
    server.failing = "/v1/accounts"
    for _ in range(8):  # more than the free failures
        answer = await world.sign_in(USERNAME)
        assert (answer.status_code, answer.json()["code"]) == (503, "back_end_unavailable")
    server.failing = None
    async with world.services.database.read() as session:
        assert set(await session.scalars(select(Throttle.failures))) == {0}
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "code_required"


@over_http
async def test_a_change_of_password_that_could_not_be_made_changes_nothing(world: World) -> None:
    server = insured(world).insurer
    token = await world.session_of_mario()
    step_up_id, token = await confirmed(world, token, "change_password")
    body = {"step_up_id": step_up_id, "present_password": PASSWORD, "password": NEW}
    for failing in ("/v1/accounts/verify", "/v1/accounts/password"):
        server.failing = failing
        for _ in range(3):
            assert (await as_customer(world, "PUT", "/v1/account/password", token, body)).status_code == 503
    server.failing = None
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "signed_in"
    answer = (await as_customer(world, "PUT", "/v1/account/password", token, body)).json()
    assert answer["outcome"] == "changed"


@over_http
async def test_an_account_that_was_made_elsewhere_is_known_and_signs_in(world: World) -> None:
    server = insured(world).insurer.services
    made = await world.services.passwords.hash(PASSWORD)
    async with server.database.write() as session:
        mario = await session.scalar(select(Customer.id).where(Customer.code == "1"))
        account = Account(
            customer_id=mario, username_kind="email", username=USERNAME, username_key=USERNAME, password_hash=made
        )
        account.created_at = world.clock()
        session.add(account)
    assert (await world.register()).json()["outcome"] == "not_recognised"
    pending = (await world.sign_in(USERNAME)).json()
    assert pending["outcome"] == "code_required"
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    answer = (await world.gateway("POST", path, {"code": await world.newest_code()})).json()
    me = (await as_customer(world, "GET", "/v1/customers/me", answer["session_token"])).json()
    assert me["display_name"] == "Mario Rossi"


@over_http
async def test_a_username_that_the_store_gave_to_another_customer_is_his(world: World) -> None:
    token = await world.session_of_mario()
    server = insured(world).insurer.services
    async with server.database.write() as session:
        lucia = await session.scalar(select(Customer.id).where(Customer.code == "4"))
        (await session.scalars(select(Account))).one().customer_id = lucia or 0
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "code_required"
    assert (await as_customer(world, "GET", "/v1/customers/me", token)).status_code == 401
    async with world.services.database.read() as session:
        live = select(Customer.code).join(Account, Account.customer_id == Customer.id)
        assert list(await session.scalars(live)) == ["4"]


@over_http
async def test_the_same_is_asked_whoever_signs_in_wrongly(world: World) -> None:
    server = insured(world).insurer
    await world.account_of_mario()
    await world.mail()
    asked = []
    for username, password in ((USERNAME, "Sbagliata9"), ("nessuno@posta.example", PASSWORD)):
        server.asked.clear()
        await world.sign_in(username, password)
        asked.append(list(server.asked))
    assert asked[0] == asked[1] == ["/v1/accounts/verify"]
    bodies, asked = [], []
    for username in (USERNAME, "nessuno@posta.example"):
        server.asked.clear()
        body = {"username": username, "client_address": "192.0.2.1"}
        answer = (await world.gateway("POST", "/v1/password-resets", body)).json()
        bodies.append({name: value for name, value in answer.items() if name != "reset_id"})
        asked.append([path for path in server.asked if not path.startswith(("/v1/codes", "/v1/notifications"))])
    assert bodies[0] == bodies[1]
    assert asked[0] == asked[1] == ["/v1/accounts/by-username", "/v1/customers/by-number"]
