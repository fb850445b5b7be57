"""Reads a registry file: CSV, one row for a customer with a contact, a policy or both (docs/registry-file.md)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from areaclienti.domain.companies import canonical_company, clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, canonical_name, clean_name
from areaclienti.domain.taxcodes import TaxCodeKind, TaxCodeRejected, parse_tax_code
from areaclienti.domain.text import tidy
from areaclienti.identity.db.models import (
    CUSTOMER_TYPES,
    POLICY_LINES,
    POLICY_STATUSES,
    Agency,
    Base,
    Consultant,
    Customer,
    Policy,
)
from areaclienti.identity.registry_import import Records, Row

REQUIRED_COLUMNS = ("customer_code", "type", "given_name", "family_name", "company_name")
OPTIONAL_COLUMNS = (
    "codice_fiscale",
    "partita_iva",
    "contact",
    "contact_is_device",
    "policy_number",
    "policy_product",
    "policy_line",
    "policy_status",
    "policy_started_on",
    "policy_expires_on",
    "policy_annual_premium",
    "consultant_code",
    "consultant_name",
    "consultant_phone",
    "consultant_email",
    "agency_code",
    "agency_name",
    "agency_address",
    "agency_city",
    "agency_phone",
    "agency_email",
)
COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
_CUSTOMER_COLUMNS = (*REQUIRED_COLUMNS, "codice_fiscale", "partita_iva", "consultant_code")

# Why a line was refused, as the operator reads it.
REASONS = {
    "missing": "is empty",
    "too_long": "is too long",
    "not_a_name": "is not a name",
    "not_one_of": "is not one of the values that docs/registry-file.md lists",
    "not_a_tax_code": "is not a valid tax code",
    "not_a_contact": "is neither an e-mail address nor a mobile number",
    "email_invalid": "is not a valid e-mail address",
    "mobile_invalid": "is not a valid mobile number",
    "mobile_foreign": "is a foreign number: only +39 mobiles receive codes",
    "landline": "is a landline: it can't receive codes",
    "not_a_date": "is not a date (YYYY-MM-DD or DD/MM/YYYY)",
    "not_an_amount": "is not an amount in euro",
    "differs": "differs from what an earlier line says about the same code",
    "other_customer": "belongs to another customer in an earlier line",
    "wrong_number_of_cells": "the line has more or fewer cells than the header",
}

_YES = {"si", "sì", "yes", "y", "s", "true", "1", "x"}
_NO = {"no", "n", "false", "0"}
_BOM = b"\xef\xbb\xbf"
_LARGEST_PREMIUM = Decimal(10_000_000)


class RegistryFileError(Exception):
    """The file as a whole can't be read; the message is one line for the operator and holds no value of the file."""


