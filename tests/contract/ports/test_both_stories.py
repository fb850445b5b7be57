"""Both stories of the manual, from the notice to the signed-in page, with every port at the insurer's."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from areaclienti.identity.db.models import Account, AuditEvent, Contact, Customer, MailboxMessage, OutboxMessage, Policy
from tests.contract.ports.insurer import InsuredWorld
from tests.unit.identity.world import MARIO_TAX_CODE, OFFICINE, OFFICINE_VAT, PASSWORD, World

pytestmark = pytest.mark.parametrize("world", ["http"], indirect=True)


async def signed_in(world: World, username: str) -> dict[str, object]:
    """Signs in with the code of the first access; gives what the customer sees."""
    pending = (await world.sign_in(username)).json()
    assert pending["outcome"] == "code_required"
    path = f"/v1/sign-in/{pending['sign_in_id']}/verification"
    answer = (await world.gateway("POST", path, {"code": await world.newest_code()})).json()
    assert answer["outcome"] == "signed_in"
    headers = {"X-Session-Token": answer["session_token"]}
    return dict((await world.gateway("GET", "/v1/customers/me", **headers)).json())


async def test_story_a_a_private_customer(world: World) -> None:
    match = (await world.register()).json()
    assert (match["outcome"], match["challenge"]["masked_destination"]) == ("code_sent", "mar*****@po**.example")
    answer = (await world.verify(match["registration_id"], await world.newest_code())).json()
    assert (answer["outcome"], answer["account"]["display_name"]) == ("account_created", "Mario Rossi")
    me = await signed_in(world, "mario.rossi@posta.example")
    assert (me["display_name"], me["policies"][0]["number"]) == ("Mario Rossi", "P1")  # type: ignore[index]


async def test_story_b_a_company(world: World) -> None:
    match = (await world.register(**OFFICINE)).json()
    answer = (await world.verify(match["registration_id"], await world.newest_code())).json()
    assert (answer["outcome"], answer["account"]["display_name"]) == ("account_created", "Officine Ferrara S.r.l.")
    assert (await signed_in(world, OFFICINE["contact"]))["customer_type"] == "azienda"


@pytest.mark.parametrize(
    ("claims", "tax_code"), [({"contact": "altro@posta.example"}, MARIO_TAX_CODE), (OFFICINE, OFFICINE_VAT)]
)
async def test_section_c_the_tax_code_and_a_contact_on_file(
    world: World, claims: dict[str, str], tax_code: str
) -> None:
    registration = (await world.register(**claims | {"contact": "altro@posta.example"})).json()
    assert registration["outcome"] == "not_recognised"
    found = (await world.identify(registration["registration_id"], tax_code)).json()
    assert found["outcome"] == "identified"
    mobile = next(contact for contact in found["contacts"] if contact["kind"] == "mobile")
    path = f"/v1/registrations/{registration['registration_id']}/chosen-contact"
    assert (await world.actions(path, {"contact_id": mobile["id"]})).json()["outcome"] == "code_sent"
    answer = await world.verify(registration["registration_id"], await world.newest_code())
    assert answer.json()["outcome"] == "account_created"


async def test_what_is_left_here_is_references_and_nothing_that_the_insurer_keeps(world: World) -> None:
    assert isinstance(world, InsuredWorld)
    await world.session_of_mario()
    codes = [found[0] for message in await world.mail() if (found := re.search(r"\b\d{6}\b", message["text"]))]
    async with world.services.database.read() as session:
        for table in (Policy, MailboxMessage):
            assert list(await session.scalars(select(table))) == []
        assert set(await session.scalars(select(OutboxMessage.sealed))) == {None}
        assert list(await session.scalars(select(Account.password_hash))) == ["elsewhere"]
        customer = (await session.scalars(select(Customer))).one()
        assert (customer.codice_fiscale, customer.consultant_id) == (None, None)
        used = set(await session.scalars(select(Contact.key)))
        audit = repr([vars(row) for row in await session.scalars(select(AuditEvent))])
    assert used == {"mario.rossi@posta.example", "+393201234600"}  # those that a code went to
    assert len(codes) == 2
    assert not any(secret in audit for secret in (*codes, PASSWORD, "mario.rossi", "3201234600", MARIO_TAX_CODE))
