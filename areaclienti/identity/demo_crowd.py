"""Makes the demo's registry file anew, in its place: `python -m areaclienti.identity.demo_crowd`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal

from faker import Faker

from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.text import fold
from areaclienti.identity.demo_cases import CASES, Birth, encode_codice_fiscale, make_partita_iva
from areaclienti.identity.registry_file import COLUMNS

DEMO_FILE = Path(__file__).parent / "data" / "demo_registry.csv"
DEMO_CUSTOMERS = 200
_CODE_PREFIX = "DEMO-"
GENDERS: tuple[Literal["M", "F"], ...] = ("M", "F")
_SEED = 20261123
_AGENCIES = (
    ("Roma Prati", "Via Cola di Rienzo 100", "Roma", "06"),
    ("Milano Centrale", "Via Vitruvio 12", "Milano", "02"),
    ("Torino Crocetta", "Corso Duca degli Abruzzi 20", "Torino", "011"),
    ("Napoli Vomero", "Via Scarlatti 55", "Napoli", "081"),
    ("Bologna Fiera", "Via Stalingrado 30", "Bologna", "051"),
    ("Bari Murat", "Via Sparano 18", "Bari", "080"),
    ("Palermo Libertà", "Via della Libertà 40", "Palermo", "091"),
    ("Bolzano Gries", "Corso Libertà 61", "Bolzano", "0471"),
)
_PRODUCTS = {
    "vita": ("Orizzonte Sereno", "Vita Intera Quercia"),
    "risparmio": ("Passo Dopo Passo", "Salvadanaio Nuovo"),
    "protezione": ("Scudo Famiglia", "Ombrello Infortuni"),
    "previdenza": ("Domani Pensione", "Terza Stagione"),
}
_BUSINESS_PRODUCTS = {"protezione": ("Scudo Impresa", "Uomo Chiave"), "risparmio": ("Riserva TFR",)}
_MOBILE_PREFIXES = ("320", "328", "333", "338", "340", "347", "349", "366", "380", "391", "392")
_MAIL_DOMAINS = ("example.com", "example.org", "posta.example", "casella.example")
_PLACES = ("Roma", "Milano", "Napoli", "Torino", "Palermo", "Genova", "Bologna", "Firenze", "Bari", "Catania", "Verona")
_PLACES_NORTH = ("Venezia", "Trieste", "Trento", "Bolzano", "Udine", "Padova", "Brescia", "Parma", "Modena", "Ancona")
_TRADES = ("Officine", "Panificio", "Trasporti", "Edilizia", "Arredamenti", "Pasticceria", "Autocarrozzeria", "Vivai")
_FORMS = ("S.r.l.", "S.p.A.", "S.n.c.", "S.r.l.s.", "s.a.s.", "Soc. Coop.", "")


_CONSULTANT_NAMES = (
    ("Chiara", "Lombardi"),
    ("Andrea", "Moretti"),
    ("Valentina", "Costa"),
    ("Gennaro", "Esposito"),
    ("Simona", "Barbieri"),
    ("Michele", "Santoro"),
    ("Rosalia", "Messina"),
    ("Karin", "Mair"),
    ("Federico", "Rinaldi"),
    ("Beatrice", "Colombo"),
    ("Alberto", "Ferrero"),
    ("Immacolata", "Sorrentino"),
    ("Tommaso", "Fabbri"),
    ("Nicoletta", "De Bellis"),
    ("Salvatore", "Lo Verde"),
    ("Markus", "Gruber"),
    ("Ilaria", "Mancini"),
    ("Giorgio", "Cattaneo"),
    ("Elisabetta", "Giordano"),
    ("Pasquale", "Coppola"),
)


def demo_lines() -> Iterator[dict[str, str]]:
    """The lines of the demo's registry file, as column → cell; the same ones each time."""
    random = Random(_SEED)
    policy_numbers = iter(range(70_100_001, 70_200_000))
    for place, customer in enumerate(_customers(random)):
        contacts = customer.pop("contacts")
        device, status, policies = customer.pop("device"), customer.pop("status"), customer.pop("policies")
        customer |= _consultant(place % len(_CONSULTANT_NAMES))
        if not contacts and not policies:
            yield customer
        for contact in contacts:
            yield customer | {"contact": contact, "contact_is_device": "yes" if contact == device else "no"}
        for _ in range(policies):
            number = str(next(policy_numbers))
            yield customer | _policy(random, customer["type"], number, status)


def _customers(random: Random) -> Iterator[dict[str, Any]]:
    taken = {parse_contact(contact).key for case in CASES for contact in case.contacts}
    for case in CASES:
        yield {
            "customer_code": case.code,
            "type": case.type,
            "given_name": "" if case.company_name else case.given_name,
            "family_name": "" if case.company_name else case.family_name,
            "company_name": case.company_name,
            "codice_fiscale": case.codice_fiscale,
            "partita_iva": case.partita_iva,
            "contacts": case.contacts,
            "device": case.device_contact,
            "status": case.policy_status,
            "policies": case.policies,
        }
    yield from _crowd(random, taken, len(CASES))