@dataclass(frozen=True)
class RefusedLine:
    """A line that is not loaded: its number in the file (from 1, the header's), the column, a key of REASONS."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return " ".join(filter(None, (f"line {self.line}:", self.column, REASONS[self.reason])))


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column = column
        self.reason = reason


@dataclass
class Gathering:
    """Turns lines into records; a line with a fault is refused whole, the others are gathered."""

    records: Records = field(default_factory=Records)
    refused: list[RefusedLine] = field(default_factory=list)
    lines: int = 0
    _latest: tuple[tuple[str | None, ...], Row] | None = None

    def add(self, line: int, cells: Mapping[str, str]) -> None:
        """Gathers one line, given as column → cell. An empty cell says nothing: it leaves what is on file as it is."""
        self.lines += 1
        given = {column: text for column, cell in cells.items() if (text := tidy(cell))}
        try:
            self._gather(given)
        except _Refused as refused:
            self.refuse(line, refused.column, refused.reason)

    def _customer(self, given: Mapping[str, str]) -> Row:
        """As the function of that name; the lines of one customer mostly follow each other and are read once."""
        cells = tuple(given.get(column) for column in _CUSTOMER_COLUMNS)
        if self._latest is None or self._latest[0] != cells:
            self._latest = (cells, _customer(given))
        return self._latest[1]

    def refuse(self, line: int, column: str, reason: str) -> None:
        self.refused.append(RefusedLine(line, column, reason))

    def _gather(self, given: Mapping[str, str]) -> None:
        code = _code(given, "customer_code")
        # All is read and compared before anything is kept: a refused line leaves no trace.
        agency, consultant = _agency(given), _consultant(given)
        customer, contact, policy = self._customer(given), _contact(given, code), _policy(given, code)
        additions: list[tuple[dict[Any, Row], Any, Row, str]] = [(self.records.customers, code, customer, "")]
        if agency:
            additions.append((self.records.agencies, given["agency_code"], agency, "agency_"))
        if consultant:
            additions.append((self.records.consultants, given["consultant_code"], consultant, "consultant_"))
        if contact:
            additions.append((self.records.contacts, (code, contact["key"]), contact, "contact_"))
        if policy:
            _same_owner(self.records.policies.get(policy["number"]), code)
            additions.append((self.records.policies, policy["number"], policy, "policy_"))
        for known, key, row, prefix in additions:
            _agree(known.get(key), row, prefix)
        for known, key, row, _ in additions:
            known[key] = known.get(key, {}) | row


def read_registry_file(path: Path, advance: Callable[[int], None] = lambda _: None) -> Gathering:
    """The records of the file, with the lines that were refused. `advance` is told how many bytes were read.

    UTF-8 with or without a byte order mark; cells parted by `;` or `,`, told from the header.
    Raises RegistryFileError.
    """
    try:
        with path.open("rb") as file:
            return _gathered(_text_lines(file, advance))
    except FileNotFoundError:
        raise RegistryFileError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise RegistryFileError(f"{path} is a folder, not a file.") from None
    except PermissionError:
        raise RegistryFileError(f"{path} can't be read: this user may not open it.") from None


def _text_lines(file: io.BufferedIOBase, advance: Callable[[int], None]) -> Iterator[str]:
    for number, raw in enumerate(file, start=1):
        try:
            yield raw.removeprefix(_BOM if number == 1 else b"").decode("utf-8")
        except UnicodeDecodeError:
            raise RegistryFileError(f"The file is not UTF-8 (line {number}): save it as UTF-8 and try again.") from None
        advance(len(raw))


def _gathered(lines: Iterator[str]) -> Gathering:
    header_line = next(lines, "")
    delimiter = ";" if header_line.count(";") >= header_line.count(",") else ","
    header = _header(next(csv.reader([header_line], delimiter=delimiter), []))
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    gathering = Gathering()
    line = 2
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                if len(row) == len(header):
                    gathering.add(line, dict(zip(header, row, strict=True)))
                else:
                    gathering.lines += 1
                    gathering.refuse(line, "", "wrong_number_of_cells")
            line = rows.line_num + 2
    except csv.Error as error:
        raise RegistryFileError(f"The file is not proper CSV from line {line} on: {error}.") from None
    return gathering


def _header(cells: list[str]) -> list[str]:
    names = [tidy(cell).lower() for cell in cells]
    if not any(names):
        raise RegistryFileError("The file is empty: its first line must be the header.")
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        raise RegistryFileError(f"The header has no column {', '.join(missing)} (docs/registry-file.md lists them).")
    # A stray name is not repeated: in a file without a header it would be somebody's data.
    strange = [str(place) for place, name in enumerate(names, start=1) if name not in COLUMNS]
    if strange:
        raise RegistryFileError(f"The header has unknown columns (number {', '.join(strange)}).")
    if len(set(names)) < len(names):
        raise RegistryFileError("The header names a column twice.")
    return names


def _customer(given: Mapping[str, str]) -> Row:
    kind = _one_of(given, "type", CUSTOMER_TYPES)
    row: Row = {"type": kind}
    if kind == "persona":
        given_name, family_name = _name(given, "given_name"), _name(given, "family_name")
        row |= {"given_name": given_name, "family_name": family_name}
        row |= {"given_key": canonical_name(given_name), "family_key": canonical_name(family_name)}
    else:
        company = _company(given)
        key = canonical_company(company)
        row |= {"company_name": company, "company_key": key.name}
        row |= {"legal_form_key": key.legal_form} if key.legal_form else {}
    for column, kinds in (("codice_fiscale", None), ("partita_iva", "partita_iva")):
        if column in given:
            row[column] = _tax_code(given, column, kinds)  # type: ignore[arg-type]
    if "consultant_code" in given:
        row["consultant_code"] = _code(given, "consultant_code")
    return row


def _contact(given: Mapping[str, str], customer_code: str) -> Row | None:
    if "contact" not in given:
        return None
    try:
        contact = parse_contact(given["contact"])
    except ContactRejected as rejected:
        raise _Refused("contact", "not_a_contact" if rejected.reason == "empty" else rejected.reason) from None
    row = {"customer_code": customer_code, "kind": contact.kind, "value": contact.value, "key": contact.key}
    # The column has no NULL: what a file doesn't say about a new contact is no.
    return row | ({"is_device": _yes_or_no(given, "contact_is_device")} if "contact_is_device" in given else {})


def _policy(given: Mapping[str, str], customer_code: str) -> Row | None:
    if "policy_number" not in given:
        return None
    row = {
        "number": _code(given, "policy_number", Policy, "number"),
        "customer_code": customer_code,
        "product": _text(given, "policy_product", Policy, "product"),
        "line": _one_of(given, "policy_line", POLICY_LINES),
        "status": _one_of(given, "policy_status", POLICY_STATUSES),
        "started_on": _date(given, "policy_started_on"),
        "annual_premium_cents": _cents(given, "policy_annual_premium"),
    }
    return row | ({"expires_on": _date(given, "policy_expires_on")} if "policy_expires_on" in given else {})


def _consultant(given: Mapping[str, str]) -> Row | None:
    if "consultant_code" not in given:
        return None
    _code(given, "consultant_code")
    return _described(given, "consultant", Consultant, ("phone", "email")) | {
        "agency_code": _code(given, "agency_code")
    }


def _agency(given: Mapping[str, str]) -> Row | None:
    if "agency_code" not in given:
        return None
    _code(given, "agency_code")
    return _described(given, "agency", Agency, ("address", "city", "phone", "email"))


def _described(given: Mapping[str, str], what: str, model: type[Base], columns: tuple[str, ...]) -> Row:
    row = {"name": _text(given, f"{what}_name", model, "name")}
    return row | {
        column: _text(given, f"{what}_{column}", model, column) for column in columns if f"{what}_{column}" in given
    }


def _cell(given: Mapping[str, str], column: str) -> str:
    try:
        return given[column]
    except KeyError:
        raise _Refused(column, "missing") from None


def _text(given: Mapping[str, str], column: str, model: type[Base], field_name: str) -> str:
    text = _cell(given, column)
    if len(text) > model.__table__.c[field_name].type.length:  # type: ignore[attr-defined]
        raise _Refused(column, "too_long")
    return text


def _code(given: Mapping[str, str], column: str, model: type[Base] = Customer, field_name: str = "code") -> str:
    return _text(given, column, model, field_name)


def _name(given: Mapping[str, str], column: str) -> str:
    try:
        return clean_name(_cell(given, column))
    except NameRejected as rejected:
        raise _Refused(column, "too_long" if rejected.reason == "too_long" else "not_a_name") from None


def _company(given: Mapping[str, str]) -> str:
    try:
        return clean_company(_cell(given, "company_name"))
    except NameRejected as rejected:
        raise _Refused("company_name", "too_long" if rejected.reason == "too_long" else "not_a_name") from None


def _tax_code(given: Mapping[str, str], column: str, kind: TaxCodeKind | None) -> str:
    try:
        code = parse_tax_code(_cell(given, column))
    except TaxCodeRejected:
        raise _Refused(column, "not_a_tax_code") from None
    if kind and code.kind != kind:
        raise _Refused(column, "not_a_tax_code")
    return code.value


def _one_of(given: Mapping[str, str], column: str, values: tuple[str, ...]) -> str:
    value = _cell(given, column).casefold()
    if value not in values:
        raise _Refused(column, "not_one_of")
    return value


def _yes_or_no(given: Mapping[str, str], column: str) -> bool:
    value = _cell(given, column).casefold()
    if value not in _YES | _NO:
        raise _Refused(column, "not_one_of")
    return value in _YES


def _date(given: Mapping[str, str], column: str) -> date:
    text = _cell(given, column)
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise _Refused(column, "not_a_date")


def _cents(given: Mapping[str, str], column: str) -> int:
    """Euro as `1200.50`, `1200,50` or `1.200,50`, in cents."""
    text = _cell(given, column).removeprefix("€").removesuffix("€").strip()
    plain = text.replace(".", "").replace(",", ".") if re.fullmatch(r"[0-9.]+,[0-9]{1,2}", text) else text
    try:
        amount = Decimal(plain) if re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", plain, re.ASCII) else None
    except InvalidOperation:
        amount = None
    if amount is None or amount > _LARGEST_PREMIUM:
        raise _Refused(column, "not_an_amount")
    return int(amount * 100)


def _agree(known: Row | None, row: Row, prefix: str) -> None:
    for column, value in row.items():
        if known and known.get(column, value) != value:
            shown = column.removesuffix("_cents")
            raise _Refused(shown if shown in COLUMNS else f"{prefix}{shown}", "differs")


def _same_owner(known: Row | None, customer_code: str) -> None:
    if known and known["customer_code"] != customer_code:
        raise _Refused("policy_number", "other_customer")
