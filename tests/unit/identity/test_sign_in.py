"""Sign-in: uniform refusals, slowing down, the code of the first access, sessions."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from areaclienti.identity.db.models import Account, SignInSession
from tests.unit.identity.world import ELENA, PASSWORD, World

AWorld = Callable[..., AbstractAsyncContextManager[World]]

MARIO = "mario.rossi@posta.example"


async def first_access(world: World, username: str = MARIO) -> dict[str, object]:
    pending = (await world.sign_in(username)).json()
    code = await world.newest_code()
    return dict(
        (await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", {"code": code})).json()
    )


async def me(world: World, token: str) -> int:
    answer = await world.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})
    return answer.status_code


async def test_wrong_user_and_wrong_password_give_the_same_bytes(world: World) -> None:
    await world.account_of_mario()
    answers = [
        await world.sign_in("nessuno@posta.example"),
        await world.sign_in(MARIO, "Sbagliata1"),
        await world.sign_in("not a contact", "x"),
        await world.sign_in("elena.bianchi@posta.example"),  # a customer without an account
    ]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["outcome"] == "rejected"


async def test_an_unknown_user_takes_as_long_as_a_wrong_password(a_world: AWorld) -> None:
    """Measured in the processor's time, so that a crowded machine does not count."""
    async with a_world(password_hash_memory_kib=64 * 1024, password_hash_rounds=3) as world:
        await world.account_of_mario()

        async def median_ms(username: str) -> float:
            times = []
            for number in range(3):
                began = time.process_time()
                await world.sign_in(username, "Sbagliata1", f"198.51.100.{number}")
                times.append((time.process_time() - began) * 1000)
            return statistics.median(times)

        known, unknown = await median_ms(MARIO), await median_ms("nessuno@posta.example")
    assert unknown > known / 2  # without the dummy check it would be a few milliseconds of some two hundred


async def test_the_first_access_needs_the_code_sent_to_the_mobile(world: World) -> None:
    await world.account_of_mario()
    pending = (await world.sign_in(" Mario.Rossi@Posta.Example ")).json()
    assert (pending["outcome"], pending["session_token"]) == ("code_required", None)
    assert pending["challenge"]["masked_destination"] == "320 ****600"
    assert (await world.newest("sms"))["to"] == "+393201234600"
    answer = await first_access(world)
    assert answer["outcome"] == "signed_in"
    assert await me(world, str(answer["session_token"])) == 200
    assert (await world.sign_in(MARIO)).json()["outcome"] == "signed_in"  # only the first access needs it


@pytest.mark.parametrize("username", ["3201234600", "+39 320 123 4600", "0039 320-1234600"])
async def test_a_mobile_username_can_be_written_in_any_way(world: World, username: str) -> None:
    await world.account_of_mario("320 1234600")
    assert (await world.sign_in(username)).json()["outcome"] == "code_required"


async def test_without_a_mobile_on_file_there_is_no_first_access(world: World) -> None:
    registration_id = (await world.register(**ELENA)).json()["registration_id"]
    await world.verify(registration_id, await world.newest_code())
    answer = (await world.sign_in(ELENA["contact"])).json()
    assert answer["outcome"] == "no_mobile"  # manual 10a
    assert answer["session_token"] is None


async def test_a_first_access_code_is_tried_five_times_and_a_new_one_can_be_asked(world: World) -> None:
    await world.account_of_mario()
    pending = (await world.sign_in(MARIO)).json()
    path = f"/v1/sign-in/{pending['sign_in_id']}"
    wrong = f"{(int(await world.newest_code()) + 1) % 10**6:06d}"
    outcomes = [(await world.gateway("POST", f"{path}/verification", {"code": wrong})).json() for _ in range(5)]
    assert [(answer["outcome"], answer["attempts_left"]) for answer in outcomes][-2:] == [
        ("wrong_code", 1),
        ("code_spent", 0),
    ]
    assert (await world.gateway("POST", f"{path}/code")).json()["outcome"] == "too_soon"
    world.clock.move(seconds=30)
    assert (await world.gateway("POST", f"{path}/code")).json()["outcome"] == "code_sent"
    code = await world.newest_code()
    answer = (await world.gateway("POST", f"{path}/verification", {"code": code})).json()
    assert answer["outcome"] == "signed_in"
    again = await world.gateway("POST", f"{path}/verification", {"code": code})
    assert (again.status_code, again.json()["code"]) == (404, "sign_in_unknown")


