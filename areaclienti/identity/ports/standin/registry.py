"""The registry as an insurer serves it."""

from __future__ import annotations

from fastapi import APIRouter

from areaclienti.identity.ports.references import contact_row
from areaclienti.identity.ports.registry.contract import ContactOnFile
from areaclienti.identity.ports.registry.sql import SqlRegistry
from areaclienti.identity.ports.registry.wire import (
    AgencyAddressAsked,
    AgencyAddressBody,
    ByContactAsked,
    ByTaxCodeAsked,
    CustomerAsked,
    CustomersBody,
    DeviceContactBody,
    DeviceContactsAsked,
    DeviceContactsBody,
    NewContactAsked,
    NewContactBody,
    OneCustomerBody,
    OneProfileBody,
    customer_body,
    profile_body,
)
from areaclienti.identity.ports.wire import contact_key
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work


def router(services: Services) -> APIRouter:
    registry = SqlRegistry()
    routes = APIRouter(prefix="/v1/customers", tags=["registry"])

    @routes.post("/by-contact", operation_id="customersByContact")
    async def by_contact(asked: ByContactAsked) -> CustomersBody:
        """All customers of the type who have the contact on file. A family may share one."""
        found = await services.do(
            lambda work: registry.with_contact(
                work, asked.customer_type, asked.contact.kind, contact_key(asked.contact)
            )
        )
        return CustomersBody(customers=[customer_body(customer) for customer in found])

    @routes.post("/by-tax-code", operation_id="customersByTaxCode")
    async def by_tax_code(asked: ByTaxCodeAsked) -> CustomersBody:
        """All customers of the type whose codice fiscale or partita IVA equals the code. An omocode is not undone."""
        found = await services.do(lambda work: registry.with_tax_code(work, asked.customer_type, asked.tax_code))
        return CustomersBody(customers=[customer_body(customer) for customer in found])

    @routes.post("/device-contacts", operation_id="deviceContacts")
    async def device_contacts(asked: DeviceContactsAsked) -> DeviceContactsBody:
        """Which of the contacts are somebody's "recapito dispositivo", and whose."""
        asked_by_key = {contact_key(contact): contact for contact in asked.contacts}
        keys = [(contact.kind, key) for key, contact in asked_by_key.items()]
        held = await services.do(lambda work: registry.device_contacts(work, keys))
        return DeviceContactsBody(
            held=[DeviceContactBody(contact=asked_by_key[device.key], customer=device.customer_code) for device in held]
        )

    @routes.post("/by-number", operation_id="customerByNumber")
    async def by_number(asked: CustomerAsked) -> OneCustomerBody:
        """The customer as he is on file now."""
        found = await services.do(lambda work: registry.customer(work, asked.customer or ""))
        return OneCustomerBody(found=customer_body(found) if found else None)

    @routes.post("/profile", operation_id="customerProfile")
    async def profile(asked: CustomerAsked) -> OneProfileBody:
        """What the customer sees when he has signed in: himself, his policies, his consultant."""
        found = await services.do(lambda work: registry.profile(work, asked.customer or ""))
        return OneProfileBody(found=profile_body(found) if found else None)

    @routes.post("/agency-address", operation_id="agencyAddress")
    async def agency_address(asked: AgencyAddressAsked) -> AgencyAddressBody:
        """Where an agency reads that one of its customers waits for a call."""
        return AgencyAddressBody(email=await services.do(lambda work: registry.agency_email(work, asked.agency)))

    @routes.post("/new-contact", operation_id="newContact")
    async def new_contact(asked: NewContactAsked) -> NewContactBody:
        """Takes over a contact that was confirmed; this stand-in has it on file at once."""
        contact = ContactOnFile(asked.contact.kind, asked.contact.value, contact_key(asked.contact), False)

        async def put_on_file(work: Work) -> bool:
            customer = await registry.customer(work, asked.customer)
            if customer is None:
                return False
            (await contact_row(work, customer, contact)).is_on_file = True
            return True

        return NewContactBody(outcome="accepted" if await services.do(put_on_file) else "refused")

    return routes
