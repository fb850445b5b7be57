"""What may be asked how often: by address, by contact, by tax code, and by SMS as a whole; also all at once."""

from __future__ import annotations

import asyncio
import io
import logging as standard_logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from stdnum.it import codicefiscale

from areaclienti import logging
from areaclienti.identity import addresses, challenges, housekeeping, limits, telling
from areaclienti.identity.db.models import AuditEvent, Challenge, ClientAddress, Contact, LimitEvent, OutboxMessage
from areaclienti.identity.delivery import outbox
from areaclienti.identity.work import Work
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import MARIO, MARIO_TAX_CODE, PASSWORD, World, running, settings_for

AWorld = Callable[..., AbstractAsyncContextManager[World]]

NOBODYS_TAX_CODES = [f"VRDLGU{year:02d}A01F205" for year in range(60, 80)]


def tax_codes(count: int) -> list[str]:
    """Well-formed codes that nobody has."""
    return [code + codicefiscale.calc_check_digit(code) for code in NOBODYS_TAX_CODES[:count]]


async def begin(world: World, conversation: str, client_address: str | None, **claims: str) -> str:
    """Begins a registration from an address; gives the outcome."""
    asked = (
        MARIO
        | claims
        | {
            "conversation_id": conversation,
            "channel": "web",
            "password_reference": await world.deposit("password", PASSWORD, conversation, client_address),
            "acknowledgement_id": await world.acknowledge(conversation),
        }
    )
    return str((await world.actions("/v1/registrations", asked, conversation)).json()["outcome"])


async def contact(work: Work, value: str) -> Contact:
    return (await work.session.scalars(select(Contact).where(Contact.value == value).limit(1))).one()


async def issued(world: World, number: int, value: str, address: str | None = None) -> str:
    async with world.services.work() as work:
        source = addresses.hmac_of(work, address) if address else None
        found = await contact(work, value)
        issue = await challenges.issue(work, "registration", f"session-{number}", found, again=False, address=source)
        return issue.outcome


async def counted(world: World, kind: str) -> int:
    async with world.services.database.read() as session:
        query = select(func.count()).select_from(LimitEvent).where(LimitEvent.kind == kind)
        return await session.scalar(query) or 0


async def audited(world: World, event: str) -> list[str | None]:
    async with world.services.database.read() as session:
        query = select(AuditEvent.reason).where(AuditEvent.event == event).order_by(AuditEvent.id)
        return list(await session.scalars(query))


# --- by address -------------------------------------------------------------------------------------------------------

CONTACTS = ["mario.rossi@posta.example", "320 1234600", "320 7654450"]


@pytest.mark.parametrize(
    "of_number",
    [
        lambda _: "192.0.2.7",
        lambda number: f"2001:db8:1:2::{number:x}",  # one subscriber has 2^64 of them
        lambda _: "wa:393331234567",
        lambda _: None,  # all that have none on record are one
    ],
    ids=["IPv4", "IPv6 /64", "a channel's user", "unknown"],
)
async def test_one_address_gets_ten_codes_an_hour_whatever_the_contact(
    world: World, of_number: Callable[[int], str | None]
) -> None:
    outcomes = []
    for number in range(11):
        outcomes.append(await begin(world, f"conv-{number}", of_number(number), contact=CONTACTS[number % 3]))
    assert outcomes == ["code_sent"] * 10 + ["limit_reached"]
    assert await begin(world, "conv-elsewhere", "198.51.100.1", contact=CONTACTS[2]) == "code_sent"
    world.clock.move(hours=1)
    assert await begin(world, "conv-later", of_number(99), contact="320 1234600") == "code_sent"


