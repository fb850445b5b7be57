"""Registries to measure on: Italian households and companies, as an insurer's registry holds them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Literal

from codicefiscale import codicefiscale
from stdnum import luhn

from benchmarks.matching.rows import Company, Person
from benchmarks.matching.spelling import accents_apart, letters, plain, usual
from benchmarks.matching.words import Weighted, ranked, words

Gender = Literal["M", "F"]

# How a registry writes a name, with the share of its rows: most were keyed in upper case on typewriter keyboards.
SPELLINGS = {
    "proper": 24,
    "upper": 10,
    "upper_apostrophes": 32,  # NICOLO'
    "upper_plain": 16,  # NICOLO, D ANGELO stays D'ANGELO
    "title_plain": 6,
    "lower": 2,
    "joined": 4,  # DELUCA, DANGELO
    "passport": 4,  # MUELLER; only names with such letters differ from upper_plain
    "double_blanks": 2,
}
_SPELLING = Weighted(list(SPELLINGS), list(SPELLINGS.values()))
_PARTICLE = re.compile(
    r"^(De|Di|Del|Della|Dello|Degli|Dei|Dal|Dalla|Dalle|Da|Lo|La|Li|Le|El|Al|Dela|dos|da|de)[ -](?=\w)", re.I
)
_ITALIAN_PLACES = Weighted(
    list(words("contacts")["italian_places"]), list(words("contacts")["italian_places"].values())
)
_MOBILES = 10_000_000


def joined_particle(family: str) -> str:
    """A family name joined with its particle (De Luca → Deluca, Al-Masri → Almasri, D'Angelo → Dangelo)."""
    text = family
    while (shorter := _PARTICLE.sub(lambda found: found[1], text)) != text:
        text = shorter
    text = text.replace("'", "")
    return text if text == family or " " in text else text[0] + text[1:].lower()


def registry_spelling(text: str, spelling: str, *, family: bool = True) -> str:
    """A name as the registry of that spelling holds it."""
    match spelling:
        case "upper":
            return text.upper()
        case "upper_apostrophes":
            return accents_apart(text).upper()
        case "upper_plain":
            return plain(text).upper()
        case "title_plain":
            return plain(text)
        case "lower":
            return text.lower()
        case "joined":
            return plain(joined_particle(text) if family else text).upper()
        case "passport":
            return usual(text).upper()
        case "double_blanks":
            return text.replace(" ", "  ").upper() + " "
    return text


@cache
def _given(gender: Gender) -> tuple[Weighted[str], list[str], list[str], list[str], list[str]]:
    data = words("given_names")["male" if gender == "M" else "female"]
    doubles = [" ".join(pair) for pair in data["double"]]
    return ranked(data["common"]), data["other"], data["accented"], doubles, data["second"]


@cache
def _families() -> tuple[Weighted[str], dict[str, list[str]]]:
    data = words("surnames")
    rare = {kind: data[kind] for kind in ("other", "particle", "apostrophe", "accented")}
    rare["double"] = [sep.join(pair) for pair in data["double"] for sep in (" ", "-")]
    return ranked(data["common"]), rare


_FAMILY_KIND = Weighted(["common", "other", "particle", "apostrophe", "accented", "double"], [36, 44, 10, 5, 3, 2])
_GIVEN_KIND = Weighted(["common", "other", "accented", "double", "second"], [66, 16, 2, 8, 8])


def italian_family(rng: random.Random) -> str:
    """A family name, as frequent as in Italy."""
    common, rare = _families()
    kind = _FAMILY_KIND.pick(rng)
    return common.pick(rng) if kind == "common" else rng.choice(rare[kind])


def italian_given(rng: random.Random, gender: Gender) -> str:
    """A given name, or two."""
    common, other, accented, doubles, seconds = _given(gender)
    match _GIVEN_KIND.pick(rng):
        case "common":
            return common.pick(rng)
        case "other":
            return rng.choice(other)
        case "accented":
            return rng.choice(accented)
        case "double":
            apart = rng.choice(doubles)
            return apart if rng.random() < 0.5 else apart.replace(" ", "", 1).capitalize()
    first, second = common.pick(rng), rng.choice(seconds)
    return first if first == second else f"{first} {second}"


@cache
def _foreign() -> Weighted[dict[str, Any]]:
    groups = words("foreign")
    return Weighted(groups, [group["share"] for group in groups])


@lru_cache(maxsize=65536)
def _surname_code(family: str) -> str:
    return str(codicefiscale.encode_lastname(family))


@lru_cache(maxsize=65536)
def _name_code(given: str) -> str:
    return str(codicefiscale.encode_firstname(given))


@cache
def _date_code(born: date, gender: Gender) -> str:
    return str(codicefiscale.encode_birthdate(datetime(born.year, born.month, born.day), gender))


class Maker:
    """Makes customers one by one; the same seed gives the same ones, and no contact or number twice."""

    def __init__(self, seed: int, series: str) -> None:
        self._rng = random.Random(f"{series}:{seed}")
        self._made = 0
        contacts = words("contacts")
        self._prefixes: list[str] = contacts["prefixes"]
        self._domains = Weighted(list(contacts["domains"]), list(contacts["domains"].values()))
        self._business_local: list[str] = contacts["business_local"]
        self._first_mobile = self._rng.randrange(_MOBILES)
        companies = words("companies")
        self._companies = companies
        self._forms = Weighted(list(companies["forms"]), [form["share"] for form in companies["forms"].values()])

    @property
    def rng(self) -> random.Random:
        """The seeded generator, for who makes more out of the customers."""
        return self._rng

    def mobile(self) -> str:
        """A mobile number that was not given before, in E.164."""
        self._made += 1
        # 7,654,321 has no factor in common with 10^7: no number comes twice before all have come.
        subscriber = (self._first_mobile + self._made * 7_654_321) % _MOBILES
        prefix = self._prefixes[(self._made // _MOBILES + self._made) % len(self._prefixes)]
        return f"+39{prefix}{subscriber:07d}"

    def email(self, given: str, family: str) -> str:
        """An address that was not given before, made of the name as people make them."""
        self._made += 1
        first, last = letters(given.split()[0]) or "x", letters(family) or "x"
        sep = self._rng.choice((".", "", "_", "."))
        local = self._rng.choice((f"{first}{sep}{last}", f"{first[0]}{sep}{last}", f"{last}{sep}{first}"))
        return f"{local}{self._made}@{self._domains.pick(self._rng)}"

    def contacts(self, given: str, family: str) -> tuple[str, ...]:
        """One to three contacts of a person."""
        kind = self._rng.random()
        if kind < 0.35:
            return (self.email(given, family),)
        if kind < 0.6:
            return (self.mobile(),)
        if kind < 0.95:
            return (self.email(given, family), self.mobile())
        return (self.email(given, family), self.mobile(), self.mobile())

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
        rng = self._rng
        gender = gender or ("M" if rng.random() < 0.5 else "F")
        if group is not None:
            given = given or rng.choice(group["male" if gender == "M" else "female"])
            family = family or rng.choice(group["family"])
        given, family = given or italian_given(rng, gender), family or italian_family(rng)
        born = born or date(1935, 1, 1) + timedelta(days=rng.randrange(26_000))
        place = group["place"] if group is not None else _ITALIAN_PLACES.pick(rng)
        country = group["country"] if group is not None else "italy"
        base = _surname_code(family) + _name_code(given) + _date_code(born, gender) + place
        spelling = spelling or _SPELLING.pick(rng)
        contacts = shared if shared and rng.random() < 0.4 else (*shared, *self.contacts(given, family))
        self._made += 1
        number = f"P{self._made:08d}"
        return Person(
            number=number,
            given_name=registry_spelling(given, spelling, family=False),
            family_name=registry_spelling(family, spelling),
            given=given,
            family=family,
            gender=gender,
            born=born,
            country=country,
            codice_fiscale=base + _control(base),
            contacts=contacts,
            household=household or number,
            spelling=spelling,
        )

    def household(self) -> list[Person]:
        """People of one family: usually one surname, often one contact, now and then one name for father and son."""
        rng = self._rng
        group = _foreign().pick(rng) if rng.random() < 0.09 else None
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
                if rng.random() < 0.03:
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

    def core(self) -> str:
        """The name of a company without its legal form."""
        rng, data = self._rng, self._companies
        owner = rng.choice(data["owners"])
        kind = rng.random()
        if kind < 0.25:
            return f"{rng.choice(data['trades'])} {owner}"
        if kind < 0.5:
            return f"{rng.choice(data['fancy'])} {rng.choice(data['fields'])}"
        if kind < 0.58:
            return f"{rng.choice(data['fancy'])} {rng.choice(data['numbers'])}"
        if kind < 0.66:
            return f"{self.initials()} {rng.choice(data['fields'])}"
        if kind < 0.74:
            return f"F.lli {owner}"
        if kind < 0.82:
            return f"{owner} & {rng.choice([name for name in data['owners'] if name != owner])}"
        if kind < 0.92:
            return f"{rng.choice(data['trades'])} {rng.choice(data['fancy'])} {rng.choice(data['places'])}"
        return f"{rng.choice(data['fancy'])} {rng.choice(data['trades'])}"

    def initials(self) -> str:
        """Two or three initials with full stops, as in G.M."""
        return "".join(f"{self._rng.choice('ABCDEFGILMNOPRSTVZ')}." for _ in range(self._rng.choice((2, 2, 3))))

    def partner(self) -> str:
        """A partner's name, family name first, as deeds have it."""
        gender: Gender = "M" if self._rng.random() < 0.75 else "F"
        common = _given(gender)[0]
        return f"{self._rng.choice(self._companies['owners'])} {common.pick(self._rng)}"

    def company(
        self,
        *,
        core: str | None = None,
        form: str | None = None,
        partners: str | None = None,
        form_on_file: bool | None = None,
        shared: tuple[str, ...] = (),
    ) -> Company:
        """A company; what isn't given is drawn."""
        rng, data = self._rng, self._companies
        form = form or self._forms.pick(rng)
        if core is None:
            core = self.core()
            if form == "ditta" or (form in ("sas", "snc") and rng.random() < 0.2):
                core = self.partner() + ("" if form == "ditta" else " & C.")
            elif form == "ss" and rng.random() < 0.3:
                core = f"{rng.choice(data['professions'])} {self.partner()} e {self.partner()}"
            elif form == "asd":
                core = f"{rng.choice(data['clubs'])} {rng.choice(data['places'])}"
        if partners is None:
            partners = ""
            if form in ("sas", "snc", "sapa") and not core.endswith("& C.") and rng.random() < 0.6:
                partners = f"di {self.partner()} & C." if rng.random() < 0.85 else f"di {self.partner()} e Figli"
        note = rng.choice(data["notes"][form]) if form in data["notes"] and rng.random() < 0.06 else ""
        on_file = rng.random() < 0.9 if form_on_file is None else form_on_file
        self._made += 1
        number = f"C{self._made:08d}"
        return Company(
            number=number,
            company_name=self._company_on_file(core, form, partners, note, on_file),
            core=core,
            form=form,
            partners=partners,
            note=note if on_file else "",
            form_on_file=on_file,
            partita_iva=self._partita_iva(),
            contacts=shared or self._company_contacts(core),
        )

    def _company_on_file(self, core: str, form: str, partners: str, note: str, on_file: bool) -> str:
        rng = self._rng
        spellings = self._companies["forms"][form]
        style = rng.choices(("dotted", "short", "full"), (60, 22, 18))[0]
        legal = rng.choice(spellings[style]) if on_file else ""
        if form == "asd" and on_file:
            parts = [legal, core]
        elif partners and rng.random() < 0.5:
            parts = [core, legal, partners]
        else:
            parts = [core, partners, legal]
        text = " ".join(part for part in (*parts, note if on_file else "") if part)
        if rng.random() < 0.03:
            text = text.replace(core, f'"{core}"')
        case = rng.random()
        if case < 0.6:
            return accents_apart(text).upper()
        if case < 0.75:
            return text.upper()
        return text if case < 0.93 else plain(text)

    def _company_contacts(self, core: str) -> tuple[str, ...]:
        self._made += 1
        rng, name = self._rng, letters(core)[:24] or "ditta"
        email = f"{rng.choice(self._business_local)}@{name}{self._made}.it"
        kind = rng.random()
        return (email,) if kind < 0.4 else (self.mobile(),) if kind < 0.55 else (email, self.mobile())

    def _partita_iva(self) -> str:
        base = f"{self._rng.randrange(1, 10_000_000):07d}{self._rng.randrange(1, 100):03d}"
        return base + str(luhn.calc_check_digit(base))


def _control(base: str) -> str:
    return str(codicefiscale.encode_cin(base))


def persons(count: int, seed: int) -> Iterator[Person]:
    """That many private customers, household by household; the same seed gives the same ones, a longer run more."""
    maker = Maker(seed, "persons")
    made = 0
    while True:
        for person in maker.household():
            if made == count:
                return
            made += 1
            yield person


def companies(count: int, seed: int) -> Iterator[Company]:
    """That many business customers, of all legal forms; the same seed gives the same ones."""
    maker = Maker(seed, "companies")
    for _ in range(count):
        yield maker.company()
