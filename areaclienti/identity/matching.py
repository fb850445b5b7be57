"""Decides whether what was typed is one customer on file who may register: STRONG, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, selectinload

from areaclienti.domain.companies import close_company, same_company
from areaclienti.domain.names import PersonName, close_person, same_person
from areaclienti.identity.claims import Claims
from areaclienti.identity.db.models import ACTIVE_POLICY, Account, Contact, Customer, Policy

_NOBODY = -1  # no row has this id: the questions about a customer are asked of him when there is none


@dataclass(frozen=True)
class Verdict:
    """`contact` of the one customer who may register with it, or None; `reason` is for the audit only."""

    reason: str
    contact: Contact | None = None


@dataclass(frozen=True)
class Identification:
    """The customer behind an exact tax code, with the contacts that may become the username."""

    reason: str
    customer: Customer | None = None
    contacts: Sequence[Contact] = ()


async def match(session: AsyncSession, claims: Claims) -> Verdict:
    """Looks the contact up exactly, then compares canonical names (manual 3a, 3b, 4a).

    The same statements run whatever the outcome, so that the time tells nothing about who is a customer.
    """
    held = await session.scalars(
        select(Contact)
        .join(Contact.customer)
        .where(Contact.key == claims.contact.key, Customer.type == claims.customer_type)
        .options(contains_eager(Contact.customer))
    )
    named = [contact for contact in held if _is_named(contact.customer, claims)]
    contact = named[0] if len(named) == 1 else None
    customer_id = contact.customer_id if contact else _NOBODY

    active = await _has_active_policy(session, customer_id)
    registered = await _has_account(session, customer_id)
    taken = await _taken_keys(session, customer_id, [claims.contact.key])
    if contact is None:
        return Verdict("several_customers" if named else "no_customer")
    if not active:
        return Verdict("no_active_policy")  # manual A, B
    if registered:
        return Verdict("account_exists")
    if taken:
        return Verdict("contact_in_use")  # manual 4a
    return Verdict("strong", contact)


async def identify(session: AsyncSession, claims: Claims, tax_code: str) -> Identification:
    """Finds the customer by an exact tax code and a compatible name (manual 2c, 3c).

    An omocode matches by equality with the registry only. Only here may the name differ a little.
    """
    found = (await session.scalars(_by_tax_code(claims, tax_code))).all()
    close = [customer for customer in found if _is_close(customer, claims)]
    customer = close[0] if len(close) == 1 else None
    customer_id = customer.id if customer else _NOBODY

    active = await _has_active_policy(session, customer_id)
    registered = await _has_account(session, customer_id)
    on_file = list(customer.contacts) if customer else []
    taken = await _taken_keys(session, customer_id, [contact.key for contact in on_file])
    free = [contact for contact in on_file if contact.key not in taken]
    if customer is None:
        return Identification("several_customers" if close else "name_differs" if found else "no_customer")
    if not active:
        return Identification("no_active_policy")
    if registered:
        return Identification("account_exists")
    if not free:
        return Identification("no_free_contact")
    return Identification("strong", customer, free)


async def may_register(session: AsyncSession, contact: Contact) -> bool:
    """Whether the contact's customer may still register with it; asked again when the account is made."""
    return (
        await _has_active_policy(session, contact.customer_id)
        and not await _has_account(session, contact.customer_id)
        and not await _taken_keys(session, contact.customer_id, [contact.key])
    )


def _is_named(customer: Customer, claims: Claims) -> bool:
    if claims.person is not None:
        return same_person(claims.person, _person(customer))
    return claims.company is not None and same_company(claims.company, customer.company_name or "")


def _is_close(customer: Customer, claims: Claims) -> bool:
    if claims.person is not None:
        return close_person(claims.person, _person(customer))
    return claims.company is not None and close_company(claims.company, customer.company_name or "")


def _person(customer: Customer) -> PersonName:
    return PersonName(customer.given_name or "", customer.family_name or "")


def _by_tax_code(claims: Claims, tax_code: str) -> Select[Customer]:
    # A company's codice fiscale may differ from its partita IVA: either identifies it.
    return (
        select(Customer)
        .where(
            or_(Customer.codice_fiscale == tax_code, Customer.partita_iva == tax_code),
            Customer.type == claims.customer_type,
        )
        .options(selectinload(Customer.contacts))
    )


async def _has_active_policy(session: AsyncSession, customer_id: int) -> bool:
    policies = select(func.count()).where(Policy.customer_id == customer_id, Policy.status == ACTIVE_POLICY)
    return bool(await session.scalar(policies))


async def _has_account(session: AsyncSession, customer_id: int) -> bool:
    return bool(await session.scalar(select(func.count()).where(Account.customer_id == customer_id)))


async def _taken_keys(session: AsyncSession, customer_id: int, keys: Sequence[str]) -> set[str]:
    """Those of the contacts that are somebody's username, or another customer's device contact (manual 4a)."""
    usernames = select(Account.username_key).where(Account.username_key.in_(keys))
    confirmed = select(Account.device_key).where(Account.device_key.in_(keys), Account.customer_id != customer_id)
    on_file = select(Contact.key).where(
        and_(Contact.key.in_(keys), Contact.is_device.is_(True), Contact.customer_id != customer_id)
    )
    return {key for key in await session.scalars(usernames.union(confirmed, on_file)) if key is not None}
