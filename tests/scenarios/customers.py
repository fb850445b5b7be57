"""Fresh customers for scenarios, put on file by the rules of a registry file."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import yaml

from areaclienti.domain.masking import mask_email, mask_mobile
from areaclienti.identity.db.engine import Database
from areaclienti.identity.demo_cases import Birth, encode_codice_fiscale, make_partita_iva
from areaclienti.identity.registry_file import Gathering
from areaclienti.identity.registry_import import store
from tests.scenarios.model import FOLDER
from tests.stack import Stack

_OLDEST = date(1940, 1, 1)
_CONTACTS = ("email", "second_email", "mobile", "second_mobile")


@dataclass(frozen=True)
class Customer:
    """One customer: the code on file, and the values that a scenario's `{placeholders}` stand for."""

    code: str
    variables: dict[str, str]
    lines: list[dict[str, str]]  # of the registry file

    @property
    def passwords(self) -> set[str]:
        return {self.variables["password"], self.variables["other_password"]}

    @property
    def tax_codes(self) -> set[str]:
        return {self.variables[name] for name in ("codice_fiscale", "other_codice_fiscale", "partita_iva")}


@cache
def _kinds() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((FOLDER / "customers.yml").read_text(encoding="utf-8"))
    return data


def make_customer(kind: str, number: int) -> Customer:
    """The customer of that running number (below 20,000): no two share a contact or a tax code."""
    wanted = _kinds()[kind]
    given, family = _kinds()["people"][number % len(_kinds()["people"])]
    company = _kinds()["companies"][number % len(_kinds()["companies"])]
    birth = Birth("M", str(_OLDEST + timedelta(number)), "Roma")
    variables = {
        "given_name": given,
        "family_name": family,
        "name": f"{given} {family}",
        "company_name": company,
        "email": f"{given}.{family}.{number:05d}@example.com".lower(),
        "second_email": f"{family}.{number:05d}@posta.example".lower(),
        "unknown_email": f"{given}.{number:05d}@altrove.example".lower(),
        "mobile": f"+393335{number:05d}3",
        "second_mobile": f"+393336{number:05d}7",
        "unknown_mobile": f"+393337{number:05d}5",
        "codice_fiscale": encode_codice_fiscale(given, family, birth),
        "other_codice_fiscale": encode_codice_fiscale("Ugo", "Zeni", birth),
        "partita_iva": make_partita_iva(3_000_000 + number),
        "password": f"Girasole-{_by_chance(10)}-X9",
        "other_password": f"Papavero-{_by_chance(10)}-K4",
    }
    variables["long_text"] = ("parole e parole " * 200)[:1_900].strip()
    variables["too_long_text"] = "parole e parole " * 313  # 5,008 characters
    for contact in _CONTACTS:
        mask = mask_mobile if "mobile" in contact else mask_email
        variables[f"masked_{contact}"] = mask(variables[contact])
    code = f"TEST-{number:05d}"
    return Customer(code, variables, _lines(wanted, code, variables) if wanted.get("on_file", True) else [])


def _by_chance(length: int) -> str:
    """Letters that together with others make no tax code gone wrong, and none of the words for one, such as «cf»."""
    return "".join(secrets.choice("abdeghkmnrtxyz") for _ in range(length))


def _lines(wanted: dict[str, Any], code: str, variables: dict[str, str]) -> list[dict[str, str]]:
    is_person = wanted["type"] == "persona"
    who = ("given_name", "family_name", "codice_fiscale") if is_person else ("company_name", "partita_iva")
    known = {"customer_code": code, "type": wanted["type"], **{column: variables[column] for column in who}}
    lines = [known | {"contact": variables[contact]} for contact in wanted["contacts"]] or [known]
    if status := wanted.get("policy", "attiva"):
        lines[0] |= {
            "policy_number": f"POL-{code}",
            "policy_product": "Polizza di prova",
            "policy_line": "risparmio",
            "policy_status": status,
            "policy_started_on": "2020-01-01",
            "policy_annual_premium": "1200",
        }
    return lines


async def put_on_file(stack: Stack, customers: list[Customer]) -> None:
    """Import the customers into the registry of a running product, as `areaclienti registry import` does."""
    gathering = Gathering()
    lines = [line for customer in customers for line in customer.lines]
    for number, line in enumerate(lines, start=2):
        gathering.add(number, line)
    assert not gathering.refused, [str(refusal) for refusal in gathering.refused]
    database = Database(f"sqlite+aiosqlite:///{stack.identity_database}")
    try:
        async with database.write() as session:
            await store(session, gathering.records)
    finally:
        await database.close()
