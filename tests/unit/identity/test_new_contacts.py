"""A new contact through the agency: what it takes, and what an attacker at the desk tries in vain."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from areaclienti.domain.contacts import parse_contact
from areaclienti.identity import erasure, handing_over, housekeeping
from areaclienti.identity.db.models import AuditEvent, Contact, Customer, NewContact
from areaclienti.identity.new_contacts import not_on_file
from areaclienti.identity.person import find_person, find_rows
from areaclienti.identity.registry_import import Records, store
from areaclienti.identity.work import Work
from tests.unit.identity.world import CARLO, MARIO_TAX_CODE, PASSWORD, World

# On one kind of database: what depends on it is in test_new_contacts_races.py.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = "nuova.casella@posta.example"
ANNA, BRUNO, CARLA = "agent-anna", "agent-bruno", "agent-carla"
AGENCY = "A1"


async def identified(world: World, conversation: str = "conv-1") -> str:
    """Mario by his tax code, from a contact that is not on file; the registration's id."""
    begun = (await world.register(conversation, contact="altra@posta.example")).json()
    await world.identify(begun["registration_id"], MARIO_TAX_CODE, conversation)
    return str(begun["registration_id"])


async def ask(
    world: World, contact: str = NEW, agent: str = ANNA, agency: str | None = AGENCY, conversation: str = "conv-1"
) -> dict[str, Any]:
    body = {"agent_id": agent, "agency_code": agency, "conversation_id": conversation, "contact": contact}
    answer = await world.gateway("POST", "/v1/desk/new-contacts", body)
    assert answer.status_code == 200, answer.text
    assert contact not in answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decide(
    world: World, request_id: str, agent: str = BRUNO, agency: str | None = AGENCY, decision: str = "confirm"
) -> httpx.Response:
    body = {"agent_id": agent, "agency_code": agency, "decision": decision, "reason": "called_on_file"}
    return await world.gateway("POST", f"/v1/desk/new-contacts/{request_id}/decision", body)


async def show(world: World, request_id: str, agent: str = BRUNO, agency: str | None = AGENCY) -> httpx.Response:
    body = {"agent_id": agent, "agency_code": agency, "reason": "compare_document"}
    return await world.gateway("POST", f"/v1/desk/new-contacts/{request_id}/show", body)


async def use(world: World, registration_id: str, conversation: str = "conv-1") -> httpx.Response:
    return await world.actions(f"/v1/registrations/{registration_id}/new-contact", {}, conversation)


async def code_at(world: World, contact: str) -> str:
    """The newest code that was sent there."""
    codes = [re.findall(r"\b\d{6}\b", message["text"]) for message in await world.mail() if message["to"] == contact]
    return next(found[0] for found in codes if found)


async def one(world: World, request_id: str) -> NewContact:
    async with world.services.database.read() as session:
        return await session.get_one(NewContact, request_id)


async def events(world: World) -> list[tuple[str, str | None]]:
    async with world.services.database.read() as session:
        rows = await session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [(row.event, row.reason) for row in rows if row.event.startswith("new_contact")]


async def test_a_new_code_goes_there_too(world: World) -> None:
    registration = await identified(world)
    await decide(world, (await ask(world))["request_id"])
    await use(world, registration)
    world.clock.move(seconds=31)
    again = (await world.actions(f"/v1/registrations/{registration}/code", {})).json()
    assert (again["outcome"], again["challenge"]["masked_destination"]) == ("code_sent", "nuo*****@po**.example")


async def test_who_is_on_file_is_told_at_every_old_contact_when_it_is_asked_for_and_when_it_is_confirmed(
    world: World,
) -> None:
    await identified(world)
    before = len(await world.mail())
    asked = await ask(world)
    old = {"mario.rossi@posta.example", "+393201234600", "+393207654450"}
    assert {message["to"] for message in (await world.mail())[: -before or None]} == old
    await decide(world, asked["request_id"])
    told = (await world.mail())[: -before or None]
    assert {message["to"] for message in told[:3]} == old and len(told) == 6
    assert all(NEW not in message["text"] for message in told)


async def test_the_first_access_stays_with_the_mobile_on_file_whatever_two_agents_confirm(world: World) -> None:
    registration = await identified(world)
    asked = await ask(world, "349 5556667")
    await decide(world, asked["request_id"])
    await use(world, registration)
    code = await code_at(world, "+393495556667")
    assert (await world.verify(registration, code)).json()["outcome"] == "account_created"
    pending = (await world.sign_in("3495556667")).json()
    assert (pending["outcome"], pending["challenge"]["masked_destination"]) == ("code_required", "320 ****600")


