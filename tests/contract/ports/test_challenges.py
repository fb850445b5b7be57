"""The contract of verification codes, made by us and by the insurer's service."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from areaclienti.domain.contacts import parse_contact
from areaclienti.identity import challenges
from areaclienti.identity.challenges import Check, Issue
from areaclienti.identity.db.models import Challenge, Contact, LimitEvent, OutboxMessage
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.ports.references import contact_row
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile
from areaclienti.identity.work import Work
from tests.contract.ports.conftest import Sides, on_both_databases

MOBILE = "+393201234600"
EMAIL = "mario.rossi@posta.example"


async def issue(
    sides: Sides, session: str = "session-1", key: str = MOBILE, purpose: Any = "registration", again: bool = False
) -> Issue:
    """A code to one of Mario's contacts."""

    async def act(work: Work) -> Issue:
        mario = await work.ports.registry.customer(work, "1")
        assert mario is not None
        contact = mario.contact(key)
        assert contact is not None
        return await challenges.issue(work, purpose, session, await contact_row(work, mario, contact), again=again)

    return await sides.product.do(act)


async def check(sides: Sides, code: str, session: str = "session-1", purpose: Any = "registration") -> Check:
    return await sides.product.do(lambda work: challenges.check(work, purpose, session, code))


async def newest_code(sides: Sides) -> str:
    found = re.search(r"\b\d{6}\b", (await sides.mail())[0]["text"])
    assert found
    return found[0]


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**6:06d}"


async def test_a_code_arrives_once_and_is_right_once(sides: Sides) -> None:
    issued = (await issue(sides)).challenge
    assert issued is not None
    assert (issued.channel, issued.life_minutes, issued.attempts_left) == ("sms", 5, 5)
    assert [(message["channel"], message["to"]) for message in await sides.mail()] == [("sms", MOBILE)]
    code = await newest_code(sides)
    first = await check(sides, wrong(code))
    assert (first.outcome, first.attempts_left) == ("wrong_code", 4)
    right = await check(sides, code)
    assert (right.outcome, right.contact and right.contact.key) == ("right", MOBILE)
    with pytest.raises(Refused, match="no_challenge"):
        await check(sides, code)


async def test_an_email_lives_ten_minutes_and_then_is_over(sides: Sides) -> None:
    issued = (await issue(sides, key=EMAIL)).challenge
    assert issued is not None
    assert (issued.channel, issued.life_minutes) == ("email", 10)
    code = await newest_code(sides)
    sides.clock.move(minutes=10)
    assert (await check(sides, code)).outcome == "code_expired"


@on_both_databases
async def test_of_many_parallel_guesses_five_are_evaluated(sides: Sides) -> None:
    await issue(sides)
    code = await newest_code(sides)
    guesses = [wrong(code, by) for by in range(1, 21)]
    outcomes = Counter(one.outcome for one in await asyncio.gather(*(check(sides, guess) for guess in guesses)))
    assert outcomes == {"wrong_code": 4, "code_spent": 16}
    assert (await check(sides, code)).outcome == "code_spent"
    async with sides.insurer.database.read() as session:
        assert await session.scalar(select(Challenge.attempts_used)) == 5


@on_both_databases
async def test_of_many_parallel_right_codes_one_is_right(sides: Sides) -> None:
    await issue(sides)
    code = await newest_code(sides)
    answers = await asyncio.gather(*(check(sides, code) for _ in range(10)), return_exceptions=True)
    assert [answer.outcome for answer in answers if isinstance(answer, Check)] == ["right"]
    assert all(isinstance(answer, Check) or "no_challenge" in str(answer) for answer in answers)


async def test_a_code_is_of_no_use_for_another_purpose_or_session(sides: Sides) -> None:
    await issue(sides)
    code = await newest_code(sides)
    await issue(sides, "session-2", EMAIL)
    with pytest.raises(Refused, match="no_challenge"):
        await check(sides, code, purpose="first_access")
    assert (await check(sides, code, "session-2")).outcome == "wrong_code"


async def test_a_new_code_makes_the_old_one_worthless(sides: Sides) -> None:
    await issue(sides)
    old = await newest_code(sides)
    sides.clock.move(seconds=31)
    assert (await issue(sides, again=True)).outcome == "code_sent"
    assert (await check(sides, old)).outcome == "wrong_code"
    assert (await check(sides, await newest_code(sides))).outcome == "right"


