"""The bodies that a registry service of the insurer takes and gives; its OpenAPI description is made of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.identity.ports.registry.contract import (
    ConsultantOnFile,
    ContactOnFile,
    CustomerOnFile,
    PolicyLine,
    PolicyOnFile,
    PolicyStatus,
    Profile,
)
from areaclienti.identity.ports.wire import Body, ContactBody, CustomerNumber, Id, Line

CustomerTypeBody = Literal["persona", "azienda"]


class ByContactAsked(Body):
    """`contact.value`: compare e-mail addresses without regard to case, mobiles as E.164."""

    customer_type: CustomerTypeBody
    contact: ContactBody


class ByTaxCodeAsked(Body):
    """`tax_code`: a codice fiscale or a partita IVA in upper case, compared for equality with both."""

    customer_type: CustomerTypeBody
    tax_code: Annotated[str, Field(pattern=r"^[A-Z0-9]{11,16}$")]


class DeviceContactsAsked(Body):
    contacts: Annotated[list[ContactBody], Field(max_length=100)]


class CustomerAsked(Body):
    """`customer` is null when nobody is meant: answer that there is none, and take as long as otherwise."""

    customer: CustomerNumber | None


class AgencyAddressAsked(Body):
    agency: Annotated[Line, Field(max_length=32)]


class AgencyAddressBody(Body):
    """`email` is null where the agency is unknown, or has no address."""

    email: Annotated[Line, Field(max_length=254)] | None


class NewContactAsked(Body):
    """Two people of the customer's agency, and the customer with a code sent there, have confirmed the contact.

    `request` is the key of it: the same again must do nothing new.
    """

    request: Id
    customer: CustomerNumber
    contact: ContactBody


class NewContactBody(Body):
    """`accepted`: it is with you, now or already; it counts as on file when the look-ups give it. `refused`: never."""

    outcome: Literal["accepted", "refused"]


class ContactOnFileBody(ContactBody):
    """`is_device`: it is the customer's "recapito dispositivo", which nobody else may take as a username."""

    is_device: bool = False


class CustomerBody(Body):
    """A persona has `given_name` and `family_name`, an azienda `company_name`, as they are on file.

    `is_insured`: has at least one active policy. `contacts`: those given at the agency.
    """

    customer: CustomerNumber
    customer_type: CustomerTypeBody
    given_name: Annotated[Line, Field(max_length=80)] | None = None
    family_name: Annotated[Line, Field(max_length=80)] | None = None
    company_name: Annotated[Line, Field(max_length=160)] | None = None
    is_insured: bool
    contacts: Annotated[list[ContactOnFileBody], Field(max_length=100)]


class CustomersBody(Body):
    """Empty when there is none: that is no error."""

    customers: Annotated[list[CustomerBody], Field(max_length=100)]


class DeviceContactBody(Body):
    contact: ContactBody
    customer: CustomerNumber


class DeviceContactsBody(Body):
    """Those of the contacts asked for that are somebody's "recapito dispositivo"; the others are left out."""

    held: Annotated[list[DeviceContactBody], Field(max_length=1000)]


class OneCustomerBody(Body):
    """`found` is null when no customer has the number."""

    found: CustomerBody | None


class PolicyBody(Body):
    number: Annotated[Line, Field(max_length=32)]
    product: Annotated[Line, Field(max_length=120)]
    line: PolicyLine
    status: PolicyStatus
    started_on: date
    expires_on: date | None = None
    annual_premium_cents: Annotated[int, Field(ge=0)]


class ConsultantBody(Body):
    """`code` and `agency_code` bring a customer who asks for a person to his consultant's or agency's desk first."""

    name: Annotated[Line, Field(max_length=160)]
    agency: Annotated[Line, Field(max_length=160)]
    phone: Annotated[Line, Field(max_length=32)] | None = None
    email: Annotated[Line, Field(max_length=254)] | None = None
    code: Annotated[Line, Field(max_length=32)] | None = None
    agency_code: Annotated[Line, Field(max_length=32)] | None = None


class ProfileBody(Body):
    """`policies` in the order in which they began."""

    customer: CustomerBody
    policies: Annotated[list[PolicyBody], Field(max_length=1000)]
    consultant: ConsultantBody | None = None


class OneProfileBody(Body):
    """`found` is null when no customer has the number."""

    found: ProfileBody | None


def customer_of(body: CustomerBody) -> CustomerOnFile:
    """The record. Contacts that cannot be a username (landlines, foreign numbers) are left out of it.

    Raises `ValueError` when the names do not fit the type.
    """
    names = (body.given_name and body.family_name) if body.customer_type == "persona" else body.company_name
    if not names:
        raise ValueError("a customer without the names of his type")
    return CustomerOnFile(
        code=body.customer,
        type=body.customer_type,
        given_name=body.given_name if body.customer_type == "persona" else None,
        family_name=body.family_name if body.customer_type == "persona" else None,
        company_name=body.company_name if body.customer_type == "azienda" else None,
        is_insured=body.is_insured,
        contacts=_contacts_of(body),
    )


def _contacts_of(body: CustomerBody) -> tuple[ContactOnFile, ...]:
    contacts: dict[str, ContactOnFile] = {}
    for listed in body.contacts:
        try:
            contact = parse_contact(listed.value)
        except ContactRejected:
            continue
        if contact.kind == listed.kind and contact.key not in contacts:
            contacts[contact.key] = ContactOnFile(contact.kind, contact.value, contact.key, listed.is_device)
    return tuple(contacts.values())


def customer_body(customer: CustomerOnFile) -> CustomerBody:
    return CustomerBody(
        customer=customer.code,
        customer_type=customer.type,
        given_name=customer.given_name,
        family_name=customer.family_name,
        company_name=customer.company_name,
        is_insured=customer.is_insured,
        contacts=[
            ContactOnFileBody(kind=contact.kind, value=contact.value, is_device=contact.is_device)
            for contact in customer.contacts
        ],
    )


def profile_of(body: ProfileBody) -> Profile:
    """Raises `ValueError` as `customer_of` does."""
    return Profile(
        customer_of(body.customer),
        tuple(PolicyOnFile(**dict(policy)) for policy in body.policies),
        ConsultantOnFile(**dict(body.consultant)) if body.consultant else None,
    )


def profile_body(profile: Profile) -> ProfileBody:
    return ProfileBody(
        customer=customer_body(profile.customer),
        policies=[PolicyBody.model_validate(policy) for policy in profile.policies],
        consultant=ConsultantBody.model_validate(profile.consultant) if profile.consultant else None,
    )
