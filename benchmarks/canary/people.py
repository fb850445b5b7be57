"""Customers with values that stand nowhere else, fresh for every run, and the registry file that puts them on file."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from areaclienti.identity.demo_cases import Birth, encode_codice_fiscale, make_partita_iva
from benchmarks.canary.encodings import Kind
from benchmarks.canary.scan import Canary

_GIVEN = ("Mario", "Luca", "Marco", "Paolo", "Andrea", "Stefano", "Roberto", "Antonio")
_BEGINNINGS = ("Zar", "Bel", "Cor", "Dal", "Fer", "Gar", "Mal", "Per", "Sal", "Tar", "Ver", "Bon", "Mon", "Ran", "Val")
_MIDDLES = ("bo", "ca", "di", "fu", "ga", "lo", "mi", "na", "pe", "ri", "so", "ta", "vi", "zo", "cu")
_ENDS = ("telli", "noni", "rucci", "dotti", "linelli", "gnani", "scotti", "vanni", "zzoli", "ttoni")
_TRADES = ("Officine", "Panificio", "Edilizia", "Trasporti", "Cantine", "Tipografia")
_BIRTH_PLACES = ("Roma", "Milano", "Napoli", "Torino", "Bari", "Genova")
_OLDEST = date(1940, 1, 1)

Type = Literal["persona", "azienda"]
ASKED_FOR = "asked for as a new contact"


@dataclass(frozen=True)
class Person:
    """One customer on one way through the product. `way` names both."""

    way: str
    type: Type
    given_name: str
    family_name: str
    company_name: str
    email: str
    mobile: str
    second_email: str
    second_mobile: str
    tax_code: str  # codice fiscale of a persona, partita IVA of an azienda
    on_file: tuple[str, ...]

    @property
    def name(self) -> str:
        """What he answers when he is asked for his name."""
        return f"{self.given_name} {self.family_name}" if self.type == "persona" else self.company_name


class Census:
    """Makes the people of a run and keeps every value that is to be looked for."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._used: set[str] = set()
        self.canaries: dict[tuple[Kind, str], Canary] = {}
        self.people: list[Person] = []

    def person(self, way: str, type: Type = "persona", *, typed: Iterable[str] = ("email", "mobile")) -> Person:
        """A customer for this way. Of his four contacts he tells those of `typed`; all of them are on file."""
        family = self._once(self._family_name)
        given = self._random.choice(_GIVEN)
        handle = f"{given}.{family}".lower()
        contacts = {
            "email": f"{handle}@posta.example",
            "second_email": f"{family.lower()}.{given.lower()}@ufficio.example",
            "mobile": self._mobile(),
            "second_mobile": self._mobile(),
        }
        person = Person(
            way=way,
            type=type,
            given_name=given,
            family_name=family,
            company_name=f"{self._random.choice(_TRADES)} {family} S.r.l.",
            tax_code=self.tax_code_of(type, given, family),
            on_file=tuple(contacts.values()),
            **contacts,
        )
        self.people.append(person)
        self.add("name", family, way)
        self.add("tax_code", person.tax_code, way)
        for name, value in contacts.items():
            self.add("email" if "email" in name else "phone", value, way, typed=name in set(typed))
        return person

    def password(self, way: str, said: str = "") -> str:
        """Another password, with signs in it that every escape changes. `said`: how it is given."""
        return self._secret(
            "password",
            f"Fenicottero/{self._letters(6)}+{self._random.randrange(100, 1000)}&{self._letters(3)}",
            way,
            said,
        )

    def spoken_password(self, way: str, said: str = "") -> str:
        """Another password that looks like a word, as most are."""
        return self._secret(
            "password", f"{self._letters(9).capitalize()}{self._random.randrange(1000, 10_000)}", way, said
        )

    def tax_code(self, way: str, type: Type = "persona", said: str = "") -> str:
        """Another tax code, that nobody has."""
        return self._secret("tax_code", self.tax_code_of(type, "Ugo", self._family_name()), way, said)

    def email(self, way: str) -> str:
        """Another address, that nobody has."""
        return self._secret("email", f"{self._letters(12)}@altrove.example", way)

    def asked_for(self, way: str) -> str:
        """An address that an agent asks for as the customer's new contact: the second person alone sees it in full."""
        return self._secret("email", f"{self._letters(12)}@nuova.example", way, ASKED_FOR)

    def code(self, code: str, way: str) -> str:
        """Look for a verification code that identity sent."""
        return self._secret("code", code, way)

    def tax_code_of(self, type: Type, given: str, family: str) -> str:
        """A valid one."""
        if type == "azienda":
            return self._once(lambda: make_partita_iva(self._random.randrange(4_000_000, 9_999_999)))
        return self._once(
            lambda: encode_codice_fiscale(
                given,
                family,
                Birth(
                    "M", str(_OLDEST + timedelta(self._random.randrange(20_000))), self._random.choice(_BIRTH_PLACES)
                ),
            )
        )

    def add(self, kind: Kind, value: str, way: str, *, typed: bool = True, said: str = "") -> None:
        """Look for the value."""
        self.canaries.setdefault((kind, value), Canary(kind, value, way, typed, said))

    def _secret(self, kind: Kind, value: str, way: str, said: str = "") -> str:
        self.add(kind, value, way, said=said)
        return value

    def _family_name(self) -> str:
        pick = self._random.choice
        return pick(_BEGINNINGS) + pick(_MIDDLES) + pick(_MIDDLES) + pick(_ENDS)

    def _mobile(self) -> str:
        return self._once(lambda: f"+39333{self._random.randrange(1_000_000, 9_999_999)}")

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=count))

    def _once(self, make: Callable[[], str]) -> str:
        while True:
            value = make()
            if value not in self._used:
                self._used.add(value)
                return value


# Everybody's agency; its people are in office.py.
AGENCY = {
    "consultant_code": "CONS-C1", "consultant_name": "Ada Consulente", "agency_code": "AG-C1",
    "agency_name": "Agenzia dei Canarini", "agency_email": "agenzia.canarini@filiale.example",
}  # fmt: skip


def write_registry_file(people: Iterable[Person], path: Path) -> None:
    """The insurer's file (docs/registry-file.md) with these customers, each with a policy and all his contacts."""
    lines = [line for number, person in enumerate(people) for line in _lines(person, f"CANARY-{number:04d}")]
    columns = list(dict.fromkeys(column for line in lines for column in line))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)


def _lines(person: Person, code: str) -> list[dict[str, str]]:
    known = {"customer_code": code, "type": person.type} | AGENCY
    if person.type == "persona":
        known |= {
            "given_name": person.given_name, "family_name": person.family_name, "codice_fiscale": person.tax_code,
            "company_name": "", "partita_iva": "",
        }  # fmt: skip
    else:
        known |= {
            "given_name": "", "family_name": "", "codice_fiscale": "",
            "company_name": person.company_name, "partita_iva": person.tax_code,
        }  # fmt: skip
    lines = [known | {"contact": contact} for contact in person.on_file]
    lines[0] |= {
        "policy_number": f"POL-{code}", "policy_product": "Polizza di prova", "policy_line": "risparmio",
        "policy_status": "attiva", "policy_started_on": "2020-01-01", "policy_annual_premium": "1200",
    }  # fmt: skip
    return lines
