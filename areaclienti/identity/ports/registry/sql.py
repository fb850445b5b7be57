"""The registry in identity's own tables, filled by `areaclienti registry import`: the default."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Row, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import joinedload

from areaclienti.domain.contacts import ContactKind
from areaclienti.identity.db.models import ACTIVE_POLICY, Agency, Consultant, Contact, Customer, Policy
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

_is_insured = exists().where(Policy.customer_id == Customer.id, Policy.status == ACTIVE_POLICY)
# Built once, and columns in place of objects: most of the time of a look-up was spent on making them.
_ON_FILE = (
    select(
        Customer.id,
        Customer.code,
        Customer.type,
        Customer.given_name,
        Customer.family_name,
        Customer.company_name,
        _is_insured.label("is_insured"),
        Contact.kind,
        Contact.value,
        Contact.key,
        Contact.is_device,
    )
    .join(Contact, and_(Contact.customer_id == Customer.id, Contact.is_on_file), isouter=True)
    .order_by(Customer.id, Contact.id)
)
_HOLDERS = select(Contact.customer_id).where(
    Contact.key == bindparam("key"), Contact.kind == bindparam("kind"), Contact.is_on_file
)
_WITH_CONTACT = _ON_FILE.where(Customer.id.in_(_HOLDERS), Customer.type == bindparam("customer_type"))
# A company's codice fiscale may differ from its partita IVA: either identifies it.
_WITH_TAX_CODE = _ON_FILE.where(
    or_(Customer.codice_fiscale == bindparam("tax_code"), Customer.partita_iva == bindparam("tax_code")),
    Customer.type == bindparam("customer_type"),
)
_WITH_CODE = _ON_FILE.where(Customer.code == bindparam("code"))
_DEVICES = (
    select(Contact.key, Customer.code)
    .join(Contact.customer)
    .where(Contact.key.in_(bindparam("keys", expanding=True)), Contact.is_device.is_(True), Contact.is_on_file)
)


class SqlRegistry:
    """`Registry` within the use case's own transaction. The statements are the same, whatever they find."""

    async def with_contact(
        self, work: Work, customer_type: CustomerType, kind: ContactKind, key: str
    ) -> Sequence[CustomerOnFile]:
        return await _customers(work, _WITH_CONTACT, key=key, kind=kind, customer_type=customer_type)

    async def with_tax_code(self, work: Work, customer_type: CustomerType, tax_code: str) -> Sequence[CustomerOnFile]:
        return await _customers(work, _WITH_TAX_CODE, tax_code=tax_code, customer_type=customer_type)

    async def device_contacts(self, work: Work, keys: Collection[tuple[ContactKind, str]]) -> Sequence[DeviceContact]:
        held = await work.session.execute(_DEVICES, {"keys": [key for _, key in keys]})
        return [DeviceContact(key, code) for key, code in held]

    async def customer(self, work: Work, code: str) -> CustomerOnFile | None:
        found = await _customers(work, _WITH_CODE, code=code)
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

    async def agency_email(self, work: Work, agency_code: str) -> str | None:
        return await work.session.scalar(select(Agency.email).where(Agency.code == agency_code))

    async def take_over(self, work: Work, request_id: str, code: str, contact: ContactOnFile) -> bool:
        """Our tables copy a file that the insurer makes: the contact stays listed beside them for who makes it
        (`areaclienti registry new-contacts`), until a file brings it.
        """
        return True


async def _customers(work: Work, statement: Select[*tuple[Any, ...]], **asked: str) -> list[CustomerOnFile]:
    """The customers in the order of their ids, with their contacts in the order of theirs."""
    found = await work.session.execute(statement, asked)
    return [_on_file(list(rows)) for _, rows in groupby(found, key=lambda row: row.id)]


def _on_file(rows: Sequence[Row[*tuple[Any, ...]]]) -> CustomerOnFile:
    """One customer out of a row for each contact, or a single one without."""
    customer = rows[0]
    return CustomerOnFile(
        code=customer.code,
        type=cast(CustomerType, customer.type),
        given_name=customer.given_name,
        family_name=customer.family_name,
        company_name=customer.company_name,
        is_insured=customer.is_insured,
        contacts=tuple(
            ContactOnFile(cast(Any, row.kind), row.value, row.key, row.is_device) for row in rows if row.key is not None
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
        code=consultant.code,
        agency_code=consultant.agency.code,
    )