async def test_the_days_cap_of_a_contact_is_ours_whoever_keeps_the_codes(sides: Sides) -> None:
    for number in (1, 2, 3):
        await issue(sides, f"session-{number}")
    code = await newest_code(sides)
    for number in (1, 2):
        for by in range(1, 6):
            await check(sides, wrong(code, by), f"session-{number}")
    asked = len(sides.server.asked) if sides.server else 0
    assert (await check(sides, code, "session-3")).outcome == "limit_reached"
    assert not sides.server or len(sides.server.asked) == asked


async def test_nothing_goes_to_a_contact_that_was_only_typed_and_no_code_is_right(sides: Sides) -> None:
    typed = parse_contact("nessuno@posta.example")
    issued = await sides.product.do(
        lambda work: challenges.issue(work, "registration", "session-1", typed, again=False)
    )
    assert issued.outcome == "code_sent"
    assert await sides.mail() == []
    outcomes = [(await check(sides, f"{number:06d}")).outcome for number in range(5)]
    assert outcomes == ["wrong_code"] * 4 + ["code_spent"]


# --- the insurer's service alone ------------------------------------------------------------------------------------

over_http = pytest.mark.parametrize("sides", ["http"], indirect=True)


@over_http
async def test_a_code_of_the_insurer_is_nowhere_here(sides: Sides) -> None:
    await issue(sides)
    code = await newest_code(sides)
    async with sides.product.database.read() as session:
        assert (await session.scalars(select(Challenge.code_hmac))).all() == ["elsewhere"]
    async with sides.product.database.write() as session:
        outbox = (await session.scalars(select(OutboxMessage))).one()
    assert (outbox.status, outbox.sealed) == ("sent", None)
    assert (await check(sides, code)).outcome == "right"


@over_http
async def test_a_check_that_is_not_answered_costs_no_attempt(sides: Sides) -> None:
    await issue(sides)
    code = await newest_code(sides)
    assert sides.server
    sides.server.failing = "/v1/codes/check"
    for _ in range(6):
        with pytest.raises(BackEndUnavailable):
            await check(sides, code)
    async with sides.product.database.read() as session:
        assert await session.scalar(select(Challenge.attempts_used)) == 0
        counted = select(func.count()).select_from(LimitEvent).where(LimitEvent.kind == "code_check")
        assert await session.scalar(counted) == 0
    sides.server.failing = None
    answer = await check(sides, code)
    assert (answer.outcome, answer.attempts_left) == ("right", 4)


@over_http
async def test_an_answer_that_was_lost_is_given_again(sides: Sides) -> None:
    """The service found the code right, and the product died before it could store that."""
    await issue(sides)
    code = await newest_code(sides)

    async def dies(work: Work) -> None:
        assert (await challenges.check(work, "registration", "session-1", code)).outcome == "right"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await sides.product.do(dies)
    assert (await check(sides, code)).outcome == "right"


@over_http
async def test_a_code_that_could_not_be_asked_for_is_asked_for_again_until_it_would_be_late(sides: Sides) -> None:
    await sides.refused_once("/v1/codes/send", lambda: issue(sides))
    sides.clock.move(minutes=2)
    assert len(await sides.mail()) == 1
    await sides.refused_once("/v1/codes/send", lambda: issue(sides, "session-2"))
    sides.clock.move(minutes=5)
    assert len(await sides.mail()) == 1
    async with sides.product.database.read() as session:
        assert sorted((await session.scalars(select(OutboxMessage.status))).all()) == ["dropped", "sent"]


@over_http
async def test_a_decoy_asks_what_a_real_code_asks(sides: Sides) -> None:
    assert sides.server
    await issue(sides)
    await sides.mail()
    typed = parse_contact("320 9999999")
    await sides.product.do(lambda work: challenges.issue(work, "registration", "decoy", typed, again=False))
    asked = []
    for session in ("session-1", "decoy"):
        sides.server.asked.clear()
        await check(sides, "000000", session)
        asked.append(list(sides.server.asked))
    assert asked[0] == asked[1] == ["/v1/codes/check"]


@over_http
async def test_a_code_without_a_registry_beside_the_service_is_sent_all_the_same(sides: Sides) -> None:
    async with sides.insurer.database.write() as session:
        for contact in await session.scalars(select(Contact).where(Contact.key == MOBILE)):
            contact.key = "+393200000000"

    async def act(work: Work) -> Issue:
        contact = ContactOnFile("mobile", MOBILE, MOBILE, False)
        mario = CustomerOnFile("1", "persona", "Mario", "Rossi", None, True, (contact,))
        row = await contact_row(work, mario, contact)
        return await challenges.issue(work, "registration", "session-1", row, again=False)

    assert (await sides.product.do(act)).outcome == "code_sent"
    assert (await check(sides, await newest_code(sides))).outcome == "right"
