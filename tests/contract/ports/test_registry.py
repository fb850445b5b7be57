"""The contract of the registry, over SQL and over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from areaclienti.identity.db.models import Contact, Customer, Policy
from areaclienti.identity.ports.registry.contract import (
    ConsultantOnFile,
    ContactOnFile,
    CustomerOnFile,
    DeviceContact,
    PolicyOnFile,
)
from tests.contract.ports.conftest import Sides
from tests.unit.identity.world import MARIO_TAX_CODE, OFFICINE_VAT

MARIO = CustomerOnFile(
    code="1",
    type="persona",
    given_name="Mario",
    family_name="Rossi",
    company_name=None,
    is_insured=True,
    contacts=(
        ContactOnFile("email", "mario.rossi@posta.example", "mario.rossi@posta.example", False),
        ContactOnFile("mobile", "+393201234600", "+393201234600", False),
        ContactOnFile("mobile", "+393207654450", "+393207654450", False),
    ),
)


async def ask(sides: Sides, question: str, *arguments: Any) -> Any:
    return await sides.product.do(lambda work: getattr(work.ports.registry, question)(work, *arguments))


async def test_all_who_share_a_contact_are_found_whole_and_in_order(sides: Sides) -> None:
    found = await ask(sides, "with_contact", "persona", "email", "mario.rossi@posta.example")
    assert [customer.code for customer in found] == ["1", "4"]
    assert found[0] == MARIO
    assert found[1].contacts[1] == ContactOnFile("mobile", "+393331112223", "+393331112223", True)


async def test_a_contact_is_looked_up_exactly_and_within_the_customer_type(sides: Sides) -> None:
    for kind, key in (("email", "ario.rossi@posta.example"), ("email", "%@posta.example"), ("mobile", "+393201234601")):
        assert list(await ask(sides, "with_contact", "persona", kind, key)) == []
    assert list(await ask(sides, "with_contact", "azienda", "email", "mario.rossi@posta.example")) == []
    company = (await ask(sides, "with_contact", "azienda", "email", "info@officineferrara.example"))[0]
    assert (company.company_name, company.display_name) == ("Officine Ferrara S.r.l.", "Officine Ferrara S.r.l.")


async def test_an_address_on_file_in_another_spelling_is_found_by_its_key(sides: Sides) -> None:
    async with sides.insurer.database.write() as session:
        await session.execute(
            update(Contact).where(Contact.key == "paolo.gallo@posta.example").values(value="Paolo.Gallo@posta.example")
        )
    found = await ask(sides, "with_contact", "persona", "email", "paolo.gallo@posta.example")
    assert found[0].contact("paolo.gallo@posta.example").value == "Paolo.Gallo@posta.example"


async def test_who_has_no_active_policy_is_found_and_not_insured(sides: Sides) -> None:
    found = await ask(sides, "with_contact", "persona", "email", "carlo.verdi@posta.example")
    assert [(customer.code, customer.is_insured) for customer in found] == [("3", False)]


async def test_a_tax_code_is_compared_for_equality_within_the_customer_type(sides: Sides) -> None:
    assert list(await ask(sides, "with_tax_code", "persona", MARIO_TAX_CODE)) == [MARIO]
    assert list(await ask(sides, "with_tax_code", "azienda", MARIO_TAX_CODE)) == []
    assert list(await ask(sides, "with_tax_code", "persona", MARIO_TAX_CODE[:-1] + "A")) == []
    assert [customer.code for customer in await ask(sides, "with_tax_code", "azienda", OFFICINE_VAT)] == ["6"]


async def test_a_company_is_found_by_either_of_its_codes(sides: Sides) -> None:
    async with sides.insurer.database.write() as session:
        await session.execute(update(Customer).where(Customer.code == "6").values(codice_fiscale="01234567897"))
    for code in (OFFICINE_VAT, "01234567897"):
        assert [customer.code for customer in await ask(sides, "with_tax_code", "azienda", code)] == ["6"]


async def test_device_contacts_are_told_with_their_holders_and_no_others(sides: Sides) -> None:
    keys = [("mobile", "+393331112223"), ("email", "mario.rossi@posta.example"), ("mobile", "+393209999999")]
    assert list(await ask(sides, "device_contacts", keys)) == [DeviceContact("+393331112223", "4")]
    assert list(await ask(sides, "device_contacts", [])) == []


async def test_a_customer_is_read_as_he_is_on_file_now(sides: Sides) -> None:
    assert await ask(sides, "customer", "1") == MARIO
    async with sides.insurer.database.write() as session:
        await session.execute(update(Policy).where(Policy.number == "P1").values(status="riscattata"))
    assert (await ask(sides, "customer", "1")).is_insured is False
    assert await ask(sides, "customer", "no-such-number") is None
    assert await ask(sides, "customer", "") is None


async def test_a_profile_has_policies_and_consultant(sides: Sides) -> None:
    profile = await ask(sides, "profile", "1")
    assert profile.customer == MARIO
    assert profile.policies == (
        PolicyOnFile("P1", "Vita Serena", "vita", "attiva", date(2021, 3, 1), date(2041, 3, 1), 120_000),
    )
    assert profile.consultant == ConsultantOnFile(
        "Anna Neri", "Agenzia di Ferrara", "+393330000001", "ferrara@agenzia.example", "C1", "A1"
    )
    assert (await ask(sides, "profile", "2")).consultant is None
    assert await ask(sides, "profile", "no-such-number") is None


async def test_an_agency_s_address_is_told_and_an_unknown_one_s_is_not(sides: Sides) -> None:
    assert await ask(sides, "agency_email", "A1") == "ferrara@agenzia.example"
    assert await ask(sides, "agency_email", "A9") is None


NEW = ContactOnFile("email", "nuova@posta.example", "nuova@posta.example", False)


async def test_a_new_contact_can_be_handed_over_again_and_is_taken_once(sides: Sides) -> None:
    for _ in range(2):
        assert await ask(sides, "take_over", "ncr_1", "1", NEW) is True
    found = [contact for contact in (await ask(sides, "customer", "1")).contacts if contact.key == NEW.key]
    # Our own tables copy the insurer's file, which alone puts a contact on file; a system of his decides for itself.
    assert found == ([NEW] if sides.server else [])


@pytest.mark.parametrize("sides", ["http"], indirect=True)
async def test_a_registry_may_refuse_a_new_contact(sides: Sides) -> None:
    assert await ask(sides, "take_over", "ncr_1", "no-such-number", NEW) is False


@pytest.mark.parametrize("sides", ["http"], indirect=True)
async def test_nothing_is_copied_but_what_an_account_or_a_code_refers_to(sides: Sides) -> None:
    await ask(sides, "with_contact", "persona", "email", "mario.rossi@posta.example")
    await ask(sides, "with_tax_code", "persona", MARIO_TAX_CODE)
    await ask(sides, "profile", "1")
    async with sides.product.database.read() as session:
        assert list(await session.scalars(select(Customer))) == []
        assert list(await session.scalars(select(Contact))) == []