async def test_a_newer_sign_in_ends_an_unfinished_one(world: World) -> None:
    await world.account_of_mario()
    older = (await world.sign_in(MARIO)).json()
    older_code = await world.newest_code()
    await world.sign_in(MARIO)
    answer = await world.gateway("POST", f"/v1/sign-in/{older['sign_in_id']}/verification", {"code": older_code})
    assert answer.status_code == 404


async def test_after_five_failures_the_wait_doubles_up_to_fifteen_minutes(world: World) -> None:
    waits = []
    for _ in range(5):
        assert (await world.sign_in("nessuno@posta.example", "x")).json()["outcome"] == "rejected"
    for _ in range(12):
        answer = (await world.sign_in("nessuno@posta.example", "x")).json()
        assert answer["outcome"] == "wait"
        waits.append(answer["retry_after_seconds"] - 1)
        world.clock.move(seconds=answer["retry_after_seconds"])
        assert (await world.sign_in("nessuno@posta.example", "x")).json()["outcome"] == "rejected"
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_a_right_password_starts_the_count_afresh(world: World) -> None:
    await world.session_of_mario()
    for _ in range(3):
        for _ in range(4):
            assert (await world.sign_in(MARIO, "Sbagliata1")).json()["outcome"] == "rejected"
        assert (await world.sign_in(MARIO)).json()["outcome"] == "signed_in"


async def test_of_fifty_parallel_guesses_five_passwords_are_looked_at(world: World) -> None:
    await world.account_of_mario()
    answers = await asyncio.gather(*(world.sign_in(MARIO, f"Sbagliata{number}") for number in range(50)))
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert (outcomes.count("rejected"), outcomes.count("wait")) == (5, 45)


async def test_guessing_from_elsewhere_does_not_lock_the_customer_out(world: World) -> None:
    await world.account_of_mario()
    await first_access(world)
    for number in range(40):
        await world.sign_in(MARIO, "Sbagliata1", f"198.51.100.{number}")
    assert (await world.sign_in(MARIO, PASSWORD, "198.51.100.99")).json()["outcome"] == "wait"
    assert (await world.sign_in(MARIO)).json()["outcome"] == "signed_in"


async def test_the_customers_own_sign_ins_give_nobody_more_guesses(world: World) -> None:
    await world.account_of_mario()
    await first_access(world)
    outcomes = []
    for number in range(60):
        outcomes.append((await world.sign_in(MARIO, "Sbagliata1", f"198.51.100.{number}")).json()["outcome"])
        if number % 10 == 9:
            assert (await world.sign_in(MARIO)).json()["outcome"] == "signed_in"
    assert (outcomes.count("rejected"), outcomes.count("wait")) == (20, 40)


async def test_one_address_that_tries_many_usernames_is_slowed_down(a_world: AWorld) -> None:
    async with a_world(sign_in_address_failures=10) as world:
        outcomes = [
            (await world.sign_in(f"nome{number}@posta.example", "x", f"2001:db8::{number:x}")).json()["outcome"]
            for number in range(12)
        ]
    assert outcomes == ["rejected"] * 10 + ["wait"] * 2


async def test_a_session_ends_after_fifteen_minutes_without_use(world: World) -> None:
    token = await world.session_of_mario()
    world.clock.move(minutes=14)
    assert await me(world, token) == 200
    world.clock.move(minutes=14)
    assert await me(world, token) == 200
    world.clock.move(minutes=15)
    assert await me(world, token) == 401


async def test_a_session_ends_after_eight_hours_however_much_it_is_used(world: World) -> None:
    token = await world.session_of_mario()
    for _ in range(48):
        assert await me(world, token) == 200
        world.clock.move(minutes=10)
    assert await me(world, token) == 401