async def test_the_newest_secret_says_where_a_conversation_is(world: World) -> None:
    for number in range(10):
        await begin(world, f"conv-{number}", "192.0.2.7", contact=CONTACTS[number % 3])
    await world.deposit("password", PASSWORD, "moved", "192.0.2.7")
    assert await begin(world, "moved", "198.51.100.1", contact=CONTACTS[1]) == "code_sent"
    await world.deposit("password", PASSWORD, "moved-here", "198.51.100.1")
    assert await begin(world, "moved-here", "192.0.2.7", contact=CONTACTS[2]) == "limit_reached"


async def test_a_sign_in_is_counted_where_it_comes_from(a_world: AWorld) -> None:
    async with a_world(codes_per_hour_of_address=1) as world:
        await world.account_of_mario()
        first = (await world.sign_in("mario.rossi@posta.example", client_address="192.0.2.7")).json()
        assert first["outcome"] == "code_required"
        assert (await world.sign_in("mario.rossi@posta.example", client_address="192.0.2.7")).json()[
            "outcome"
        ] == "wait"
        again = await world.gateway("POST", f"/v1/sign-in/{first['sign_in_id']}/code", {})
        assert again.json()["outcome"] == "too_soon"
        world.clock.move(seconds=30)
        again = await world.gateway("POST", f"/v1/sign-in/{first['sign_in_id']}/code", {})
        assert again.json()["outcome"] == "limit_reached"


async def test_of_an_address_only_an_hmac_is_kept_and_for_two_days(world: World) -> None:
    await world.deposit("password", PASSWORD, "conv-1", "192.0.2.7")
    async with world.services.database.read() as session:
        kept = (await session.scalars(select(ClientAddress))).one()
    assert (kept.session_id, len(kept.address_hmac)) == ("conv-1", 64)
    world.clock.move(days=2)
    async with world.services.work() as work:
        await housekeeping.sweep(work)
    async with world.services.database.read() as session:
        assert (await session.scalars(select(ClientAddress))).all() == []


async def test_five_tax_codes_a_day_from_one_address_whatever_the_conversation(world: World) -> None:
    outcomes = []
    for number, tax_code in enumerate([*tax_codes(5), MARIO_TAX_CODE]):
        outcomes.append(await identified(world, f"conv-{number}", tax_code, "192.0.2.7"))
    assert outcomes == ["not_identified"] * 5 + ["limit_reached"]
    assert await identified(world, "conv-elsewhere", MARIO_TAX_CODE, "198.51.100.1") == "identified"
    world.clock.move(days=1)
    assert await identified(world, "conv-later", MARIO_TAX_CODE, "192.0.2.7") == "identified"


async def test_a_full_address_cannot_use_up_the_tries_of_somebody_elses_tax_code(world: World) -> None:
    for number, tax_code in enumerate([*tax_codes(5), *[MARIO_TAX_CODE] * 6]):
        await identified(world, f"conv-{number}", tax_code, "192.0.2.7")
    assert await identified(world, "mario", MARIO_TAX_CODE, "198.51.100.1") == "identified"


async def identified(world: World, conversation: str, tax_code: str, client_address: str) -> str:
    """Tries a tax code in a registration that matched nobody."""
    registration_id = (await world.register(conversation, contact="nessuno@posta.example")).json()["registration_id"]
    return await tried(world, registration_id, conversation, tax_code, client_address)


async def tried(world: World, registration_id: str, conversation: str, tax_code: str, client_address: str) -> str:
    reference = await world.deposit("tax_code", tax_code, conversation, client_address)
    path = f"/v1/registrations/{registration_id}/identification"
    return str((await world.actions(path, {"tax_code_reference": reference}, conversation)).json()["outcome"])


# --- all at once ------------------------------------------------------------------------------------------------------


async def at_once(*acts: Awaitable[str]) -> Counter[str]:
    return Counter(await asyncio.gather(*acts))


