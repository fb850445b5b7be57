"""The customers on file that the attacks are about: people with real-looking names, birth data and computed codes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from faker import Faker
from sqlalchemy import insert

from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.names import canonical_name, clean_name
from areaclienti.identity.db.models import Account, Contact, Customer, Policy
from areaclienti.identity.demo_cases import Birth, encode_codice_fiscale
from benchmarks.attack.target import Target

PLACES = ("Roma", "Milano", "Napoli", "Torino", "Palermo", "Genova", "Bologna", "Firenze", "Bari", "Catania")


@dataclass(frozen=True)
class Person:
    """A customer on file, or somebody who is none."""

    given_name: str
    family_name: str
    birth: Birth
    tax_code: str
    email: str
    mobile: str

    def claims(self, contact: str | None = None, **changes: str) -> dict[str, str]:
        """What this person would type."""
        typed = {"given_name": self.given_name, "family_name": self.family_name, "contact": contact or self.email}
        return {"customer_type": "persona"} | typed | changes


class Population:
    """Makes people, each with contacts that nobody else has, and puts them on file."""

    def __init__(self, target: Target, seed: int, tag: int = 1) -> None:
        """`tag` (0 to 99) keeps the contacts apart from those of other populations in the same database."""
        self._target = target
        self.random = Random(seed)
        self._faker = Faker("it_IT")
        self._faker.seed_instance(seed)
        self._numbers = itertools.count(tag * 100_000 + 1)
        self._codes = itertools.count(tag * 1_000_000 + 1)

    def person(self) -> Person:
        """Somebody, not yet on file."""
        number = next(self._numbers)
        gender = self.random.choice(("M", "F"))
        given = clean_name(self._faker.first_name_male() if gender == "M" else self._faker.first_name_female())
        family = clean_name(self._faker.last_name())
        day = date(1940, 1, 1) + timedelta(days=self.random.randrange(60 * 365))
        birth = Birth(gender, day.isoformat(), self.random.choice(PLACES))  # type: ignore[arg-type]
        return Person(
            given,
            family,
            birth,
            encode_codice_fiscale(given, family, birth),
            f"cliente.{number}@posta.example",
            f"+39333{number:07d}",
        )

    def people(self, count: int) -> list[Person]:
        return [self.person() for _ in range(count)]

    async def put_on_file(
        self, people: Sequence[Person], *, policy: str = "attiva", device_mobile: bool = False
    ) -> list[int]:
        """Returns the customers' ids. Two people may share contacts, as couples do."""
        codes = [f"ATT-{next(self._codes)}" for _ in people]
        async with self._target.services.database.write() as session:
            made = await session.execute(
                insert(Customer).returning(Customer.code, Customer.id),
                [
                    {
                        "code": code,
                        "type": "persona",
                        "given_name": person.given_name,
                        "family_name": person.family_name,
                        "given_key": canonical_name(person.given_name),
                        "family_key": canonical_name(person.family_name),
                        "codice_fiscale": person.tax_code,
                    }
                    for code, person in zip(codes, people, strict=True)
                ],
            )
            id_of = dict(row._tuple() for row in made)
            ids = [id_of[code] for code in codes]
            await session.execute(
                insert(Contact),
                [
                    {"customer_id": customer_id, "kind": contact.kind, "value": contact.value, "key": contact.key}
                    | {"is_device": device_mobile and contact.kind == "mobile"}
                    for customer_id, person in zip(ids, people, strict=True)
                    for contact in map(parse_contact, (person.email, person.mobile))
                ],
            )
            await session.execute(
                insert(Policy),
                [
                    {
                        "number": f"P-{code}",
                        "customer_id": customer_id,
                        "product": "Vita Serena",
                        "line": "vita",
                        "status": policy,
                        "started_on": date(2021, 3, 1),
                        "annual_premium_cents": 120_000,
                    }
                    for code, customer_id in zip(codes, ids, strict=True)
                ],
            )
        return ids

    async def open_accounts(
        self, ids: Sequence[int], people: Sequence[Person], password_hash: str, *, confirmed: bool = False
    ) -> None:
        """Accounts made before the attack, with the e-mails as usernames; `confirmed`: the first access is over."""
        now = datetime.now(UTC)
        async with self._target.services.database.write() as session:
            await session.execute(
                insert(Account),
                [
                    {
                        "customer_id": customer_id,
                        "username_kind": "email",
                        "username": person.email,
                        "username_key": parse_contact(person.email).key,
                        "password_hash": password_hash,
                        "device_key": parse_contact(person.mobile).key if confirmed else None,
                        "created_at": now,
                        "first_access_at": now if confirmed else None,
                    }
                    for customer_id, person in zip(ids, people, strict=True)
                ],
            )