async def test_nothing_of_the_registry_changes_and_no_other_look_up_finds_it(world: World) -> None:
    registration = await identified(world)
    await decide(world, (await ask(world))["request_id"])
    await use(world, registration)
    again = (await world.register("conv-2", contact=NEW)).json()
    assert again["outcome"] == "not_recognised", "the match knows it not"
    other = await identified(world, "conv-3")
    assert (await use(world, other, "conv-3")).json()["code"] == "no_new_contact", "it is of its registration alone"
    async with world.services.database.read() as session:
        of_mario = select(Contact.value).join(Contact.customer).where(Customer.code == "1", Contact.is_on_file)
        assert NEW not in set(await session.scalars(of_mario))


async def test_the_same_person_twice_confirms_nothing(world: World) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    assert (await decide(world, request_id, ANNA)).json() == {"outcome": "same_person"}
    assert (await show(world, request_id, ANNA)).json()["code"] == "same_person"
    assert (await one(world, request_id)).state == "requested"
    assert ("new_contact_same_person", f"agent_{ANNA}") in await events(world)


async def test_not_even_the_database_takes_the_same_person_twice(world: World) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    with pytest.raises(IntegrityError):
        async with world.services.database.write() as session:
            await session.execute(
                update(NewContact).where(NewContact.id == request_id).values(state="confirmed", decided_by=ANNA)
            )


@pytest.mark.parametrize("agency", ["A2", None])
async def test_neither_another_agency_nor_the_pool_decides_sees_or_learns_anything(
    world: World, agency: str | None
) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    for answer in (await decide(world, request_id, agency=agency), await show(world, request_id, agency=agency)):
        unknown = await decide(world, "ncr_nobody", agency=agency)
        assert (answer.status_code, answer.content) == (404, unknown.content)


async def test_the_pool_may_ask_for_an_agency_s_customer_and_the_agency_decides(world: World) -> None:
    await identified(world)
    asked = await ask(world, agency=None)
    assert asked["agency_code"] == AGENCY
    assert (await decide(world, asked["request_id"])).json() == {"outcome": "confirmed"}


async def test_an_agent_of_another_agency_gets_the_same_answer_as_for_a_contact_in_use(world: World) -> None:
    """A conversation that was passed on to another agency is no customer of that agency's."""
    await identified(world)
    assert await ask(world, agency="A2") == await ask(world, "333 1112223")


@pytest.mark.parametrize(
    ("contact", "why"),
    [
        ("333 1112223", "contact_in_use"),  # Lucia's device contact
        ("elena.bianchi@posta.example", "contact_in_use"),  # Elena's username
        ("320 1234600", "on_file_already"),
    ],
)
async def test_a_contact_that_can_t_be_had_is_refused_with_one_answer(world: World, contact: str, why: str) -> None:
    elena = {"given_name": "Elena", "family_name": "Bianchi", "contact": "elena.bianchi@posta.example"}
    begun = (await world.register("conv-9", **elena)).json()
    await world.verify(begun["registration_id"], await world.newest_code(), "conv-9")
    await identified(world)
    empty = dict.fromkeys(("request_id", "kind", "masked", "agency_code", "expires_at"))
    assert await ask(world, contact) == {"outcome": "not_possible", **empty}
    assert (await events(world))[-1] == ("new_contact_refused_at_once", why)


async def test_nobody_who_was_not_identified_gets_a_new_contact(world: World) -> None:
    assert (await ask(world))["outcome"] == "not_identified", "no registration"
    await world.register(contact="altra@posta.example")
    assert (await ask(world))["outcome"] == "not_identified", "not recognised"
    await world.register("conv-2", **CARLO)
    assert (await ask(world, conversation="conv-2"))["outcome"] == "not_identified", "without an active policy"


