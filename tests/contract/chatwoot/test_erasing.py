"""What is erased here is deleted at Chatwoot too, and nothing that was a secret ever comes there."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from sqlalchemy import select

from areaclienti.desk.chatwoot.intake import REMEMBERED
from areaclienti.gateway.db.chatwoot import ChatwootDelivery, ChatwootLink, ChatwootMessage
from areaclienti.gateway.db.models import now
from areaclienti.gateway.ledger import locked
from areaclienti.gateway.retention import _erase, close
from tests.contract.chatwoot import standin
from tests.contract.chatwoot.conftest import Office
from tests.contract.chatwoot.test_webhook import product
from tests.unit.gateway.browser import until

PASSWORD, TAX_CODE, CODE = "Segretissima1-xyz", "RSSMRA85T10A562S", "483920"


async def erased(office: Office) -> None:
    """As the job does it, after the engine."""
    await office.world.write(lambda session: close(session, locked(session, office.conversation_id)))
    await office.world.write(lambda session: _erase(session, office.conversation_id))


async def links(office: Office) -> list[ChatwootLink]:
    return await office.world.read(lambda session: list(session.scalars(select(ChatwootLink))))


async def test_erased_here_it_is_deleted_there(office_anywhere: Office) -> None:
    office = office_anywhere
    await office.brought()
    office.chatwoot.writes(11, "Eccomi")
    await office.works()
    await erased(office)
    assert await office.world.read(lambda session: session.query(ChatwootMessage).count()) == 0
    await office.adapter.tidy_up()
    assert len(office.chatwoot.deleted) == 1
    assert office.chatwoot.contacts == office.chatwoot.conversations == {}
    assert await links(office) == []


@pytest.mark.parametrize("fault", ["unreachable", "500", "lost", "429"])
async def test_it_is_tried_until_chatwoot_says_so(office: Office, fault: str) -> None:
    await office.brought()
    await erased(office)
    office.chatwoot.answers = [("DELETE", fault)]
    await office.adapter.tidy_up()
    assert len(await links(office)) == 1, "it is not forgotten"
    await office.adapter.tidy_up()
    assert office.chatwoot.contacts == {} and await links(office) == []


async def test_who_is_online_there_is_deleted_later_and_holds_up_nobody(office: Office) -> None:
    await office.brought()
    first = office.conversation_id
    office.chatwoot.online_contacts = {one.id for one in office.chatwoot.contacts.values()}
    await erased(office)
    await office.brought()
    await erased(office)
    await office.adapter.tidy_up()
    assert [one.ledger_id for one in await links(office)] == [first]
    office.chatwoot.online_contacts = set()
    await office.adapter.tidy_up()
    assert office.chatwoot.contacts == {} and await links(office) == []


async def test_a_contact_whose_answer_was_lost_is_found_and_deleted(office: Office) -> None:
    await office.asks()
    office.chatwoot.answers = [("/contacts", "lost")]
    await office.works(1)
    assert len(office.chatwoot.contacts) == 1 and (await links(office))[0].contact_id is None
    await erased(office)
    await office.adapter.tidy_up()
    assert office.chatwoot.contacts == {} and await links(office) == []


async def test_what_never_came_there_is_forgotten_without_a_word(office: Office) -> None:
    office.chatwoot.is_down = True
    await office.asks()
    await office.works(1)
    await erased(office)
    office.chatwoot.is_down = False
    await office.adapter.tidy_up()
    assert await links(office) == [] and office.chatwoot.deleted == []


async def test_who_has_a_conversation_keeps_it_there(office: Office) -> None:
    await office.brought()
    await office.adapter.tidy_up()
    assert len(office.chatwoot.contacts) == 1 and office.chatwoot.deleted == []


async def test_deliveries_are_forgotten_after_a_day(office: Office) -> None:
    await office.brought()
    office.chatwoot.writes(11, "Eccomi")
    await office.works()

    def old(session) -> None:  # type: ignore[no-untyped-def]
        session.add(ChatwootDelivery(id="0" * 64, received_at=now() - REMEMBERED - timedelta(minutes=1)))

    await office.world.write(old)
    await office.adapter.tidy_up()
    left = await office.world.read(lambda session: list(session.scalars(select(ChatwootDelivery.id))))
    assert "0" * 64 not in left


async def test_no_secret_that_a_customer_gave_or_wrote_comes_to_chatwoot(url: str, chatwoot: standin.Chatwoot) -> None:
    """Given in their fields before, and written into the chat while a person answers: looked for in every byte."""
    async with product(url, chatwoot) as running:
        visitor = await running.visitor()
        for purpose, value in (("password", PASSWORD), ("tax_code", TAX_CODE), ("verification_code", CODE)):
            running.engine.expect("recheck", "code" if purpose == "verification_code" else f"secret:{purpose}")
            await visitor.say("vado avanti")
            await running.app.state.services.runner.settle()
            running.engine.expect("contact", "email_or_mobile")
            assert (await visitor.give(purpose, value)).is_success
            await running.app.state.services.runner.settle()
        await running.asks(visitor)
        chatwoot.assigns(11)
        written = [
            f"la mia password è {PASSWORD}", PASSWORD, f"il codice fiscale è {TAX_CODE}", "rss mra 85t10 a562s",
            f"il codice è {CODE}", CODE, "fine",
        ]  # fmt: skip
        for text in written:
            assert (await visitor.say(text)).is_success
        await until(lambda: chatwoot.said("incoming")[-1] == "fine")
        await visitor.close()
    assert [one["value"] for one in running.identity.deposits] == [PASSWORD, TAX_CODE, CODE], "they were given"
    assert len(chatwoot.said("incoming")) >= len(written), "and agents see that something was written"
    seen = bytes(chatwoot.seen_bytes)
    assert b"fine" in seen, "the scan sees what is sent"
    for secret in (PASSWORD, TAX_CODE, TAX_CODE.lower(), "rss mra 85t10", CODE):
        for form in (secret.encode(), base64.b64encode(secret.encode())[:-4], secret.encode("utf-16-le")):
            assert form not in seen
