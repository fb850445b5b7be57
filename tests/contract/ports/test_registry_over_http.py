"""Registration with the insurer's registry: what is asked of it, and what happens when it does not answer."""

from __future__ import annotations

import asyncio
import io
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from areaclienti import logging
from areaclienti.identity.db.models import Account, Base, Contact, Customer
from tests.contract.ports.certificates import Authority
from tests.contract.ports.insurer import (
    KEY,
    Behaviour,
    Insurer,
    answering,
    cuts,
    drips,
    floods,
    hangs,
    hangs_until,
    misbehaving,
    the_insurer,
)
from tests.unit.identity.world import CARLO, ELENA, MARIO, MARIO_TAX_CODE, SetClock, World, running, settings_for

BEHAVIOURS: dict[str, Behaviour] = {
    "500": answering(500, b"{}"),
    "429": answering(429, b"{}", "Retry-After: 3600"),
    "401": answering(401, b'{"code": "unauthorised", "message": ""}'),
    "404": answering(404, b"<html>not here</html>"),
    "redirect": answering(302, b"", "Location: http://127.0.0.1:1/"),
    "garbage": answering(200, b"\x00\xffmario.rossi@posta.example"),
    "empty": answering(200, b""),
    "another shape": answering(200, b'{"customers": [{"customer": "1"}]}'),
    "no names": answering(
        200, b'{"customers": [{"customer": "1", "customer_type": "persona", "is_insured": true, "contacts": []}]}'
    ),
    "hangs": hangs,
    "drips": drips,
    "cut": cuts,
    "flood": floods,
}


def product(database_url: str, registry_url: str, **changes: Any) -> AbstractAsyncContextManager[World]:
    """With time enough for a crowded machine, where nothing else is said."""
    patient = {"ports_timeout_seconds": 10, "ports_deadline_seconds": 30}
    settings = settings_for(database_url, registry_url=registry_url, registry_key=KEY, **(patient | changes))
    return running(settings, with_registry=False)


@asynccontextmanager
async def both(two_databases: tuple[str, str]) -> AsyncIterator[tuple[World, Insurer]]:
    own, other = two_databases
    async with the_insurer(other, SetClock(), "registry") as insurer, product(own, insurer.url) as world:
        yield world, insurer


async def everything(world: World) -> dict[str, list[Any]]:
    """All rows of all tables."""
    async with world.services.database.read() as session:
        return {
            table.name: sorted(map(repr, (await session.execute(select(table))).all()))
            for table in Base.metadata.sorted_tables
        }


async def a_registration_to_be(world: World) -> dict[str, str]:
    return MARIO | {
        "conversation_id": "conv-1",
        "channel": "web",
        "password_reference": await world.deposit("password", "Tramonto9Giallo"),
        "acknowledgement_id": await world.acknowledge(),
    }


async def test_a_customer_registers_and_only_what_is_referred_to_is_kept(two_databases: tuple[str, str]) -> None:
    async with both(two_databases) as (world, _):
        await world.account_of_mario()
        async with world.services.database.read() as session:
            account = (await session.scalars(select(Account))).one()
            customer = (await session.scalars(select(Customer))).one()
            contact = (await session.scalars(select(Contact))).one()
        assert (account.customer_id, account.username) == (customer.id, "mario.rossi@posta.example")
        assert (customer.code, customer.given_name, customer.family_name) == ("1", "Mario", "Rossi")
        assert (customer.codice_fiscale, customer.partita_iva, customer.consultant_id) == (None, None, None)
        assert (contact.customer_id, contact.key) == (customer.id, "mario.rossi@posta.example")


async def test_the_signed_in_customer_sees_what_the_registry_holds(two_databases: tuple[str, str]) -> None:
    async with both(two_databases) as (world, _):
        token = await world.session_of_mario()
        me = (await world.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})).json()
        assert (me["display_name"], me["policies"][0]["number"]) == ("Mario Rossi", "P1")
        assert me["consultant"]["name"] == "Anna Neri"


