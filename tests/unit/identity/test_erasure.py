"""A person's data in identity: found, shown, erased; registry, audit and the proof of the notice stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from areaclienti.domain.contacts import parse_contact
from areaclienti.identity import audit, erasure, housekeeping
from areaclienti.identity.db.models import (
    Account,
    Acknowledgement,
    AuditEvent,
    Base,
    Challenge,
    Contact,
    Customer,
    IdempotencyRecord,
    MailboxMessage,
    OutboxMessage,
    ProviderMessage,
    Registration,
    SignInSession,
)
from areaclienti.identity.disclosure import collect
from areaclienti.identity.person import Person, find_person, find_rows
from areaclienti.sqlite_files import forget_deleted
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import ELENA, PASSWORD, World, running, settings_for

AWorld = Callable[..., AbstractAsyncContextManager[World]]
MARIO_PHONE = parse_contact("320 1234600")
MARIO_SHARED = parse_contact("mario.rossi@posta.example")  # with Lucia
STAYS = {"customers", "contacts", "policies", "consultants", "agencies", "privacy_notices", "acknowledgements", "audit"}


async def mario_and_elena(world: World) -> None:
    """Mario has an account, a session, an unfinished password reset and another attempt; Elena has begun."""
    registration = (await world.register(contact="320 1234600")).json()
    await world.verify(registration["registration_id"], await world.newest_code())
    pending = (await world.sign_in("320 1234600")).json()
    verified = {"code": await world.newest_code(), "device": {"browser": "Chrome", "system": "Windows"}}
    await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", verified)
    world.clock.move(minutes=3)
    await world.gateway("POST", "/v1/password-resets", {"username": "320 1234600", "client_address": "192.0.2.9"})
    await world.sign_in("320 1234600", "Sbagliata1")
    await world.deposit("tax_code", "RSSMRA80A01H501U", "conv-1")
    await world.register("conv-2", contact="320 7654450")
    await world.register("conv-3", **ELENA)
    await world.mail()


async def erase(world: World, contact: Any, *, with_account: bool, conversations: set[str]) -> erasure.Erasure:
    async def act(work: Any) -> erasure.Erasure:
        person = await find_person(work, contact)
        rows = await find_rows(work, person, conversations)
        return await erasure.erase(work, person, rows, with_account=with_account, receipt_id="era_1")

    return await world.services.do(act)


async def counts(world: World) -> dict[str, int]:
    async with world.services.database.read() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


async def test_a_person_is_whoever_has_the_contact_on_file_alone(world: World) -> None:
    async def keys(text: str) -> Person:
        return await world.services.do(lambda work: find_person(work, parse_contact(text)))

    phone = await keys("320 1234600")
    assert phone.customer is not None
    assert phone.customer.display_name == "Mario Rossi"
    assert phone.keys == {"+393201234600", "+393207654450"}, "the address that he shares with Lucia is not his alone"
    shared = await keys("mario.rossi@posta.example")
    assert (shared.keys, shared.customer, shared.is_shared) == ({"mario.rossi@posta.example"}, None, True)
    nobody = await keys("nessuno@posta.example")
    assert (nobody.keys, nobody.customer, nobody.is_shared) == ({"nessuno@posta.example"}, None, False)


@pytest.mark.parametrize("with_account", [False, True])
async def test_what_is_his_goes_and_what_is_others_stays(world: World, with_account: bool) -> None:
    await mario_and_elena(world)
    before = await counts(world)
    done = await erase(world, MARIO_PHONE, with_account=with_account, conversations={"conv-1"})
    after = await counts(world)
    gone = Counter(before) - Counter(after)
    assert done.rows == gone, "what is reported is what is gone"
    assert set(gone) == {
        "challenges", "client_addresses", "idempotency_records", "limit_events", "mailbox_messages", "outbox",
        "password_resets", "registrations", "sign_in_sessions", "sign_ins", "throttles", "uses_of_contacts",
        "vault_entries",
    }  # fmt: skip
    assert (done.accounts_kept, done.accounts_deactivated, done.under_way) == (0, 1, 0) if with_account else (1, 0, 0)
    async with world.services.database.read() as session:
        left = {one.conversation_id for one in await session.scalars(select(Registration))}
        assert left == ({"conv-3"} if with_account else {"conv-1", "conv-3"})
        [account] = (await session.scalars(select(Account))).all()
        assert (account.username is None) is with_account
        assert account.acknowledgement_id is not None
        to = {one.recipient for one in await session.scalars(select(MailboxMessage))}
        assert to == {"elena.bianchi@posta.example", "mario.rossi@posta.example"}
        assert {one.conversation_id for one in await session.scalars(select(Acknowledgement))} == {
            "conv-1", "conv-2", "conv-3",
        }  # fmt: skip
        assert (await audit.verify(session)).state == "whole"
        told = [(one.event, one.reason, one.subject) for one in await session.scalars(select(AuditEvent))]
        assert ("personal_data_erased", "with_account" if with_account else "without_account", "era_1") in told
    assert STAYS & set(gone) == set()


async def test_the_same_again_finds_nothing(world: World) -> None:
    await mario_and_elena(world)
    await erase(world, MARIO_PHONE, with_account=True, conversations={"conv-1", "conv-2"})
    again = await erase(world, MARIO_PHONE, with_account=True, conversations={"conv-1", "conv-2"})
    assert (again.rows, again.accounts_kept, again.accounts_deactivated) == (Counter(), 0, 0)


async def test_who_is_erased_with_the_account_may_register_again(world: World) -> None:
    await mario_and_elena(world)
    assert (await world.sign_in("320 1234600")).json()["outcome"] != "rejected"
    await erase(world, MARIO_PHONE, with_account=True, conversations=set())
    assert (await world.sign_in("320 1234600", PASSWORD)).json()["outcome"] == "rejected"
    registration = (await world.register("conv-9", contact="320 1234600")).json()
    answer = await world.verify(registration["registration_id"], await world.newest_code(), "conv-9")
    assert answer.json()["outcome"] == "account_created"


async def test_who_keeps_the_account_signs_in_again(world: World) -> None:
    await mario_and_elena(world)
    await erase(world, MARIO_PHONE, with_account=False, conversations=set())
    async with world.services.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(SignInSession)) == 0
    assert (await world.sign_in("320 1234600", PASSWORD)).json()["outcome"] == "signed_in"


async def test_a_shared_contact_takes_nothing_of_the_other_customer(world: World) -> None:
    await mario_and_elena(world)
    done = await erase(world, MARIO_SHARED, with_account=True, conversations=set())
    assert done.accounts_deactivated == 0
    assert set(done.rows) == {"mailbox_messages", "outbox"}
    async with world.services.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(SignInSession)) == 1


async def test_a_message_that_is_being_sent_is_erased_a_little_later(world: World) -> None:
    registration = (await world.register(contact="320 1234600")).json()
    await world.mail()
    async with world.services.database.write() as session:
        [message] = (await session.scalars(select(OutboxMessage))).all()
        message.status, message.due_at = "claimed", world.clock.now + timedelta(minutes=1)
    first = await erase(world, MARIO_PHONE, with_account=False, conversations={"conv-1"})
    assert (first.under_way, first.rows["outbox"], first.rows["registrations"]) == (1, 0, 1)
    world.clock.move(minutes=2)
    second = await erase(world, MARIO_PHONE, with_account=False, conversations={"conv-1"})
    assert (second.under_way, second.rows["outbox"], second.rows["challenges"]) == (0, 1, 1)
    assert registration["outcome"] == "code_sent"


async def test_what_is_shown_is_his_and_holds_no_secret(world: World) -> None:
    await mario_and_elena(world)

    async def act(work: Any) -> dict[str, list[dict[str, Any]]]:
        person = await find_person(work, MARIO_PHONE)
        return await collect(work, person, await find_rows(work, person, {"conv-1"}))

    shown = await world.services.do(act)
    assert [one["username"] for one in shown["accounts"]] == ["+393201234600"]
    assert [one["browser"] for one in shown["sign_in_sessions"]] == ["Chrome"]
    assert {one["status"] for one in shown["registrations"]} == {"completed", "open"}
    [still_open] = [one for one in shown["registrations"] if one["status"] == "open"]
    assert still_open["typed"]["contact"] == "+393207654450"
    assert still_open["typed"]["family_name"] == "Rossi"
    assert {one["recipient"] for one in shown["mailbox_messages"]} == {"+393201234600"}
    assert {one["event"] for one in shown["audit"]} >= {"account_created", "session_opened"}
    text = str(shown)
    assert "argon2" not in text
    assert "elena" not in text.lower()
    assert "sealed" not in text


async def test_not_a_byte_is_left_in_the_file_of_who_is_not_on_file(tmp_path: Path, tmp_path_factory: Any) -> None:
    url = a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp())
    asked = {"given_name": "Ildebrando", "family_name": "Zoccolanti", "contact": "ildebrando.zoccolanti@posta.example"}

    def kept() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.glob("identity.db*"))

    async with running(settings_for(url)) as world:
        async with world.services.database.write() as session:
            registered = Customer(
                code="77", type="persona", given_name="Ildebrando", family_name="Zoccolanti",
                given_key="ildebrando", family_key="zoccolanti",
                contacts=[Contact(kind="email", value=asked["contact"], key=asked["contact"])],
            )  # fmt: skip
            session.add(registered)
        await world.register(**asked)
        assert asked["contact"].encode() in kept()
        async with world.services.database.write() as session:
            await session.delete((await session.scalars(select(Contact).where(Contact.key == asked["contact"]))).one())
            await session.delete(await session.get_one(Customer, registered.id))
        await erase(world, parse_contact(asked["contact"]), with_account=False, conversations={"conv-1"})
        path = tmp_path / "identity.db"
        assert forget_deleted(path, rewrite=True)
        for value in asked.values():
            assert value.encode() not in kept()
            assert value.lower().encode() not in kept()


async def test_codes_and_messages_end_after_a_month_and_unfinished_registrations_after_a_day(world: World) -> None:
    registration = (await world.register(contact="320 1234600")).json()
    await world.verify(registration["registration_id"], await world.newest_code())
    await world.register("conv-3", **ELENA)
    await world.mail()
    tables = (OutboxMessage, MailboxMessage, Challenge)
    async with world.services.database.write() as session:
        [message, *_] = (await session.scalars(select(OutboxMessage))).all()
        session.add(ProviderMessage(provider="x", provider_id="1", outbox_id=message.id, first_seen_at=world.clock.now))

    async def swept() -> dict[str, int]:
        async with world.services.work() as work:
            await housekeeping.sweep(work)
        return await counts(world)

    world.clock.move(hours=23, minutes=59)
    await swept()  # marks as expired
    assert (await swept())["registrations"] == 2
    world.clock.move(minutes=2)
    assert (await swept())["registrations"] == 1, "the finished one stays with its account"
    world.clock.move(days=28, hours=23)
    now = await swept()
    assert all(now[table.__tablename__] for table in tables)
    world.clock.move(hours=2)
    now = await swept()
    assert not any(now[table.__tablename__] for table in (*tables, ProviderMessage))
    assert (now["accounts"], now["acknowledgements"]) == (1, 2)


async def test_answers_that_were_kept_say_whose_they_are(world: World) -> None:
    await world.register("conv-5")
    async with world.services.database.read() as session:
        whose = {one.conversation_id for one in await session.scalars(select(IdempotencyRecord))}
    assert whose == {"conv-5"}
