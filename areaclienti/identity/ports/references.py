"""The local rows that stand for customers and contacts on file, so that accounts and codes can refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import Contact, Customer
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile

if TYPE_CHECKING:
    from areaclienti.identity.work import Work


async def customer_row(work: Work, customer: CustomerOnFile) -> Customer:
    """The customer's row by his number: made at need, with his name and nothing else, and brought up to date.

    With the SQL registry it is the registry's own row.
    """
    row = await _customer(work, customer.code)
    if row is None:
        await insert_if_absent(work.session, Customer, code=customer.code, type=customer.type, **_names(customer))
        row = await _customer(work, customer.code)
        assert row is not None
    for name, value in _names(customer).items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    return row


async def contact_row(
    work: Work, customer: CustomerOnFile, contact: ContactOnFile, *, is_on_file: bool = True
) -> Contact:
    """The row of one contact that a code is sent to; the customer's other contacts get none.

    Without `is_on_file` it is one that was asked for at the desk: a new row is none of the registry's, and one that is
    there stays what it is.
    """
    owner = await customer_row(work, customer)
    row = await _contact(work, owner.id, contact.key)
    if row is None:
        await insert_if_absent(
            work.session,
            Contact,
            customer_id=owner.id,
            kind=contact.kind,
            value=contact.value,
            key=contact.key,
            is_device=contact.is_device,
            is_on_file=is_on_file,
        )
        row = await _contact(work, owner.id, contact.key)
        assert row is not None
    if row.value != contact.value:
        row.value = contact.value
    if is_on_file and not row.is_on_file:
        row.is_on_file = True  # the registry has it by now
    return row


async def no_contact_row(work: Work) -> None:
    """Asks what `contact_row` asks, about nobody: where it must not be seen that there is no contact."""
    await _customer(work, "")
    await _contact(work, -1, "")


async def _customer(work: Work, code: str) -> Customer | None:
    return await work.session.scalar(select(Customer).where(Customer.code == code))


async def _contact(work: Work, customer_id: int, key: str) -> Contact | None:
    return await work.session.scalar(select(Contact).where(Contact.customer_id == customer_id, Contact.key == key))


def _names(customer: CustomerOnFile) -> dict[str, str | None]:
    return {
        "given_name": customer.given_name,
        "family_name": customer.family_name,
        "company_name": customer.company_name,
    }