def _crowd(random: Random, taken: set[str], first: int) -> Iterator[dict[str, Any]]:
    """Customers without a story: five persons to each company."""
    faker = Faker("it_IT")
    faker.seed_instance(_SEED)
    for number in range(first + 1, DEMO_CUSTOMERS + 1):
        person = number % 6 != 0
        described = _person(random, faker) if person else _company(random, faker, number)
        box = f"{described['given_name']}.{described['family_name']}" if person else "info"
        contacts = _contacts(random, box, number, described["company_name"], taken)
        yield {
            "customer_code": f"{_CODE_PREFIX}{number:04d}",
            "type": "persona" if person else "azienda",
            **described,
            "contacts": contacts,
            "device": "",
            "status": random.choices(("attiva", "sospesa", "scaduta", "riscattata"), (90, 3, 5, 2))[0],
            "policies": random.choices((1, 2, 3, 4), (50, 30, 14, 6))[0],
        }


def _person(random: Random, faker: Any) -> dict[str, str]:
    gender: Literal["M", "F"] = random.choice(GENDERS)
    given_name = faker.first_name_male() if gender == "M" else faker.first_name_female()
    family_name = faker.last_name()
    day = date(1940, 1, 1) + timedelta(days=random.randrange(24_800))
    birth = Birth(gender, day.isoformat(), random.choice(_PLACES + _PLACES_NORTH))
    return {
        "given_name": given_name,
        "family_name": family_name,
        "company_name": "",
        "codice_fiscale": encode_codice_fiscale(given_name, family_name, birth),
        "partita_iva": "",
    }


def _company(random: Random, faker: Any, number: int) -> dict[str, str]:
    partita_iva = make_partita_iva(2_000_000 + number * 37)
    name = f"{random.choice(_TRADES)} {faker.last_name()} {random.choice(_FORMS)}".strip()
    return {
        "given_name": "",
        "family_name": "",
        "company_name": name,
        "codice_fiscale": partita_iva,
        "partita_iva": partita_iva,
    }


def _contacts(random: Random, box: str, number: int, company_name: str, taken: set[str]) -> tuple[str, ...]:
    """An e-mail and a mobile for most; one in ten has no mobile, one in ten no e-mail, some have two of a kind."""
    local = "".join(char for char in fold(box) if char.isalnum() or char == ".")
    domain = f"ditta{number}.example" if company_name else random.choice(_MAIL_DOMAINS)
    address = f"{local}.{number}@{domain}" if not company_name else f"{local}@{domain}"
    kinds = random.choices(("both", "email", "mobile", "many"), (70, 10, 10, 10))[0]
    contacts = [] if kinds == "mobile" else [address]
    contacts += [] if kinds == "email" else [_mobile(random, taken)]
    contacts += [f"seconda.{number}@casella.example", _mobile(random, taken)] if kinds == "many" else []
    return tuple(contacts)


def _mobile(random: Random, taken: set[str]) -> str:
    while True:
        number = f"+39{random.choice(_MOBILE_PREFIXES)}{random.randrange(1_000_000, 10_000_000)}"
        if number not in taken:
            taken.add(number)
            return parse_contact(number).value


def _consultant(place: int) -> dict[str, str]:
    given_name, family_name = _CONSULTANT_NAMES[place]
    name, address, city, prefix = _AGENCIES[place % len(_AGENCIES)]
    code = place % len(_AGENCIES) + 1
    return {
        "consultant_code": f"CONS-{place + 1:02d}",
        "consultant_name": f"{given_name} {family_name}",
        "consultant_phone": f"+39 {prefix} 555 01{place + 1:02d}",
        "consultant_email": f"{fold(given_name)}.{fold(family_name)}@agenzie.example".replace(" ", "").replace("'", ""),
        "agency_code": f"AG-{code:02d}",
        "agency_name": f"Agenzia di {name}",
        "agency_address": address,
        "agency_city": city,
        "agency_phone": f"+39 {prefix} 555 00{code:02d}",
        "agency_email": f"agenzia{code}@agenzie.example",
    }


def _policy(random: Random, customer_type: str, number: str, status: str) -> dict[str, str]:
    catalogue = _PRODUCTS if customer_type == "persona" else _BUSINESS_PRODUCTS
    line = random.choice(sorted(catalogue))
    started = date(2008, 1, 1) + timedelta(days=random.randrange(6_500))
    # Fixed dates: what has ended ended before 2026, what is active runs for years.
    years = random.choice((20, 25, 30)) if status in ("attiva", "sospesa") else 0
    expires = started.replace(day=1, year=started.year + years) if years else date(2025, 6, 30)
    return {
        "policy_number": number,
        "policy_product": random.choice(catalogue[line]),
        "policy_line": line,
        "policy_status": status,
        "policy_started_on": started.isoformat(),
        "policy_expires_on": "" if line == "vita" and years else expires.isoformat(),
        "policy_annual_premium": f"{random.randrange(180, 3_600)}.{random.choice(('00', '50'))}",
    }


def main() -> None:
    """Writes the file in its place in the package."""
    with DEMO_FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=";", lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(demo_lines())


if __name__ == "__main__":
    main()
