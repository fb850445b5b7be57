"""The registry behind an HTTP service of the insurer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from areaclienti.domain.contacts import ContactKind
from areaclienti.identity.ports.back_end import BackEnd
from areaclienti.identity.ports.registry.contract import (
    ContactOnFile,
    CustomerOnFile,
    CustomerType,
    DeviceContact,
    Profile,
)
from areaclienti.identity.ports.registry.wire import (
    AgencyAddressAsked,
    AgencyAddressBody,
    ByContactAsked,
    ByTaxCodeAsked,
    CustomerAsked,
    CustomersBody,
    DeviceContactsAsked,
    DeviceContactsBody,
    NewContactAsked,
    NewContactBody,
    OneCustomerBody,
    OneProfileBody,
    customer_of,
    profile_of,
)
from areaclienti.identity.ports.wire import Body, ContactBody, contact_key

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

_Answer = TypeVar("_Answer", bound=Body)
_T = TypeVar("_T")


class HttpRegistry:
    """`Registry` asked over HTTP. Whatever does not fit the contract is taken for a failure of the service."""

    def __init__(self, back_end: BackEnd) -> None:
        self._back_end = back_end

    async def with_contact(
        self, work: Work, customer_type: CustomerType, kind: ContactKind, key: str
    ) -> Sequence[CustomerOnFile]:
        asked = ByContactAsked(customer_type=customer_type, contact=ContactBody(kind=kind, value=key))
        found = await self._ask(work, "/v1/customers/by-contact", asked, CustomersBody, _customers)
        # A service that searches by "contains" or across types must not widen what counts as a match.
        return [customer for customer in found if customer.type == customer_type and customer.contact(key)]

    async def with_tax_code(self, work: Work, customer_type: CustomerType, tax_code: str) -> Sequence[CustomerOnFile]:
        asked = ByTaxCodeAsked(customer_type=customer_type, tax_code=tax_code)
        found = await self._ask(work, "/v1/customers/by-tax-code", asked, CustomersBody, _customers)
        return [customer for customer in found if customer.type == customer_type]

    async def device_contacts(self, work: Work, keys: Collection[tuple[ContactKind, str]]) -> Sequence[DeviceContact]:
        asked = DeviceContactsAsked(contacts=[ContactBody(kind=kind, value=key) for kind, key in sorted(keys)])
        answer = await self._ask(work, "/v1/customers/device-contacts", asked, DeviceContactsBody, _held)
        return [held for held in answer if any(held.key == key for _, key in keys)]

    async def customer(self, work: Work, code: str) -> CustomerOnFile | None:
        found = await self._ask(
            work, "/v1/customers/by-number", CustomerAsked(customer=code or None), OneCustomerBody, _one_customer
        )
        return found if found and found.code == code else None

    async def profile(self, work: Work, code: str) -> Profile | None:
        found = await self._ask(
            work, "/v1/customers/profile", CustomerAsked(customer=code or None), OneProfileBody, _one_profile
        )
        return found if found and found.customer.code == code else None

    async def agency_email(self, work: Work, agency_code: str) -> str | None:
        asked = AgencyAddressAsked(agency=agency_code)
        return await self._ask(work, "/v1/customers/agency-address", asked, AgencyAddressBody, lambda body: body.email)

    async def take_over(self, work: Work, request_id: str, code: str, contact: ContactOnFile) -> bool:
        asked = NewContactAsked(
            request=request_id, customer=code, contact=ContactBody(kind=contact.kind, value=contact.key)
        )
        return await self._ask(
            work, "/v1/customers/new-contact", asked, NewContactBody, lambda body: body.outcome == "accepted"
        )

    async def _ask(
        self, work: Work, path: str, asked: Body, answer: type[_Answer], read: Callable[[_Answer], _T]
    ) -> _T:
        return await self._back_end.ask_within(work, path, asked, answer, read)


def _customers(body: CustomersBody) -> list[CustomerOnFile]:
    return [customer_of(customer) for customer in body.customers]


def _held(body: DeviceContactsBody) -> list[DeviceContact]:
    return [DeviceContact(contact_key(held.contact), held.customer) for held in body.held]


def _one_customer(body: OneCustomerBody) -> CustomerOnFile | None:
    return customer_of(body.found) if body.found else None


def _one_profile(body: OneProfileBody) -> Profile | None:
    return profile_of(body.found) if body.found else None