async def test_asking_again_gives_the_same_and_another_contact_takes_its_place(world: World) -> None:
    await identified(world)
    first = await ask(world)
    assert await ask(world) == first
    other = await ask(world, "altra.ancora@posta.example")
    assert other["request_id"] != first["request_id"]
    replaced = await one(world, first["request_id"])
    assert (replaced.state, replaced.sealed) == ("replaced", None)
    answer = await decide(world, first["request_id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "decided")


async def test_a_decision_that_comes_again_changes_nothing_and_another_one_is_refused(world: World) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    for _ in range(2):
        assert (await decide(world, request_id)).json() == {"outcome": "confirmed"}
    assert (await decide(world, request_id, CARLA)).json()["code"] == "decided"
    assert (await decide(world, request_id, decision="refuse")).json()["code"] == "decided"
    assert sum(event == "new_contact_confirmed" for event, _ in await events(world)) == 1


async def test_refused_it_is_forgotten_and_gives_no_code(world: World) -> None:
    registration = await identified(world)
    request_id = (await ask(world))["request_id"]
    assert (await decide(world, request_id, decision="refuse")).json() == {"outcome": "refused"}
    assert (await one(world, request_id)).sealed is None
    assert (await use(world, registration)).json()["code"] == "no_new_contact"


async def test_after_a_day_it_is_too_late_and_the_contact_is_forgotten(world: World) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    world.clock.move(hours=24, seconds=1)
    assert (await show(world, request_id)).json()["code"] == "decided"
    assert (await decide(world, request_id)).json() == {"outcome": "expired"}
    assert (await one(world, request_id)).sealed is None


async def test_the_sweep_forgets_what_nobody_decided_and_what_nobody_used(world: World) -> None:
    await identified(world)
    await identified(world, "conv-2")
    undecided = (await ask(world))["request_id"]
    unused = (await ask(world, "altra.ancora@posta.example", conversation="conv-2"))["request_id"]
    await decide(world, unused)
    world.clock.move(hours=25)
    async with world.services.work() as work:
        await housekeeping.sweep(work)
    for request_id in (undecided, unused):
        over = await one(world, request_id)
        assert (over.state, over.sealed) == ("expired", None)


async def test_the_registration_waits_for_the_second_person(world: World) -> None:
    registration = await identified(world)
    request_id = (await ask(world))["request_id"]
    world.clock.move(hours=20)
    async with world.services.work() as work:
        await housekeeping.sweep(work)
    await decide(world, request_id)
    assert (await use(world, registration)).json()["outcome"] == "code_sent"


@pytest.mark.parametrize("changed", ["customer", "agency", "value", "other row's value"])
async def test_what_was_changed_between_request_and_confirmation_is_not_confirmed(world: World, changed: str) -> None:
    registration = await identified(world)
    request_id = (await ask(world))["request_id"]
    if changed == "customer":
        await world.actions(f"/v1/registrations/{registration}/recheck", CARLO | {"contact": "x@posta.example"})
    elif changed == "agency":
        async with world.services.database.write() as session:
            await session.execute(update(Customer).where(Customer.code == "1").values(consultant_id=None))
    else:
        await identified(world, "conv-2")
        other = (await ask(world, "ladro@posta.example", conversation="conv-2"))["request_id"]
        stolen = (await one(world, other)).sealed
        sealed = stolen if changed == "other row's value" else world.services.sealer.seal("ladro@posta.example", "x")
        async with world.services.database.write() as session:
            await session.execute(update(NewContact).where(NewContact.id == request_id).values(sealed=sealed))
    assert (await decide(world, request_id)).json() == {"outcome": "changed"}
    assert (await use(world, registration)).json()["code"] == "no_new_contact"


async def test_a_contact_that_somebody_took_meanwhile_is_not_confirmed(world: World) -> None:
    await identified(world)
    request_id = (await ask(world))["request_id"]
    async with world.services.database.write() as session:
        elena = (await session.scalars(select(Customer.id).where(Customer.code == "2"))).one()
        session.add(Contact(customer_id=elena, kind="email", value=NEW, key=NEW, is_device=True))
    assert (await decide(world, request_id)).json() == {"outcome": "not_possible"}


async def test_a_contact_that_somebody_took_after_the_confirmation_gets_no_code(world: World) -> None:
    registration = await identified(world)
    await decide(world, (await ask(world))["request_id"])
    async with world.services.database.write() as session:
        elena = (await session.scalars(select(Customer.id).where(Customer.code == "2"))).one()
        session.add(Contact(customer_id=elena, kind="email", value=NEW, key=NEW, is_device=True))
    assert (await use(world, registration)).json()["code"] == "no_new_contact"


async def test_an_agent_asks_so_often_a_day_and_no_more_also_in_vain(world: World) -> None:
    for _ in range(world.services.settings.new_contacts_per_day_of_agent):
        assert (await ask(world))["outcome"] == "not_identified"
    await identified(world)
    assert (await ask(world))["outcome"] == "limit_reached"
    assert (await ask(world, agent=BRUNO))["outcome"] == "requested", "others may"


async def test_for_a_customer_it_is_asked_so_often_a_day_whoever_asks(world: World) -> None:
    await identified(world)
    for n in range(world.services.settings.new_contacts_per_day_of_customer):
        assert (await ask(world, f"nuova{n}@posta.example", f"agent-{n}"))["outcome"] == "requested"
    assert (await ask(world, agent=CARLA))["outcome"] == "limit_reached"


async def test_the_second_person_sees_it_in_full_each_time_on_record_and_so_often_a_day(world: World) -> None:
    await identified(world)
    request_id = (await ask(world, "349 5556667"))["request_id"]
    assert (await show(world, request_id)).json() == {"kind": "mobile", "contact": "+39 349 5556667"}
    assert (await events(world))[-2:] == [
        ("new_contact_shown", "compare_document"),
        ("new_contact_shown_to", f"agent_{BRUNO}"),
    ]
    for _ in range(world.services.settings.new_contact_decisions_per_day - 1):
        assert (await show(world, request_id)).status_code == 200
    assert (await show(world, request_id)).json()["code"] == "limit_reached"


@pytest.mark.parametrize("contact", ["", "non lo so", "06 1234567", "+44 7700 900123"])
async def test_what_is_no_contact_is_refused_and_not_repeated(world: World, contact: str) -> None:
    await identified(world)
    body = {"agent_id": ANNA, "agency_code": AGENCY, "conversation_id": "conv-1", "contact": contact}
    answer = await world.gateway("POST", "/v1/desk/new-contacts", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert not contact or contact not in answer.text


async def test_it_stands_nowhere_in_the_clear_until_the_code_is_sent_there(world: World) -> None:
    await identified(world)
    asked = await ask(world)
    async with world.services.database.read() as session:
        tables = [table.name for table in NewContact.metadata.sorted_tables]
        everything = [str((await session.execute(text(f"SELECT * FROM {name}"))).all()) for name in tables]
    assert NEW not in "".join(everything)
    assert NEW not in str(await one(world, asked["request_id"]))


async def test_used_it_is_handed_to_the_registry_and_the_request_forgets_it(world: World) -> None:
    registration = await identified(world)
    async with world.services.database.read() as session:
        assert await not_on_file(session) == []
    request_id = (await ask(world))["request_id"]
    await decide(world, request_id)
    await use(world, registration)
    code = await code_at(world, NEW)
    await world.verify(registration, code)
    await handing_over.hand_over_all(world.services.do, asyncio.Event())
    used = await one(world, request_id)
    assert (used.state, used.sealed, used.taken_over_at) == ("used", None, world.clock())
    async with world.services.database.read() as session:
        assert await not_on_file(session) == [("1", "email", NEW)], "for whoever makes the registry's file"


async def test_a_file_of_the_registry_that_brings_it_puts_it_on_file(world: World) -> None:
    registration = await identified(world)
    await decide(world, (await ask(world))["request_id"])
    await use(world, registration)
    brought = {"customer_code": "1", "kind": "email", "value": NEW, "key": NEW}
    async with world.services.database.write() as session:
        records = Records(customers={"1": {"type": "persona", "given_name": "Mario", "family_name": "Rossi"}})
        records.contacts["1", NEW] = brought
        await store(session, records)
    match = (await world.register("conv-2", contact=NEW)).json()
    assert match["outcome"] == "code_sent", "from now on it is one of his contacts"


async def test_erasing_a_person_erases_what_was_asked_for_him_and_the_contact(world: World) -> None:
    registration = await identified(world)
    await ask(world)

    async def erase_him(work: Work) -> erasure.Erasure:
        person = await find_person(work, parse_contact("320 1234600"))
        rows = await find_rows(work, person, ["conv-1"])
        return await erasure.erase(work, person, rows, with_account=False, receipt_id="rcp_1")

    await decide(world, (await ask(world))["request_id"])
    await use(world, registration)
    await world.mail()  # what is being sent at this moment can't be called back
    erased = await world.services.do(erase_him)
    assert erased.rows["new_contacts"] == 1
    async with world.services.database.read() as session:
        assert list(await session.scalars(select(Contact).where(~Contact.is_on_file))) == []


# ---- what the desk's endpoints answer ----


async def test_no_answer_to_the_desk_holds_a_secret(world: World) -> None:
    """All that the desk can ask of a registration in which every secret was given, and nothing of them comes back."""
    registration = await identified(world)
    request_id = (await ask(world))["request_id"]
    said = [await world.gateway("GET", "/v1/registrations/desk-summary?conversation_id=conv-1")]
    said += [await show(world, request_id), await decide(world, request_id), await decide(world, request_id, CARLA)]
    await use(world, registration)
    code = await code_at(world, NEW)
    said.append(await world.gateway("GET", "/v1/registrations/desk-summary?conversation_id=conv-1"))
    wrong = "000000" if code != "000000" else "111111"
    await world.verify(registration, wrong)
    await world.verify(registration, code)
    said.append(await world.gateway("GET", "/v1/registrations/desk-summary?conversation_id=conv-1"))
    everything = "".join(answer.text for answer in said)
    shown_in_full = said[1].text
    assert NEW in shown_in_full
    secrets = (PASSWORD, MARIO_TAX_CODE, code, wrong, "mario.rossi@posta.example", "3201234600", "altra@posta.example")
    assert [secret for secret in secrets if secret in everything] == []
    assert NEW not in everything.replace(shown_in_full, "")


async def test_the_desk_has_no_way_to_correct_the_registry(world: World) -> None:
    """Whatever the desk's endpoints do, names, contacts on file, policies and consultants are what they were."""

    async def registry() -> str:
        async with world.services.database.read() as session:
            names = ("customers", "policies", "consultants", "agencies")
            rows = [str((await session.execute(text(f"SELECT * FROM {name} ORDER BY id"))).all()) for name in names]
            on_file = select(Contact.customer_id, Contact.value, Contact.is_device).where(Contact.is_on_file)
            return "".join(rows) + str((await session.execute(on_file.order_by(Contact.id))).all())

    before = await registry()
    registration = await identified(world)
    request_id = (await ask(world))["request_id"]
    await show(world, request_id)
    await decide(world, request_id)
    await use(world, registration)
    code = await code_at(world, NEW)
    await world.verify(registration, code)
    await handing_over.hand_over_all(world.services.do, asyncio.Event())
    assert await registry() == before


# ---- the e-mail to the agency ----


async def notice(world: World, handover: str = "h1", agency: str | None = AGENCY, **changes: str) -> dict[str, Any]:
    body = {
        "handover_id": handover,
        "agency_code": agency,
        "reason": "other_contact",
        "since": "2026-11-23T17:40:00+01:00",
    }
    answer = await world.gateway("POST", "/v1/desk/agency-notices", body | changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_agency_is_told_once_what_why_since_when_and_where_to_look(world: World) -> None:
    assert await notice(world) == {"outcome": "queued"}
    assert await notice(world) == {"outcome": "known"}
    [message] = await world.mail()
    assert (message["to"], message["channel"]) == ("ferrara@agenzia.example", "email")
    for part in ("23/11/2026, 17:40", "vuole usare un recapito diverso", "/desk/conversazioni/h1"):
        assert part in message["text"] and part in message["html"]
    assert await notice(world, "h2") == {"outcome": "queued"}, "another handover is another matter"


@pytest.mark.parametrize("agency", [None, "A-unknown"])
async def test_where_the_agency_has_no_address_the_pool_is_told(world: World, agency: str | None) -> None:
    await notice(world, agency=agency)
    assert [message["to"] for message in await world.mail()] == ["assistenza@areaclienti.example"]


async def test_the_operator_s_address_of_an_agency_goes_before_the_registry_s(a_world: Any) -> None:
    async with a_world(desk_agency_emails={AGENCY: "banco@agenzia.example"}) as world:
        await notice(world)
        assert [message["to"] for message in await world.mail()] == ["banco@agenzia.example"]


@pytest.mark.parametrize(
    "reason",
    ["requested", "not_recognised", "codes_spent", "not_understood", "no_mobile", "other_contact", "back_end_down"],
)
async def test_every_reason_has_its_words(world: World, reason: str) -> None:
    await notice(world, reason=reason)
    [message] = await world.mail()
    assert re.search(r"Motivo: \w.+\.", message["text"])