async def test_section_c_goes_through_with_contacts_that_are_nowhere_here(two_databases: tuple[str, str]) -> None:
    async with both(two_databases) as (world, insurer):
        registration = (await world.register(contact="altro@posta.example")).json()["registration_id"]
        offered = (await world.identify(registration, MARIO_TAX_CODE)).json()["contacts"]
        assert [contact["kind"] for contact in offered] == ["email", "mobile", "mobile"]
        path = f"/v1/registrations/{registration}/chosen-contact"
        match = (await world.actions(path, {"contact_id": offered[2]["id"]})).json()
        assert (match["outcome"], match["challenge"]["masked_destination"]) == ("code_sent", "320 ****450")
        answer = (await world.verify(registration, await world.newest_code())).json()
        assert (answer["outcome"], answer["account"]["has_mobile"]) == ("account_created", True)
        assert "/v1/customers/by-tax-code" in insurer.asked


async def test_the_same_is_asked_whatever_keeps_a_customer_from_registering(two_databases: tuple[str, str]) -> None:
    async with both(two_databases) as (world, insurer):
        await world.account_of_mario()
        causes = {
            "unknown contact": MARIO | {"contact": "nessuno@posta.example"},
            "another name": ELENA | {"given_name": "Giulia"},
            "no active policy": CARLO,
            "account exists": MARIO | {"contact": "320 1234600"},
            "contact in use": {**MARIO, "given_name": "Paolo", "family_name": "Gallo", "contact": "333 1112223"},
        }
        asked, bodies = {}, set()
        for number, (cause, claims) in enumerate(causes.items()):
            insurer.asked.clear()
            answer = await world.register(f"cause-{number}", **claims)
            body = answer.json()
            bodies.add((answer.status_code, body.pop("registration_id")[:4], repr(body)))
            asked[cause] = tuple(insurer.asked)
        assert set(asked.values()) == {("/v1/customers/by-contact", "/v1/customers/device-contacts")}, asked
        assert len(bodies) == 1
        for tax_code, name in ((MARIO_TAX_CODE, "Mario"), (MARIO_TAX_CODE, "Zeno"), ("VRDLGU80A01F205T", "Luigi")):
            insurer.asked.clear()
            conversation = f"tax-{name}-{tax_code}"
            claims = {"given_name": name, "contact": "altro@posta.example"}
            registration = (await world.register(conversation, **claims)).json()["registration_id"]
            insurer.asked.clear()
            await world.identify(registration, tax_code, conversation)
            assert insurer.asked == ["/v1/customers/by-tax-code", "/v1/customers/device-contacts"]


async def test_a_customer_who_is_no_longer_insured_gets_no_account(two_databases: tuple[str, str]) -> None:
    async with both(two_databases) as (world, insurer):
        registration = (await world.register()).json()["registration_id"]
        code = await world.newest_code()
        async with insurer.services.database.write() as session:
            mario = (await session.scalars(select(Customer).where(Customer.code == "1"))).one()
            await session.refresh(mario, ["policies"])
            mario.policies[0].status = "riscattata"
        assert (await world.verify(registration, code)).json()["outcome"] == "code_spent"


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_a_registry_that_fails_gives_503_and_nothing_is_done(
    two_databases: tuple[str, str], behaviour: str
) -> None:
    own, other = two_databases
    logs = io.StringIO()
    patience = 2.0 if behaviour in ("hangs", "drips") else 10.0
    async with misbehaving() as server, product(own, server.url, ports_timeout_seconds=patience) as world:
        logging.configure("identity", "DEBUG", logs)
        server.behaviour = BEHAVIOURS[behaviour]
        asked = await a_registration_to_be(world)
        await world.mail()
        before = await everything(world)
        started = time.monotonic()
        answer = await world.actions("/v1/registrations", asked, key="the-key")
        assert time.monotonic() - started < 45  # what drips would drip for longer
        assert (answer.status_code, answer.json()["code"]) == (503, "back_end_unavailable")
        assert "rossi" not in answer.text
        assert await everything(world) == before
        assert "back_end_failed" in logs.getvalue()
        assert not any(value in logs.getvalue() for value in ("rossi@", "Rossi", "Mario", KEY))
        tries = {"401": 1, "404": 1, "redirect": 1, "garbage": 1, "empty": 1, "another shape": 1, "no names": 1}
        assert server.asked == tries.get(behaviour, 1 if behaviour == "flood" else 3)

        server.close()
        async with the_insurer(other, SetClock(), "registry", socket=server.socket):
            again = await world.actions("/v1/registrations", asked, key="the-key")
        assert (again.status_code, again.json()["outcome"]) == (200, "code_sent")


