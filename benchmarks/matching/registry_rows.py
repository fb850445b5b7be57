"""Generated customers as rows of identity's tables, written as `areaclienti registry import` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from areaclienti.domain.companies import canonical_company, clean_company
from areaclienti.domain.names import canonical_name, clean_name
from areaclienti.identity.registry_import import Records
from benchmarks.matching.rows import Company, Person

_STARTED_ON = date(2021, 3, 1)


def customer_row(row: Person | Company) -> dict[str, Any]:
    """The customer, without a code. Raises `NameRejected` where an import would refuse the line."""
    if isinstance(row, Person):
        given, family = clean_name(row.given_name), clean_name(row.family_name)
        keys = {"given_key": canonical_name(given), "family_key": canonical_name(family)}
        named = {"type": "persona", "given_name": given, "family_name": family, "company_name": None}
        return named | keys | {"company_key": None, "legal_form_key": None} | _codes(row.codice_fiscale, None)
    name = clean_company(row.company_name)
    key = canonical_company(name)
    named = {"type": "azienda", "given_name": None, "family_name": None, "company_name": name}
    keys = {"given_key": None, "family_key": None, "company_key": key.name, "legal_form_key": key.legal_form}
    return named | keys | _codes(None, row.partita_iva)


def contact_rows(row: Person | Company) -> Iterator[dict[str, Any]]:
    """The contacts, without their customer; none is a device contact."""
    for contact in row.contacts:
        kind = "email" if "@" in contact else "mobile"
        yield {"kind": kind, "value": contact, "key": contact, "is_device": False}


def policy_row(number: str, *, active: bool) -> dict[str, Any]:
    """A policy, without its customer."""
    return {
        "number": number,
        "product": "Polizza di prova",
        "line": "vita",
        "status": "attiva" if active else "scaduta",
        "started_on": _STARTED_ON,
        "expires_on": None,
        "annual_premium_cents": 120_000,
    }


def add(records: Records, row: Person | Company, code: str, *, insured: bool = True) -> None:
    """Puts the customer under that number into records to be stored."""
    records.customers[code] = customer_row(row)
    for contact in contact_rows(row):
        records.contacts[code, contact["key"]] = contact | {"customer_code": code}
    records.policies[f"{code}-1"] = policy_row(f"{code}-1", active=insured) | {"customer_code": code}


def _codes(codice_fiscale: str | None, partita_iva: str | None) -> dict[str, Any]:
    return {"codice_fiscale": codice_fiscale, "partita_iva": partita_iva}