async def naive(world: World, kind: str, allowed: int) -> str:
    """The control: what a limit is without the lock and the write that it is counted in."""
    async with world.services.database.read() as session:
        query = select(func.count()).select_from(LimitEvent).where(LimitEvent.kind == kind)
        full = (await session.scalar(query) or 0) >= allowed
    if full:
        return "limit_reached"
    async with world.services.database.write() as session:
        session.add(LimitEvent(kind=kind, key_hmac="0" * 64, at=world.clock.now))
    return "passed"


async def test_of_forty_parallel_codes_of_one_address_exactly_ten_are_sent(a_world: AWorld) -> None:
    async with a_world(code_sends_per_day=100, code_resends_per_10_minutes=100) as world:
        values = ["mario.rossi@posta.example", "+393201234600", "+393207654450", "paolo.gallo@posta.example"]
        outcomes = await at_once(*(issued(world, n, values[n % 4], "192.0.2.7") for n in range(40)))
        assert outcomes == {"code_sent": 10, "limit_reached": 30}
        assert await counted(world, limits.CODE_FROM) == 10


async def test_of_forty_parallel_codes_of_one_contact_exactly_four_are_sent(world: World) -> None:
    outcomes = await at_once(*(issued(world, n, "mario.rossi@posta.example", f"192.0.2.{n}") for n in range(40)))
    assert outcomes == {"code_sent": 4, "limit_reached": 36}  # the first, and three more in ten minutes


async def test_of_forty_parallel_checks_of_one_contacts_codes_exactly_ten_are_evaluated(world: World) -> None:
    for number in range(4):
        await issued(world, number, "mario.rossi@posta.example")
    wrong = {number: f"{number:06d}" for number in range(4)}

    async def check(number: int) -> str:
        async with world.services.work() as work:
            return (await challenges.check(work, "registration", f"session-{number % 4}", wrong[number % 4])).outcome

    outcomes = await at_once(*(check(number) for number in range(40)))
    assert await counted(world, limits.CODE_CHECK) == 10
    assert outcomes["wrong_code"] + outcomes["right"] <= 10
    assert outcomes["limit_reached"] > 0


async def test_of_twelve_parallel_tries_of_one_tax_code_exactly_three_are_looked_up(world: World) -> None:
    registrations = []
    for number in range(12):
        claims = {"contact": "nessuno@posta.example", "given_name": "Ugo"}
        answer = await world.register(f"conv-{number}", **claims)
        registrations.append(answer.json()["registration_id"])
    outcomes = await at_once(
        *(
            tried(world, registration_id, f"conv-{number}", MARIO_TAX_CODE, f"192.0.2.{number}")
            for number, registration_id in enumerate(registrations)
        )
    )
    assert outcomes == {"not_identified": 3, "limit_reached": 9}
    assert (await audited(world, "identification")).count("name_differs") == 3


async def test_of_twelve_parallel_tax_codes_of_one_address_exactly_five_are_looked_up(world: World) -> None:
    registrations = [
        (await world.register(f"conv-{number}", contact="nessuno@posta.example")).json()["registration_id"]
        for number in range(12)
    ]
    outcomes = await at_once(
        *(
            tried(world, registration_id, f"conv-{number}", tax_code, "192.0.2.7")
            for number, (registration_id, tax_code) in enumerate(zip(registrations, tax_codes(12), strict=True))
        )
    )
    assert outcomes == {"not_identified": 5, "limit_reached": 7}


@pytest.mark.parametrize("allowed", [3, 10])
async def test_counting_first_and_writing_afterwards_would_let_more_pass(world: World, allowed: int) -> None:
    """The control: the naive way fails under the same load, so the tests above can fail."""
    outcomes = await at_once(*(naive(world, "naive", allowed) for _ in range(40)))
    assert outcomes["passed"] > allowed


# --- SMS as a whole ---------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    handlers = standard_logging.getLogger().handlers[:]
    stream = io.StringIO()
    logging.configure("identity", stream=stream)
    yield stream
    standard_logging.getLogger().handlers[:] = handlers


