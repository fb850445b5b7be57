"""Who is meant by a contact, and which rows of identity are about him: for showing and for erasing them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from areaclienti.domain.contacts import Contact as TypedContact
from areaclienti.domain.contacts import parse_contact
from areaclienti.identity import limits
from areaclienti.identity.claims import Claims
from areaclienti.identity.db.models import Account, Contact, Customer, Registration
from areaclienti.identity.password_resets import username_hmac_of
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile, CustomerType
from areaclienti.identity.work import Work

_TYPES: tuple[CustomerType, ...] = ("persona", "azienda")
_COUNTED_BY_CONTACT = (limits.CODE_SENT, limits.CODE_CHECK, limits.RESET_CODE, limits.OWNER_TOLD)


@dataclass(frozen=True)
class Person:
    """`contacts`: the one that was named and, when it is on file with one customer alone, that customer's others that
    nobody else has on file. `is_shared`: several customers have it, so that it stands for itself.
    """

    contacts: tuple[TypedContact, ...]
    customer: CustomerOnFile | None = None
    is_shared: bool = False

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(contact.key for contact in self.contacts)


@dataclass(frozen=True)
class Rows:
    """Ids of what refers to a person: his accounts, his contacts' rows, registrations, and their conversations."""

    accounts: tuple[int, ...]
    contacts: tuple[int, ...]
    registrations: tuple[str, ...]
    conversations: frozenset[str]


async def find_person(work: Work, contact: TypedContact) -> Person:
    """Whom a contact stands for, as the registry has it now. Raises `BackEndUnavailable`."""
    holders = await _holders(work, contact)
    if len(holders) != 1:
        return Person((contact,), is_shared=bool(holders))
    [customer] = holders
    others = [_typed(known) for known in customer.contacts if known.key != contact.key]
    own = [one for one in others if len(await _holders(work, one)) == 1]
    return Person((contact, *own), customer)


async def find_rows(work: Work, person: Person, conversations: Collection[str]) -> Rows:
    """What of identity is about the person or belongs to the conversations, in which he was found elsewhere."""
    session = work.session
    code = person.customer.code if person.customer else ""
    customers = (await session.scalars(select(Customer.id).where(Customer.code == code))).all()
    is_his_account: ColumnElement[bool] = or_(Account.username_key.in_(person.keys), Account.customer_id.in_(customers))
    accounts = (await session.execute(select(Account.id, Account.registration_id).where(is_his_account))).all()
    contacts = (await session.scalars(select(Contact.id).where(Contact.key.in_(person.keys)))).all()
    if person.is_shared:  # the rows are those of several customers
        contacts = []
    found = await session.scalars(
        select(Registration).where(
            or_(
                Registration.conversation_id.in_(list(conversations)),
                Registration.matched_contact_id.in_(contacts),
                Registration.identified_customer_id.in_(customers),
                Registration.id.in_([registration for _, registration in accounts if registration]),
            )
        )
    )
    registrations = {one.id: one.conversation_id for one in found}
    open_ones = await session.scalars(select(Registration).where(Registration.claims_sealed.is_not(None)))
    registrations |= {one.id: one.conversation_id for one in open_ones if _is_about(work, one, person)}
    return Rows(
        tuple(account for account, _ in accounts),
        tuple(contacts),
        tuple(registrations),
        frozenset(conversations) | set(registrations.values()),
    )


def claims_of(work: Work, registration: Registration) -> Claims | None:
    """What was typed in an open registration; None when there is nothing, or it can't be read any more."""
    if registration.claims_sealed is None:
        return None
    try:
        return Claims.from_json(work.sealer.open(registration.claims_sealed, f"claims {registration.id}"))
    except ValueError:  # sealed under a key that was lost
        return None


def limit_keys(work: Work, person: Person, rows: Rows) -> list[str]:
    """The keys under which limits count the person's contacts, accounts and conversations."""
    by_contact = [limits.key_of(work, kind, key) for kind in _COUNTED_BY_CONTACT for key in sorted(person.keys)]
    by_contact += [limits.key_of(work, limits.RESET_CHECK, username_hmac_of(work, key)) for key in sorted(person.keys)]
    by_account = [limits.key_of(work, limits.RESET_NO_MOBILE, str(account)) for account in rows.accounts]
    if person.customer is not None:
        by_account.append(limits.key_of(work, limits.NEW_CONTACT_FOR, person.customer.code))
    return by_contact + by_account + [limits.key_of(work, limits.MATCH, one) for one in sorted(rows.conversations)]


def is_use_of(work: Work, sealed: str, belongs_to: str, person: Person) -> bool:
    """Whether a remembered use of a contact or a tax code is the person's."""
    try:
        said = json.loads(work.sealer.open(sealed, belongs_to))
    except ValueError:
        return False
    code = person.customer.code if person.customer else None
    return said.get("key") in person.keys or (code is not None and said.get("customer") == code)


async def _holders(work: Work, contact: TypedContact) -> list[CustomerOnFile]:
    return [
        holder
        for customer_type in _TYPES
        for holder in await work.ports.registry.with_contact(work, customer_type, contact.kind, contact.key)
    ]


def _typed(contact: ContactOnFile) -> TypedContact:
    return parse_contact(contact.value)


def _is_about(work: Work, registration: Registration, person: Person) -> bool:
    claims = claims_of(work, registration)
    return claims is not None and claims.contact.key in person.keys
