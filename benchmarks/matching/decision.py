"""The product's own decision on one customer and what somebody typed: as it makes it, from the claims on."""

from __future__ import annotations

from typing import Literal

from areaclienti.domain.companies import close_company, same_company
from areaclienti.domain.names import PersonName, close_person, same_person
from areaclienti.identity.claims import Claims, read_claims
from areaclienti.identity.errors import Refused
from benchmarks.matching.rows import Company, Person, Typed

# `asked_again`: what was typed is no name or no contact, and the field says so at once.
Outcome = Literal["accepted", "refused", "asked_again"]


def claims_of(typed: Typed) -> Claims | None:
    """What identity makes of the texts, or None where it refuses one of them."""
    try:
        return read_claims(typed.customer_type, typed.given_name, typed.family_name, typed.company_name, typed.contact)
    except Refused:
        return None


def has_contact(claims: Claims | None, row: Person | Company) -> bool:
    """Whether the claim is of the row's type and of one of its contacts."""
    return claims is not None and _is_type(claims, row) and claims.contact.key in row.contacts


def by_contact(claims: Claims | None, row: Person | Company) -> Outcome:
    """What `identity.matching.match` compares: type and contact exactly, then the name."""
    if claims is None:
        return "asked_again"
    return "accepted" if has_contact(claims, row) and _is_named(claims, row) else "refused"


def by_tax_code(claims: Claims | None, row: Person | Company) -> Outcome:
    """What `identity.matching.identify` compares once the exact tax code of the row was given: type and near name."""
    if claims is None:
        return "asked_again"
    return "accepted" if _is_type(claims, row) and _is_close(claims, row) else "refused"


def _is_type(claims: Claims, row: Person | Company) -> bool:
    return (claims.customer_type == "persona") == isinstance(row, Person)


def _is_named(claims: Claims, row: Person | Company) -> bool:
    if isinstance(row, Person):
        return claims.person is not None and same_person(claims.person, PersonName(row.given_name, row.family_name))
    return claims.company is not None and same_company(claims.company, row.company_name)


def _is_close(claims: Claims, row: Person | Company) -> bool:
    if isinstance(row, Person):
        return claims.person is not None and close_person(claims.person, PersonName(row.given_name, row.family_name))
    return claims.company is not None and close_company(claims.company, row.company_name)
