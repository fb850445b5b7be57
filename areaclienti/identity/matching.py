"""Decides whether what was typed is one customer on file who may register: STRONG, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import select

from areaclienti.domain.companies import close_company, same_company
from areaclienti.domain.contacts import ContactKind
from areaclienti.domain.names import PersonName, close_person, same_person
from areaclienti.identity.claims import Claims
from areaclienti.identity.db.models import Account, Customer
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile
from areaclienti.identity.work import Work

_NOBODY = ""  # no customer has this number: the questions about a customer are asked of him when there is none


@dataclass(frozen=True)
class Verdict:
    """The one customer who may register, with the contact that he typed, or None; `reason` is for the audit only."""

    reason: str
    customer: CustomerOnFile | None = None
    contact: ContactOnFile | None = None


@dataclass(frozen=True)
class Identification:
    """The customer behind an exact tax code, with the contacts that may become the username.

    `registered` is the number of one who has an account already: he may be told, who asks must not.
    """

    reason: str
    customer: CustomerOnFile | None = None
    contacts: Sequence[ContactOnFile] = ()
    registered: str | None = None


async def match(work: Work, claims: Claims) -> Verdict:
    """Looks the contact up exactly, then compares canonical names (manual 3a, 3b, 4a).

    The same is asked whatever the outcome, so that the time tells nothing about who is a customer.
    """
    typed = claims.contact
    held = await work.ports.registry.with_contact(work, claims.customer_type, typed.kind, typed.key)
    named = [customer for customer in held if _is_named(customer, claims)]
    customer = named[0] if len(named) == 1 else None
    contact = customer.contact(typed.key) if customer else None
    code = customer.code if customer else _NOBODY

    registered, taken = await in_use(work, code, [(typed.kind, typed.key)])
    if customer is None or contact is None:
        return Verdict("several_customers" if named else "no_customer")
    if not customer.is_insured:
        return Verdict("no_active_policy")  # manual A, B
    if registered:
        return Verdict("account_exists")
    if taken:
        return Verdict("contact_in_use")  # manual 4a
    return Verdict("strong", customer, contact)


async def identify(work: Work, claims: Claims, tax_code: str) -> Identification:
    """Finds the customer by an exact tax code and a compatible name (manual 2c, 3c).

    An omocode matches by equality with the registry only. Only here may the name differ a little.
    """
    found = await work.ports.registry.with_tax_code(work, claims.customer_type, tax_code)
    close = [customer for customer in found if _is_close(customer, claims)]
    customer = close[0] if len(close) == 1 else None
    code = customer.code if customer else _NOBODY

    on_file = customer.contacts if customer else ()
    registered, taken = await in_use(work, code, [(contact.kind, contact.key) for contact in on_file])
    free = [contact for contact in on_file if contact.key not in taken]
    if customer is None:
        return Identification("several_customers" if close else "name_differs" if found else "no_customer")
    if not customer.is_insured:
        return Identification("no_active_policy")
    if registered:
        return Identification("account_exists", registered=code)
    if not free:
        return Identification("no_free_contact")
    return Identification("strong", customer, free)


async def may_register(
    work: Work, code: str, key: str, granted: ContactOnFile | None = None
) -> tuple[CustomerOnFile, ContactOnFile] | None:
    """The customer and his contact as they are on file now, if he may still register with it.

    Asked again before each code. The same is asked whatever the answer. `granted` is a contact that is not on file and
    that his agency confirmed for this registration (manual 5c).
    """
    entitled = await is_entitled(work, code, key, granted)
    standing = await work.ports.accounts.standing(work, code, [(entitled[1].kind, key)] if entitled else [])
    return None if standing.has_account or standing.taken else entitled


async def is_entitled(
    work: Work, code: str, key: str, granted: ContactOnFile | None = None
) -> tuple[CustomerOnFile, ContactOnFile] | None:
    """As `may_register`, but for the accounts: who makes one is told by the store whether there is another."""
    customer = await work.ports.registry.customer(work, code)
    contact = (customer.contact(key) or granted) if customer else None
    others = await _device_contacts_of_others(work, code, [(contact.kind, key)] if contact else [])
    if customer is None or contact is None or not customer.is_insured or others:
        return None
    return customer, contact


def _is_named(customer: CustomerOnFile, claims: Claims) -> bool:
    if claims.person is not None:
        return same_person(claims.person, _person(customer))
    return claims.company is not None and same_company(claims.company, customer.company_name or "")


def _is_close(customer: CustomerOnFile, claims: Claims) -> bool:
    if claims.person is not None:
        return close_person(claims.person, _person(customer))
    return claims.company is not None and close_company(claims.company, customer.company_name or "")


def _person(customer: CustomerOnFile) -> PersonName:
    return PersonName(customer.given_name or "", customer.family_name or "")


async def in_use(work: Work, code: str, contacts: Collection[tuple[ContactKind, str]]) -> tuple[bool, Set[str]]:
    """Whether the customer has an account, and those of the contacts that he may not take as a username (manual 4a):
    somebody has it already, or it is another customer's device contact.
    """
    standing = await work.ports.accounts.standing(work, code, contacts)
    return standing.has_account, standing.taken | await _device_contacts_of_others(work, code, contacts)


async def _device_contacts_of_others(work: Work, code: str, contacts: Collection[tuple[ContactKind, str]]) -> set[str]:
    """Those that another customer has on file as his device contact, or has confirmed at his first access."""
    confirmed = await work.session.scalars(
        select(Account.device_key)
        .join(Account.customer)
        .where(Account.device_key.in_([key for _, key in contacts]), Customer.code != code)
    )
    on_file = await work.ports.registry.device_contacts(work, contacts)
    return {*filter(None, confirmed), *(device.key for device in on_file if device.customer_code != code)}