async def test_signing_out_ends_the_session_at_once_and_may_be_repeated(world: World) -> None:
    token = await world.session_of_mario()
    for _ in range(2):
        answer = await world.gateway("DELETE", "/v1/sessions/current", **{"X-Session-Token": token})
        assert (answer.status_code, answer.content) == (204, b"")
    assert await me(world, token) == 401


async def test_the_session_token_is_not_stored(world: World) -> None:
    token = await world.session_of_mario()
    async with world.services.database.read() as session:
        stored = (await session.scalars(select(SignInSession.token_sha256))).one()
    assert len(token) >= 43  # 256 bits
    assert token not in stored


async def test_the_customer_sees_policies_and_consultant(world: World) -> None:
    token = await world.session_of_mario()
    answer = await world.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})
    assert answer.json() == {
        "display_name": "Mario Rossi",
        "customer_type": "persona",
        "username_masked": "mar*****@po**.example",
        "policies": [
            {
                "number": "P1",
                "product": "Vita Serena",
                "line": "vita",
                "status": "attiva",
                "started_on": "2021-03-01",
                "expires_on": "2041-03-01",
                "annual_premium_cents": 120000,
            }
        ],
        "consultant": {
            "name": "Anna Neri",
            "agency": "Agenzia di Ferrara",
            "phone": "+393330000001",
            "email": "ferrara@agenzia.example",
        },
    }


async def test_a_hash_of_other_parameters_is_renewed_at_sign_in(world: World) -> None:
    await world.account_of_mario()
    old = PasswordHasher(time_cost=2, memory_cost=9000, parallelism=2).hash(PASSWORD)
    async with world.services.database.write() as session:
        await session.execute(update(Account).values(password_hash=old))
    assert (await world.sign_in(MARIO)).json()["outcome"] == "code_required"
    async with world.services.database.read() as session:
        assert "$m=8192,t=1,p=1$" in (await session.scalars(select(Account.password_hash))).one()


async def test_a_password_that_is_changed_while_it_is_looked_at_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.session_of_mario()
    passwords = world.services.passwords
    verify, new = passwords.verify, await passwords.hash("Lanterna7Verde")

    async def verify_slowly(stored: str | None, password: str) -> bool:
        right = await verify(stored, password)
        async with world.services.database.write() as session:  # a reset comes to its end
            await session.execute(update(Account).values(password_hash=new))
        return right

    monkeypatch.setattr(passwords, "verify", verify_slowly)
    assert (await world.sign_in(MARIO, PASSWORD)).json()["outcome"] == "rejected"
    assert (await world.sign_in(MARIO, "Lanterna7Verde")).json()["outcome"] == "signed_in"


async def test_parallel_sign_ins_that_renew_the_hash_all_succeed(world: World) -> None:
    await world.session_of_mario()
    async with world.services.database.write() as session:
        old = PasswordHasher(time_cost=2, memory_cost=9000, parallelism=2).hash(PASSWORD)
        await session.execute(update(Account).values(password_hash=old))
    answers = await asyncio.gather(*(world.sign_in(MARIO, PASSWORD, f"192.0.2.{number}") for number in range(4)))
    assert [answer.json()["outcome"] for answer in answers] == ["signed_in"] * 4


async def test_the_eleventh_session_of_an_account_ends_the_one_unused_for_longest(world: World) -> None:  # ASVS 7.1.2
    tokens = [await world.session_of_mario()]
    for _ in range(9):
        world.clock.move(seconds=10)
        tokens.append(str((await world.sign_in(MARIO)).json()["session_token"]))
    assert await me(world, tokens[0]) == 200  # used again: now the second is unused for longest
    world.clock.move(seconds=10)
    tokens.append(str((await world.sign_in(MARIO)).json()["session_token"]))
    assert [await me(world, token) for token in tokens] == [200, 401, *[200] * 9]


async def test_parallel_sign_ins_leave_ten_sessions(world: World) -> None:
    await world.session_of_mario()
    await asyncio.gather(*(world.sign_in(MARIO, PASSWORD, f"198.51.100.{number}") for number in range(15)))
    async with world.services.database.read() as session:
        assert len((await session.scalars(select(SignInSession.id))).all()) == 10