async def notice(world: World, value: str = "+393201234600") -> bool:
    async with world.services.work() as work:
        return await telling.tell(work, await contact(work, value), "account_created")


async def test_notices_by_sms_stop_first_then_codes_and_e_mail_never(a_world: AWorld, logged: io.StringIO) -> None:
    async with a_world(sms_per_day=10, code_sends_per_day=100, code_resends_per_10_minutes=100) as world:
        logging.configure("identity", stream=logged)
        told = [await notice(world) for _ in range(10)]
        assert told == [True] * 9 + [False]  # the tenth is kept for a code
        assert await issued(world, 1, "+393201234600") == "code_sent"
        assert [await issued(world, n, "+393207654450") for n in (2, 3, 4)] == ["limit_reached"] * 3
        assert await issued(world, 5, "mario.rossi@posta.example") == "code_sent"
        assert await notice(world, "mario.rossi@posta.example")

        assert await audited(world, "notice_dropped") == ["sms_budget"]
        assert await audited(world, "sms_budget") == ["notices_stopped", "codes_stopped"]  # once each
        assert logged.getvalue().count("sms_budget_spent") == 2
        async with world.services.database.read() as session:
            sent = await session.scalar(select(func.count()).where(OutboxMessage.channel == "sms"))
        assert sent == 10

        world.clock.move(days=1)
        assert await notice(world) and await issued(world, 6, "+393201234600") == "code_sent"


async def test_the_breaker_that_opens_again_another_day_is_told_again(a_world: AWorld) -> None:
    async with a_world(sms_per_day=1) as world:
        for _ in range(2):
            assert [await issued(world, n, "+393201234600") for n in (1, 2, 3)] == ["code_sent", *["limit_reached"] * 2]
            world.clock.move(days=1, seconds=1)
        assert await audited(world, "sms_budget") == ["codes_stopped"] * 2


async def test_without_a_share_for_notices_none_goes_out_by_sms(a_world: AWorld) -> None:
    async with a_world(sms_notice_share=0) as world:
        assert not await notice(world)
        assert await issued(world, 1, "+393201234600") == "code_sent"


@pytest.mark.parametrize("number", ["+447911123456", "+39061234567", "+3933312345678901", "3331234567"])
async def test_nothing_is_sent_to_a_number_that_is_no_italian_mobile(world: World, number: str) -> None:
    async with world.services.work() as work:
        mario = await contact(work, "mario.rossi@posta.example")
        foreign = Contact(customer_id=mario.customer_id, kind="mobile", value=number, key=number)
        work.session.add(foreign)
    assert await issued(world, 1, number) == "limit_reached"
    assert not await notice(world, number)
    assert await audited(world, "notice_dropped") == ["not_reachable"]
    with pytest.raises(ValueError, match="Italian mobiles only"):
        async with world.services.work() as work:
            await enqueue(work, await contact(work, number))
    async with world.services.database.read() as session:
        assert (await session.scalars(select(OutboxMessage))).all() == []


async def test_nothing_is_sent_to_a_contact_that_is_not_on_file(world: World) -> None:
    with pytest.raises(ValueError, match="on file only"):
        async with world.services.work() as work:
            await enqueue(work, Contact(kind="email", value="x@posta.example", key="x@posta.example"))


async def enqueue(work: Work, to: Contact) -> None:
    await outbox.enqueue(
        work, template="account_created", contact=to, parameters={}, expires_at=work.now + timedelta(hours=1)
    )


# --- purposes ---------------------------------------------------------------------------------------------------------

