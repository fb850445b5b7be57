"""Makes private customers, alone or household by household."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from benchmarks.matching.codici_fiscali import codice_fiscale
from benchmarks.matching.person_names import foreign_group, italian_family, italian_given, usual_gender
from benchmarks.matching.registry_spelling import SPELLINGS, registry_spelling
from benchmarks.matching.rows import Gender, Person
from benchmarks.matching.supply import Supply
from benchmarks.matching.words import Weighted, words

_SPELLING = Weighted(list(SPELLINGS), list(SPELLINGS.values()))
_PLACES = Weighted(list(words("contacts")["italian_places"]), list(words("contacts")["italian_places"].values()))


class People:
    """Makes persons with what the supply gives out."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply

    def person(
        self,
        *,
        given: str | None = None,
        family: str | None = None,
        gender: Gender | None = None,
        group: dict[str, Any] | None = None,
        born: date | None = None,
        shared: tuple[str, ...] = (),
        household: str = "",
        spelling: str | None = None,
    ) -> Person:
        """A person; what isn't given is drawn. `group` is one of `foreign.yml`; `shared` are a household's contacts."""
        rng = self._supply.rng
        gender = gender or usual_gender(given) or ("M" if rng.random() < 0.5 else "F")
        if group is not None:
            given = given or rng.choice(group["male" if gender == "M" else "female"])
            family = family or rng.choice(group["family"])
        given, family = given or italian_given(rng, gender), family or italian_family(rng)
        born = born or date(1935, 1, 1) + timedelta(days=rng.randrange(26_000))
        place = group["place"] if group is not None else _PLACES.pick(rng)
        country = group["country"] if group is not None else "italy"
        spelling = spelling or _SPELLING.pick(rng)
        contacts = shared if shared and rng.random() < 0.4 else (*shared, *self._contacts(given, family))
        number = f"P{self._supply.number():08d}"
        return Person(
            number=number,
            given_name=registry_spelling(given, spelling, family=False),
            family_name=registry_spelling(family, spelling),
            given=given,
            family=family,
            gender=gender,
            born=born,
            country=country,
            # It carries the surname of birth, whatever stands on file since.
            codice_fiscale=codice_fiscale(given, family.split(" in ")[0], gender, born, place),
            contacts=contacts,
            household=household or number,
            spelling=spelling,
        )

    def anyone(self) -> Person:
        """A person, born in Italy or elsewhere."""
        return self.person(group=self._origin())

    def household(self) -> list[Person]:
        """People of one family: usually one surname, often one contact, now and then one name for father and son."""
        rng = self._supply.rng
        group = self._origin()
        head = self.person(group=group)
        size = rng.choices((1, 2, 3, 4), (45, 25, 18, 12))[0]
        shared = (rng.choice(head.contacts),) if rng.random() < 0.4 else ()
        people = [head]
        for place in range(1, size):
            spouse = place == 1 and rng.random() < 0.7
            born = head.born + timedelta(days=rng.randrange(-2500, 2500) if spouse else rng.randrange(7300, 13000))
            # A wife keeps her surname; some registries hold her husband's after it.
            family = head.family
            if spouse and rng.random() < 0.9:
                family = rng.choice(group["family"]) if group else italian_family(rng)
                if head.gender == "M" and rng.random() < 0.03:
                    family = f"{family} in {head.family}"
            namesake = not spouse and head.gender == "M" and rng.random() < 0.02
            gender: Gender | None = (
                ("F" if head.gender == "M" else "M") if spouse else head.gender if namesake else None
            )
            person = self.person(
                given=head.given if namesake else None,
                family=family,
                gender=gender,
                group=group,
                born=min(max(born, date(1920, 1, 1)), date(2008, 1, 1)),
                shared=shared,
                household=head.household,
                spelling=head.spelling if rng.random() < 0.8 else None,
            )
            people.append(person)
        return people

    def _origin(self) -> dict[str, Any] | None:
        return foreign_group(self._supply.rng) if self._supply.rng.random() < 0.09 else None

    def _contacts(self, given: str, family: str) -> tuple[str, ...]:
        kind = self._supply.rng.random()
        if kind < 0.35:
            return (self._supply.email(given, family),)
        if kind < 0.6:
            return (self._supply.mobile(),)
        if kind < 0.95:
            return (self._supply.email(given, family), self._supply.mobile())
        return (self._supply.email(given, family), self._supply.mobile(), self._supply.mobile())