async def test_a_registry_that_is_not_there_gives_503(two_databases: tuple[str, str]) -> None:
    async with product(two_databases[0], "http://127.0.0.1:1") as world:
        answer = await world.register()
        assert (answer.status_code, answer.json()["code"]) == (503, "back_end_unavailable")


async def test_a_tax_code_is_not_lost_to_a_registry_that_fails(two_databases: tuple[str, str]) -> None:
    own, other = two_databases
    async with the_insurer(other, SetClock(), "registry") as insurer, product(own, insurer.url) as world:
        registration = (await world.register(contact="altro@posta.example")).json()["registration_id"]
        reference = await world.deposit("tax_code", MARIO_TAX_CODE)
        path = f"/v1/registrations/{registration}/identification"
        insurer.failing = "/"
        for _ in range(4):  # more than a registration has tries
            assert (await world.actions(path, {"tax_code_reference": reference})).status_code == 503
        insurer.failing = None
        answer = await world.actions(path, {"tax_code_reference": reference})
        assert answer.json()["outcome"] == "identified"


async def test_no_lock_is_held_while_the_registry_is_asked(two_databases: tuple[str, str]) -> None:
    async with misbehaving() as server, product(two_databases[0], server.url) as world:
        released = asyncio.Event()
        server.behaviour = hangs_until(released)
        asked = await a_registration_to_be(world)
        waiting = asyncio.create_task(world.actions("/v1/registrations", asked))
        await server.reached.wait()
        await world.deposit("tax_code", MARIO_TAX_CODE)  # a write: SQLite has one writer
        assert not waiting.done()
        released.set()
        assert (await waiting).status_code == 503


async def test_a_service_that_finds_too_much_widens_no_match(two_databases: tuple[str, str]) -> None:
    lucia = (
        b'{"customers": [{"customer": "9", "customer_type": "%s", "given_name": "Mario", "family_name": "Rossi",'
        b' "company_name": "Mario", "is_insured": true, "contacts": [{"kind": "email", "value": "%s"}]}], "held": []}'
    )
    for kind, address in ((b"persona", b"mario.rossi2@posta.example"), (b"azienda", b"mario.rossi@posta.example")):
        async with misbehaving() as server, product(two_databases[0], server.url) as world:
            server.behaviour = answering(200, lucia % (kind, address))
            assert (await world.register(kind.decode())).json()["outcome"] == "not_recognised"


# --- TLS and settings -----------------------------------------------------------------------------------------------


async def test_the_service_is_verified_and_knows_us_by_our_certificate(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    own, other = two_databases
    authority = Authority(tmp_path / "authority")
    server, client = authority.certify("127.0.0.1"), authority.certify("area-clienti")
    options = {
        "ssl_certfile": server.certificate,
        "ssl_keyfile": server.key,
        "ssl_ca_certs": str(authority.file),
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
    }
    trusted = {"ports_ca_file": authority.file}
    known = {"ports_certificate_file": client.certificate, "ports_certificate_key_file": client.key}
    statuses = []
    async with the_insurer(other, SetClock(), "registry", **options) as insurer:
        for changes in ({}, known, trusted, trusted | known):
            async with product(own, insurer.url, **changes) as world:
                statuses.append((await world.register(f"conv-{len(statuses)}")).status_code)
    assert statuses == [503, 503, 503, 200]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"registry_url": "http://registry.insurer.example"}, "AREACLIENTI_REGISTRY_URL must be https"),
        ({"registry_url": "registry.insurer.example"}, "AREACLIENTI_REGISTRY_URL must be https"),
        ({"ports_ca_file": "/no/such/file"}, "AREACLIENTI_PORTS_CA_FILE"),
        ({"ports_certificate_key_file": __file__}, "AREACLIENTI_PORTS_CERTIFICATE_FILE"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_line(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings_for("sqlite+aiosqlite:///unused.db", **changes)
    messages = [error["msg"] for error in refused.value.errors()]
    assert len(messages) == 1
    assert told in messages[0]