PURPOSES: list[challenges.Purpose] = [
    "registration",
    "contact_confirmation",
    "first_access",
    "step_up",
    "password_reset",
]


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_a_code_is_right_for_its_own_purpose_alone(world: World, purpose: challenges.Purpose) -> None:
    codes = {}
    for one in PURPOSES:
        world.clock.move(days=1)
        async with world.services.work() as work:
            found = await contact(work, "+393201234600")
            await challenges.issue(work, one, "the same session", found, again=False)
        codes[one] = await world.newest_code()
        if one == purpose:
            break
    others = [one for one in PURPOSES if one != purpose]
    for other in others:
        async with world.services.work() as work:
            try:
                outcome = (await challenges.check(work, other, "the same session", codes[purpose])).outcome
            except challenges.Refused as refused:
                outcome = refused.code
        assert outcome in ("no_challenge", "code_expired") or codes.get(other) == codes[purpose]
    async with world.services.work() as work:
        assert (await challenges.check(work, purpose, "the same session", codes[purpose])).outcome == "right"


async def test_the_hmac_of_a_code_holds_its_purpose_and_session(world: World) -> None:
    """The look-up alone would keep them apart; the HMAC does so too, should a row be moved."""
    await issued(world, 1, "mario.rossi@posta.example")
    code = await world.newest_code()
    for column, moved in (("purpose", "contact_confirmation"), ("session_id", "session-2")):
        async with world.services.database.write() as session:
            row = (await session.scalars(select(Challenge))).one()
            kept = getattr(row, column)
            setattr(row, column, moved)
        async with world.services.work() as work:
            purpose: challenges.Purpose = "contact_confirmation" if column == "purpose" else "registration"
            session_id = "session-2" if column == "session_id" else "session-1"
            assert (await challenges.check(work, purpose, session_id, code)).outcome == "wrong_code"
        async with world.services.database.write() as session:
            row = (await session.scalars(select(Challenge))).one()
            setattr(row, column, kept)
    async with world.services.work() as work:
        assert (await challenges.check(work, "registration", "session-1", code)).outcome == "right"


@pytest.mark.parametrize("purpose", ["first_access", "step_up", "password_reset"])
async def test_what_needs_a_mobile_is_never_sent_by_e_mail(world: World, purpose: challenges.Purpose) -> None:
    with pytest.raises(ValueError, match="needs a mobile"):
        async with world.services.work() as work:
            found = await contact(work, "mario.rossi@posta.example")
            await challenges.issue(work, purpose, "session-1", found, again=False)


async def test_a_code_sent_before_a_contact_was_chosen_is_of_no_use_afterwards(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    first = await world.newest_code()
    offered = (await world.identify(registration_id, MARIO_TAX_CODE)).json()["contacts"]
    path = f"/v1/registrations/{registration_id}/chosen-contact"
    await world.actions(path, {"contact_id": offered[1]["id"]})
    second = await world.newest_code()
    if first != second:
        assert (await world.verify(registration_id, first)).json()["outcome"] == "wrong_code"
    made = (await world.verify(registration_id, second)).json()
    assert made["account"]["username_masked"] == "320 ****600"


# --- any order of events ----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    allowed=st.integers(1, 5),
    window=st.integers(1, 600),
    pauses=st.lists(st.integers(0, 300), min_size=1, max_size=25),
)
def test_no_window_ever_holds_more_than_is_allowed_and_waiting_helps(
    allowed: int, window: int, pauses: list[int], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def run() -> None:
        url = a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())
        async with running(settings_for(url), with_registry=False) as world:
            passed = []
            for pause in pauses:
                world.clock.move(seconds=pause)
                async with world.services.work() as work:
                    wait = await limits.reserve(work, "any", "key", allowed, timedelta(seconds=window))
                if wait is None:
                    passed.append(world.clock.now)
                    recent = [at for at in passed if at > world.clock.now - timedelta(seconds=window)]
                    assert len(recent) <= allowed
                else:
                    assert 0 < wait <= window + 1
                    world.clock.move(seconds=wait)
                    async with world.services.work() as work:
                        still = await limits.seconds_until_free(work, "any", "key", allowed, timedelta(seconds=window))
                    assert still is None  # who waits as long as he was told may pass

    asyncio.run(run())
