"""What identity asks of a registry of customers, whoever holds it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol

from areaclienti.domain.contacts import ContactKind

if TYPE_CHECKING:
    from areaclienti.identity.work import Work

CustomerType = Literal["persona", "azienda"]
PolicyLine = Literal["vita", "risparmio", "protezione", "previdenza"]
PolicyStatus = Literal["attiva", "sospesa", "scaduta", "riscattata", "annullata"]


@dataclass(frozen=True)
class ContactOnFile:
    """A contact that the customer gave at the agency. `key` is `areaclienti.domain.contacts.Contact.key`."""

    kind: ContactKind
    value: str
    key: str
    is_device: bool


@dataclass(frozen=True)
class CustomerOnFile:
    """A customer. `code` is the insurer's customer number: it never changes and is never given to somebody else.

    A persona has `given_name` and `family_name`, an azienda `company_name`. `is_insured`: has an active policy, without
    which nobody registers (manual A, B). `contacts`: those that can be a username, in the registry's order.
    """

    code: str
    type: CustomerType
    given_name: str | None
    family_name: str | None
    company_name: str | None
    is_insured: bool
    contacts: tuple[ContactOnFile, ...]

    @property
    def display_name(self) -> str:
        """The name to greet the customer by."""
        return self.company_name or f"{self.given_name} {self.family_name}"

    def contact(self, key: str) -> ContactOnFile | None:
        return next((contact for contact in self.contacts if contact.key == key), None)


@dataclass(frozen=True)
class DeviceContact:
    """That a customer holds a contact as his "recapito dispositivo": nobody else may take it (manual 4a)."""

    key: str
    customer_code: str


@dataclass(frozen=True)
class PolicyOnFile:
    number: str
    product: str
    line: PolicyLine
    status: PolicyStatus
    started_on: date
    expires_on: date | None
    annual_premium_cents: int


@dataclass(frozen=True)
class ConsultantOnFile:
    """The "Consulente di fiducia"; telephone and e-mail are his own, or the agency's where he has none. `code` and
    `agency_code` are the registry's; without them nobody's conversations come to his own desk first.
    """

    name: str
    agency: str
    phone: str | None
    email: str | None
    code: str | None = None
    agency_code: str | None = None


@dataclass(frozen=True)
class Profile:
    """What a signed-in customer sees (manual 8a); policies in the order in which they began."""

    customer: CustomerOnFile
    policies: tuple[PolicyOnFile, ...]
    consultant: ConsultantOnFile | None


class Registry(Protocol):
    """Look-ups by exact keys; whether what was typed is a customer is decided here, in `identity.matching`.

    All but `take_over` are reads and change nothing; each may be asked again. None says anything about accounts. The
    answer to an unknown key looks like any other and takes as long: who measures the time must not learn who is a
    customer.
    Every method may raise `BackEndUnavailable`.
    """

    async def with_contact(
        self, work: Work, customer_type: CustomerType, kind: ContactKind, key: str
    ) -> Sequence[CustomerOnFile]:
        """All customers of that type who have the contact on file. A family may share one."""
        ...

    async def with_tax_code(self, work: Work, customer_type: CustomerType, tax_code: str) -> Sequence[CustomerOnFile]:
        """All customers of that type whose codice fiscale or partita IVA equals the code, an omocode as it is."""
        ...

    async def device_contacts(self, work: Work, keys: Collection[tuple[ContactKind, str]]) -> Sequence[DeviceContact]:
        """Which of the contacts are somebody's "recapito dispositivo", and whose; of either customer type."""
        ...

    async def customer(self, work: Work, code: str) -> CustomerOnFile | None:
        """The customer of that number as he is on file now, or None if there is none (any more).

        "" asks about nobody, where it must not be seen that there is nobody.
        """
        ...

    async def profile(self, work: Work, code: str) -> Profile | None:
        """The customer of that number with policies and consultant."""
        ...

    async def agency_email(self, work: Work, agency_code: str) -> str | None:
        """Where the agency of that code reads that one of its customers waits; None where that is not known."""
        ...

    async def take_over(self, work: Work, request_id: str, code: str, contact: ContactOnFile) -> bool:
        """Hands the registry a contact of the customer of that number that two people of his agency, and he himself
        with the code sent there, have confirmed (manual 5c). True: whoever keeps the registry has it, now or already;
        when it is on file the look-ups say. False: it never will be. The same `request_id` again does nothing new.
        """
        ...
