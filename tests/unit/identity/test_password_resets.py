"""A forgotten password: the same answers whoever asks, the code to the mobile, limits, races, what ends with it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from sqlalchemy import select, text, update

from areaclienti.identity import limits
from areaclienti.identity.db.models import Account, Challenge, PasswordReset
from tests.unit.identity.statements import statements_of
from tests.unit.identity.world import ELENA, MARIO, PASSWORD, World

AWorld = Callable[..., AbstractAsyncContextManager[World]]

NEW = "Lanterna7Verde"
USERNAME = MARIO["contact"]
NOBODY = "nessuno@posta.example"


async def begin(world: World, username: str = USERNAME, client_address: str = "192.0.2.1") -> dict[str, Any]:
    asked = {"username": username, "client_address": client_address}
    answer = await world.gateway("POST", "/v1/password-resets", asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def verify(world: World, reset_id: str, code: str) -> httpx.Response:
    return await world.gateway("POST", f"/v1/password-resets/{reset_id}/verification", {"code": code})


async def choose(world: World, reset_id: str, password: str = NEW, address: str = "192.0.2.1") -> httpx.Response:
    asked = {"password": password, "client_address": address}
    return await world.gateway("PUT", f"/v1/password-resets/{reset_id}/password", asked)


async def confirmed(world: World, username: str = USERNAME) -> str:
    reset_id = str((await begin(world, username))["reset_id"])
    assert (await verify(world, reset_id, await world.newest_code())).json()["outcome"] == "confirmed"
    return reset_id


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_new_password_replaces_the_old_one_ends_all_sessions_and_tells_the_owner(world: World) -> None:
    token = await world.session_of_mario()
    reset_id = await confirmed(world)
    assert (await world.newest("sms"))["to"] == "+393201234600"
    assert (await choose(world, reset_id)).status_code == 204
    told = await world.newest("email")
    assert (told["to"], told["subject"]) == (USERNAME, "La tua password dell'Area Clienti è cambiata")
    assert (await world.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})).status_code == 401
    assert (await world.sign_in(USERNAME, PASSWORD)).json()["outcome"] == "rejected"
    assert (await world.sign_in(USERNAME, NEW)).json()["outcome"] == "signed_in"


async def test_a_reset_before_the_first_access_leaves_the_first_access_to_be_done(world: World) -> None:
    await world.account_of_mario()
    pending = (await world.sign_in(USERNAME)).json()
    code = await world.newest_code()
    await choose(world, await confirmed(world))
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    assert (await world.gateway("POST", path, {"code": code})).status_code == 404  # who knew the old password
    assert (await world.sign_in(USERNAME, NEW)).json()["outcome"] == "code_required"


async def a_story(world: World, username: str) -> list[tuple[int, Any]]:
    """Everything that can be asked without knowing a code, as it is answered; ids left out."""
    told: list[tuple[int, Any]] = []

    def keep(answer: httpx.Response) -> dict[str, Any]:
        body = dict(answer.json())
        told.append((answer.status_code, {key: value for key, value in body.items() if key != "reset_id"}))
        return body

    asked = {"username": username, "client_address": "192.0.2.1"}
    reset_id = keep(await world.gateway("POST", "/v1/password-resets", asked))["reset_id"]
    path = f"/v1/password-resets/{reset_id}"
    for pause in (0, 31, 61, 121, 121):
        world.clock.move(seconds=pause)
        keep(await world.gateway("POST", f"{path}/code"))
        # Against a code that the mobile really got: 000000 is right once in a million runs.
        for _ in range(6):
            keep(await verify(world, reset_id, "000000"))
    world.clock.move(minutes=5)
    keep(await verify(world, reset_id, "000000"))
    keep(await choose(world, reset_id))
    return told


async def test_nobody_can_tell_who_has_an_account_a_mobile_or_limits_that_are_used_up(world: World) -> None:
    await world.account_of_mario()
    registration_id = (await world.register("conv-2", **ELENA)).json()["registration_id"]
    await world.verify(registration_id, await world.newest_code(), "conv-2")
    known, no_mobile, nobody = [await a_story(world, name) for name in (USERNAME, ELENA["contact"], NOBODY)]
    unregistered = await a_story(world, "carlo.verdi@posta.example")
    world.clock.move(hours=25)
    async with world.services.work() as work:  # others have used up the codes and checks of the mobile's day
        for kind in (limits.CODE_SENT, limits.CODE_CHECK):
            for _ in range(10):
                limits.count(work, kind, "+393201234600")
    used_up = await a_story(world, USERNAME)
    nonsense = await a_story(world, "not a contact")
    assert known == no_mobile == nobody == unregistered == used_up == nonsense
    seen = {body["outcome"] for _, body in known if "outcome" in body}
    assert seen == {"code_sent", "too_soon", "limit_reached", "wrong_code", "code_spent"}


async def test_the_same_statements_run_for_nobody_as_for_a_customer(world: World) -> None:
    """What the time could tell, without a clock; the floor of the answers lies above both."""
    await world.account_of_mario()
    await world.mail()
    seen = {}
    for username in (NOBODY, USERNAME, "not a contact"):
        with statements_of(world.services.database) as begun:
            reset_id = str((await begin(world, username))["reset_id"])
        await world.mail()
        with statements_of(world.services.database) as checked:
            await verify(world, reset_id, "000000")
        seen[username] = (begun, checked)
    assert seen[USERNAME] == seen[NOBODY] == seen["not a contact"]
    with statements_of(world.services.database) as other:
        await begin(world, ELENA["contact"], "192.0.2.9")
    assert other == seen[NOBODY][0]


async def test_no_answer_comes_before_the_floor(a_world: AWorld) -> None:
    async with a_world(answer_floor_seconds=0.25) as world:
        began = time.perf_counter()
        await begin(world, NOBODY)
        assert time.perf_counter() - began >= 0.25


async def test_who_has_no_mobile_is_pointed_to_the_agency_by_mail_once_a_day(world: World) -> None:
    registration_id = (await world.register(**ELENA)).json()["registration_id"]
    await world.verify(registration_id, await world.newest_code())
    before = len(await world.mail())
    for _ in range(3):
        await begin(world, ELENA["contact"])
    told = (await world.mail())[: len(await world.mail()) - before]
    assert [(each["to"], each["subject"]) for each in told] == [
        (ELENA["contact"], "Per scegliere una nuova password serve il tuo cellulare")
    ]
    world.clock.move(days=1, minutes=1)
    await begin(world, ELENA["contact"])
    assert len(await world.mail()) == before + 2


async def test_nothing_is_sent_for_a_username_that_nobody_has(world: World) -> None:
    await begin(world, NOBODY)
    assert await world.mail() == []


async def test_a_reset_code_opens_nothing_else_and_no_other_code_resets(world: World) -> None:
    await world.account_of_mario()
    pending = (await world.sign_in(USERNAME)).json()
    first_access = await world.newest_code()
    reset_id = str((await begin(world))["reset_id"])
    reset = await world.newest_code()
    if first_access != reset:
        assert (await verify(world, reset_id, first_access)).json()["outcome"] == "wrong_code"
        answer = await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", {"code": reset})
        assert answer.json()["outcome"] == "wrong_code"


async def test_the_code_of_one_reset_is_of_no_use_for_another(world: World) -> None:
    await world.account_of_mario()
    first = str((await begin(world))["reset_id"])
    code = await world.newest_code()
    second = str((await begin(world))["reset_id"])
    if await world.newest_code() != code:
        assert (await verify(world, second, code)).json()["outcome"] == "wrong_code"
    assert (await verify(world, first, code)).json()["outcome"] == "confirmed"


async def test_a_new_code_replaces_the_one_before(world: World) -> None:
    await world.account_of_mario()
    reset_id = str((await begin(world))["reset_id"])
    older = await world.newest_code()
    world.clock.move(seconds=31)
    await world.gateway("POST", f"/v1/password-resets/{reset_id}/code")
    newer = await world.newest_code()
    if newer != older:
        assert (await verify(world, reset_id, older)).json() == {"outcome": "wrong_code", "attempts_left": 4}
    assert (await verify(world, reset_id, newer)).json()["outcome"] == "confirmed"


async def test_resets_leave_codes_of_the_day_for_the_owner(world: World) -> None:
    await world.account_of_mario()
    for number in range(20):
        await begin(world, USERNAME, f"198.51.100.{number}")
        world.clock.move(minutes=15)
    async with world.services.database.read() as session:
        reset_codes = await session.scalars(select(Challenge.id).where(Challenge.purpose == "password_reset"))
        assert len(reset_codes.all()) == 3
    assert (await world.sign_in(USERNAME)).json()["outcome"] == "code_required"


async def test_guessing_at_resets_leaves_checks_of_the_day_for_the_owner(world: World) -> None:
    await world.account_of_mario()
    outcomes = Counter[str]()
    for number in range(4):
        begun = await begin(world, USERNAME, f"198.51.100.{number}")
        for _ in range(5 if begun["reset_id"] else 0):
            outcomes[(await verify(world, begun["reset_id"], "000000")).json()["outcome"]] += 1
        world.clock.move(minutes=15)
    assert outcomes["wrong_code"] >= 4
    pending = (await world.sign_in(USERNAME)).json()
    assert pending["outcome"] == "code_required"
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    answer = await world.gateway("POST", path, {"code": await world.newest_code()})
    assert answer.json()["outcome"] == "signed_in"


async def test_guesses_are_counted_for_a_username_whether_somebody_has_it_or_not(world: World) -> None:
    await world.account_of_mario()
    seen = []
    for username in (USERNAME, NOBODY):
        begun = await begin(world, username, f"198.51.100.{len(seen)}")
        first = [(await verify(world, begun["reset_id"], "000000")).json() for _ in range(5)]
        world.clock.move(minutes=2)
        path = f"/v1/password-resets/{begun['reset_id']}/code"
        again = (await world.gateway("POST", path)).json()["outcome"]
        other = await begin(world, username, f"203.0.113.{len(seen)}")
        seen.append((first, again, other["outcome"], other["reset_id"]))
        world.clock.move(minutes=-2)
    assert seen[0] == seen[1]
    assert seen[0][1:] == ("limit_reached", "wait", None)
    world.clock.move(hours=25)
    assert (await begin(world))["outcome"] == "code_sent"


async def test_of_a_hundred_parallel_guesses_five_are_looked_at(world: World) -> None:
    await world.account_of_mario()
    reset_id = str((await begin(world))["reset_id"])
    guess = wrong(await world.newest_code())
    answers = await asyncio.gather(*(verify(world, reset_id, guess) for _ in range(100)))
    assert Counter(answer.json()["outcome"] for answer in answers) == {"wrong_code": 4, "code_spent": 96}
    async with world.services.database.read() as session:
        assert (await session.scalars(select(PasswordReset.attempts_used))).one() == 5
        assert (
            await session.scalars(select(Challenge.attempts_used).where(Challenge.purpose == "password_reset"))
        ).one() == 5


async def test_reading_comparing_and_then_writing_would_look_at_more_than_five(world: World) -> None:
    """The control: the naive way fails under the same load, so the test above can fail."""
    await world.account_of_mario()
    await begin(world)
    looked_at = 0

    async def naive_verify() -> None:
        nonlocal looked_at
        async with world.services.database.read() as session:
            reset = (await session.scalars(select(PasswordReset))).one()
        if reset.attempts_used >= 5:
            return
        looked_at += 1
        async with world.services.database.write() as session:
            await session.execute(update(PasswordReset).values(attempts_used=reset.attempts_used + 1))

    await asyncio.gather(*(naive_verify() for _ in range(100)))
    assert looked_at > 5


async def test_of_ten_passwords_chosen_at_once_one_is_set(world: World) -> None:
    await world.account_of_mario()
    reset_id = await confirmed(world)
    chosen = [f"Lanterna{number}Verde" for number in range(10)]
    answers = await asyncio.gather(*(choose(world, reset_id, password) for password in chosen))
    assert Counter(answer.status_code for answer in answers) == {204: 1, 404: 9}


async def test_a_password_that_breaks_the_rules_leaves_the_reset_open(world: World) -> None:
    await world.account_of_mario()
    reset_id = await confirmed(world)
    for password, rules in (("Ciao", ["min_length", "digit"]), ("Xy3207654450", ["too_personal"])):
        answer = await choose(world, reset_id, password)
        assert (answer.status_code, answer.json()["failed_rules"]) == (422, rules)
    assert (await choose(world, reset_id)).status_code == 204


async def test_a_confirmed_reset_ends_after_fifteen_minutes(world: World) -> None:
    await world.account_of_mario()
    reset_id = await confirmed(world)
    world.clock.move(minutes=15)
    assert (await choose(world, reset_id)).json()["code"] == "reset_unknown"


async def test_an_account_deactivated_meanwhile_gets_no_password(world: World) -> None:
    await world.account_of_mario()
    reset_id = await confirmed(world)
    async with world.services.database.write() as session:
        await session.execute(
            text(
                "UPDATE accounts SET customer_id = NULL, former_customer_id = customer_id, username = NULL,"
                " username_key = NULL, password_hash = NULL, deactivated_at = created_at"
            )
        )
    assert (await choose(world, reset_id)).json()["code"] == "reset_unknown"
    async with world.services.database.read() as session:
        assert (await session.scalars(select(Account.password_hash))).one() is None


async def test_whoever_guessed_at_the_old_password_does_not_make_the_owner_wait_with_the_new_one(world: World) -> None:
    await world.account_of_mario()
    for number in range(40):
        await world.sign_in(USERNAME, "Sbagliata1", f"198.51.100.{number}")
    assert (await world.sign_in(USERNAME, PASSWORD)).json()["outcome"] == "wait"
    await choose(world, await confirmed(world))
    assert (await world.sign_in(USERNAME, NEW)).json()["outcome"] == "code_required"


async def test_an_address_may_ask_ten_times_an_hour_whoever_it_asks_for(world: World) -> None:
    outcomes = [(await begin(world, f"nome{n}@posta.example", f"2001:db8::{n:x}"))["outcome"] for n in range(12)]
    assert outcomes == ["code_sent"] * 10 + ["wait"] * 2
    assert (await begin(world, NOBODY, "192.0.2.7"))["outcome"] == "code_sent"
    world.clock.move(hours=1, seconds=1)
    assert (await begin(world, NOBODY, "2001:db8::1"))["outcome"] == "code_sent"
