"""The registry in identity's own tables, filled by `areaclienti registry import`: the default."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import joinedload

from areaclienti.domain.contacts import ContactKind
from areaclienti.identity.db.models import ACTIVE_POLICY, Consultant, Contact, Customer, Policy
from areaclienti.identity.ports.registry.contract import (
    ConsultantOnFile,
    ContactOnFile,
    CustomerOnFile,
    CustomerType,
    DeviceContact,
    PolicyLine,
    PolicyOnFile,
    PolicyStatus,
    Profile,
)

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

_NOBODY = -1  # no row has this id: the contacts are asked for also when there is no customer
_is_insured = exists().where(Policy.customer_id == Customer.id, Policy.status == ACTIVE_POLICY)


class SqlRegistry:
    """`Registry` within the use case's own transaction. The statements are the same, whatever they find."""

    async def with_contact(
        self, work: Work, customer_type: CustomerType, kind: ContactKind, key: str
    ) -> Sequence[CustomerOnFile]:
        holders = select(Contact.customer_id).where(Contact.key == key, Contact.kind == kind)
        return await _customers(work, Customer.id.in_(holders), Customer.type == customer_type)

    async def with_tax_code(self, work: Work, customer_type: CustomerType, tax_code: str) -> Sequence[CustomerOnFile]:
        # A company's codice fiscale may differ from its partita IVA: either identifies it.
        has_code = or_(Customer.codice_fiscale == tax_code, Customer.partita_iva == tax_code)
        return await _customers(work, has_code, Customer.type == customer_type)

    async def device_contacts(self, work: Work, keys: Collection[tuple[ContactKind, str]]) -> Sequence[DeviceContact]:
        held = await work.session.execute(
            select(Contact.key, Customer.code)
            .join(Contact.customer)
            .where(Contact.key.in_([key for _, key in keys]), Contact.is_device.is_(True))
        )
        return [DeviceContact(key, code) for key, code in held]

    async def customer(self, work: Work, code: str) -> CustomerOnFile | None:
        found = await _customers(work, Customer.code == code)
        return found[0] if found else None

    async def profile(self, work: Work, code: str) -> Profile | None:
        customer = await self.customer(work, code)
        if customer is None:
            return None
        policies = await work.session.scalars(
            select(Policy).join(Policy.customer).where(Customer.code == code).order_by(Policy.started_on, Policy.id)
        )
        consultant = await work.session.scalar(
            select(Consultant)
            .join(Customer, Customer.consultant_id == Consultant.id)
            .where(Customer.code == code)
            .options(joinedload(Consultant.agency))
        )
        return Profile(customer, tuple(map(_policy, policies)), _consultant(consultant))


async def _customers(work: Work, *conditions: ColumnElement[bool]) -> list[CustomerOnFile]:
    found = (await work.session.execute(select(Customer, _is_insured).where(*conditions).order_by(Customer.id))).all()
    contacts: dict[int, list[Contact]] = {customer.id: [] for customer, _ in found}
    on_file = select(Contact).where(Contact.customer_id.in_(contacts or [_NOBODY])).order_by(Contact.id)
    for contact in await work.session.scalars(on_file):
        contacts[contact.customer_id].append(contact)
    return [_on_file(customer, is_insured, contacts[customer.id]) for customer, is_insured in found]


def _on_file(customer: Customer, is_insured: bool, contacts: Sequence[Contact]) -> CustomerOnFile:
    return CustomerOnFile(
        code=customer.code,
        type=cast(CustomerType, customer.type),
        given_name=customer.given_name,
        family_name=customer.family_name,
        company_name=customer.company_name,
        is_insured=is_insured,
        contacts=tuple(
            ContactOnFile(cast(Any, contact.kind), contact.value, contact.key, contact.is_device)
            for contact in contacts
        ),
    )


def _policy(policy: Policy) -> PolicyOnFile:
    return PolicyOnFile(
        number=policy.number,
        product=policy.product,
        line=cast(PolicyLine, policy.line),
        status=cast(PolicyStatus, policy.status),
        started_on=policy.started_on,
        expires_on=policy.expires_on,
        annual_premium_cents=policy.annual_premium_cents,
    )


def _consultant(consultant: Consultant | None) -> ConsultantOnFile | None:
    if consultant is None:
        return None
    return ConsultantOnFile(
        name=consultant.name,
        agency=consultant.agency.name,
        phone=consultant.phone or consultant.agency.phone,
        email=consultant.email or consultant.agency.email,
    )
