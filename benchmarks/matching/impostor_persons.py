"""Impostors of private customers: relatives, namesakes and strangers who give a customer's contact."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

from benchmarks.matching.impostor import Claim, contact_of, homoglyph, near_contact
from benchmarks.matching.people import People
from benchmarks.matching.person_names import italian_family, italian_given
from benchmarks.matching.person_variants import Name, any_writing
from benchmarks.matching.rows import Person, Typed
from benchmarks.matching.spelling import distance, fold_together, letters, plain
from benchmarks.matching.words import members, words

Make = Callable[[People, random.Random], Claim]


def far(one: Name, other: Name) -> bool:
    """Whether the names differ by more than a dropped second name or two edits, in any order of the fields."""
    for given, family in (other, other[::-1]):
        if any(_near(a, b) for a in _pieces(one.given) for b in _pieces(given)) and any(
            _near(a, b) for a in _pieces(one.family) for b in _pieces(family)
        ):
            return False
        if _near(letters("".join(one)), letters(given + family)):
            return False
    return True


def _pieces(name: str) -> list[str]:
    whole = letters(name)
    return (
        [whole, *(letters(word) for word in name.replace("-", " ").split())] if " " in name or "-" in name else [whole]
    )


def _near(one: str, other: str) -> bool:
    return abs(len(one) - len(other)) <= 2 and distance(one, other) <= 2


def _claim(row: Person, name: Name, rng: random.Random) -> Claim:
    """Somebody of that name gives the row's contact; he writes as people write."""
    own = Name(row.given, row.family)
    written = any_writing(name, rng) if rng.random() < 0.6 else name
    typed = Typed("persona", contact_of(row, rng), written.given, written.family)
    return Claim(row, typed, fold_together(own, name), far(own, name))


@cache
def _near_given() -> tuple[dict[str, list[str]], list[str]]:
    table = members(words("given_names")["near"])
    return table, list(table)


@cache
def _near_family() -> tuple[dict[str, list[str]], list[str]]:
    table = members(words("surnames")["near"])
    return table, list(table)


@cache
def _gender_pairs() -> list[tuple[str, str]]:
    groups = words("given_names")["near"]
    pairs = [
        (a, b) for group in groups for a in group for b in group if a[:-1] == b[:-1] and {a[-1], b[-1]} == {"o", "a"}
    ]
    ends = [
        (a, b) for group in groups for a in group for b in group if a[:-1] == b[:-1] and {a[-1], b[-1]} == {"e", "a"}
    ]
    return pairs + ends


@cache
def _by_initial() -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for gender in ("male", "female"):
        for name in words("given_names")[gender]["common"] + words("given_names")[gender]["other"]:
            table.setdefault(name[0], []).append(name)
    return table


def _other_given(row: Person, rng: random.Random) -> str:
    while True:
        given = italian_given(rng, "M" if rng.random() < 0.5 else "F")
        if given != row.given:
            return given


def _household_given(people: People, rng: random.Random) -> Claim:
    row = people.household()[0]
    return _claim(row, Name(_other_given(row, rng), row.family), rng)


def _household_family(people: People, rng: random.Random) -> Claim:
    row = people.anyone()
    return _claim(row, Name(_other_given(row, rng), italian_family(rng)), rng)


def _half_sibling(people: People, rng: random.Random) -> Claim:
    row = people.anyone()
    return _claim(row, Name(row.given, italian_family(rng)), rng)


def _gender_pair(people: People, rng: random.Random) -> Claim:
    one, other = rng.choice(_gender_pairs())
    row = people.person(given=one)
    return _claim(row, Name(other, row.family), rng)


def _near_given_name(people: People, rng: random.Random) -> Claim:
    table, names = _near_given()
    row = people.person(given=rng.choice(names))
    return _claim(row, Name(rng.choice(table[row.given]), row.family), rng)


def _near_family_name(people: People, rng: random.Random) -> Claim:
    table, names = _near_family()
    row = people.person(family=rng.choice(names))
    return _claim(row, Name(row.given, rng.choice(table[row.family])), rng)


def _twins(people: People, rng: random.Random) -> Claim:
    row = people.person(given=rng.choice(rng.choice(list(_by_initial().values()))))
    others = [name for name in _by_initial()[row.given[0]] if name != row.given]
    other = rng.choice(others) if others else _other_given(row, rng)
    return _claim(row, Name(other, row.family), rng)


def _initial(people: People, rng: random.Random) -> Claim:
    row = people.anyone()
    initial = plain(row.given[0]) + rng.choice((".", "", ". "))
    name = Name(initial, row.family) if rng.random() < 0.7 else Name(row.given, plain(row.family[0]) + ".")
    return Claim(row, Typed("persona", contact_of(row, rng), *name))


def _crossed(people: People, rng: random.Random) -> Claim:
    row, other = people.anyone(), people.anyone()
    name = Name(row.given, other.family) if rng.random() < 0.5 else Name(other.given, row.family)
    return _claim(row, name, rng)


def _contained(people: People, rng: random.Random) -> Claim:
    pair = rng.choice(words("given_names")["contained"])
    one, other = pair if rng.random() < 0.5 else pair[::-1]
    row = people.person(given=one)
    return _claim(row, Name(other, row.family), rng)


def _second_name(people: People, rng: random.Random) -> Claim:
    gender = rng.choice(("male", "female"))
    names = words("given_names")[gender]
    one, second = rng.choice(names["common"]), rng.choice(names["second"])
    if one == second:
        second = "Agnese"
    short, long = (one, f"{one} {second}") if rng.random() < 0.8 else (second, f"{one} {second}")
    on_file, typed = (short, long) if rng.random() < 0.5 else (long, short)
    row = people.person(given=on_file)
    return _claim(row, Name(typed, row.family), rng)


def _other_second_name(people: People, rng: random.Random) -> Claim:
    names = words("given_names")[rng.choice(("male", "female"))]
    one, (second, third) = rng.choice(names["common"]), rng.sample(names["second"], 2)
    row = people.person(given=f"{one} {second}")
    return _claim(row, Name(f"{one} {third}", row.family), rng)


def _prefixed(people: People, rng: random.Random) -> Claim:
    pair = rng.choice(words("surnames")["prefixed"])
    one, other = pair if rng.random() < 0.5 else pair[::-1]
    row = people.person(family=one)
    return _claim(row, Name(row.given, other), rng)


def _homoglyph(people: People, rng: random.Random) -> Claim:
    while True:
        row = people.anyone()
        if rng.random() < 0.5:
            given, family = homoglyph(row.given, rng), row.family
        else:
            given, family = row.given, homoglyph(row.family, rng) or ""
        if given and family:
            return Claim(row, Typed("persona", contact_of(row, rng), given, family))


def _nothing(people: People, rng: random.Random) -> Claim:
    row, signs = people.anyone(), words("signs")["nothing"]
    return Claim(row, Typed("persona", contact_of(row, rng), rng.choice(signs), rng.choice(signs)), far=True)


def _half(people: People, rng: random.Random) -> Claim:
    row, nothing = people.anyone(), rng.choice(words("signs")["nothing"])
    halves = ((row.given, nothing), (nothing, row.family), (row.given, row.given), (row.family, row.family))
    given, family = rng.choice(halves)
    return Claim(row, Typed("persona", contact_of(row, rng), given, family), folds=row.given == row.family)


def _other_contact(people: People, rng: random.Random) -> Claim:
    row, other = people.anyone(), people.anyone()
    name = any_writing(Name(row.given, row.family), rng)
    return Claim(row, Typed("persona", contact_of(other, rng), *name))


def _near_contact(people: People, rng: random.Random) -> Claim:
    row = people.anyone()
    return Claim(row, Typed("persona", near_contact(rng.choice(row.contacts), rng), row.given, row.family))


def _as_company(people: People, rng: random.Random) -> Claim:
    row = people.anyone()
    name = rng.choice((f"{row.family} {row.given}", f"{row.given} {row.family}"))
    tail = rng.choice(("", " ditta individuale", " & C. sas", " srl"))
    return Claim(row, Typed("azienda", contact_of(row, rng), company_name=name + tail))


def _folding(people: People, rng: random.Random) -> Claim:
    pair = rng.choice(words("surnames")["folding"])
    one, other = pair if rng.random() < 0.5 else pair[::-1]
    row = people.person(family=one)
    return _claim(row, Name(row.given, other), rng)


def _order(people: People, rng: random.Random) -> Claim:
    names = words("given_names")["male"]["common"]
    if rng.random() < 0.5:
        # Bruno Franco and Franco Bruno: both words are given names and family names.
        one, other = rng.sample([name for name in names if name in words("surnames")["common"]] + ["Franco", "Luca"], 2)
        row = people.person(given=one, family=other, gender="M")
        return _claim(row, Name(other, one), rng)
    row = people.person(given="Maria Rosa", gender="F")
    return _claim(row, Name("Rosa Maria", row.family), rng)


def _namesake(people: People, rng: random.Random) -> Claim:
    row = people.anyone()
    claim = _claim(row, Name(row.given, row.family), rng)
    return claim._replace(folds=True)


# kind: share, why, how it is made.
KINDS: dict[str, tuple[int, str, Make]] = {
    "household_other_given": (14, "father and son share surname and contact", _household_given),
    "household_other_family": (6, "who lives there, or has the number now, gives his own name", _household_family),
    "same_given_other_family": (6, "the given name is right, the family another", _half_sibling),
    "gender_pair": (9, "Mario and Maria, Paolo and Paola, at one contact", _gender_pair),
    "near_given": (12, "one or two letters make another name: Luca, Lucia; Nicola, Nicolò", _near_given_name),
    "near_family": (12, "one or two letters make another family: Rossi, Russo", _near_family_name),
    "twins_same_initial": (5, "same surname, same initial", _twins),
    "initial_only": (2, "an initial is everybody's who has it", _initial),
    "crossed_names": (5, "the given name of one and the family name of another", _crossed),
    "name_in_name": (6, "Anna and Annamaria, Luca and Gianluca", _contained),
    "second_name_more_or_less": (
        5,
        "Anna and Anna Maria may be sisters; without a tax code nobody knows",
        _second_name,
    ),
    "other_second_name": (4, "Marco Antonio and Marco Luigi", _other_second_name),
    "family_with_particle": (5, "Martino and Di Martino are two families", _prefixed),
    "homoglyph": (3, "letters of another script are another name", _homoglyph),
    "nothing": (2, "signs, digits, blanks: no name equals the empty one", _nothing),
    "half_a_name": (3, "one field of two, or one twice", _half),
    "same_name_other_contact": (6, "a namesake's contact, or any other customer's", _other_contact),
    "same_name_near_contact": (4, "one digit or letter makes another's contact", _near_contact),
    "person_as_company": (3, "a private customer is no business customer of the same name", _as_company),
    "same_when_folded": (3, "two families whose names differ by a blank, a sign or an accent alone", _folding),
    "same_words_other_order": (2, "Bruno Franco and Franco Bruno: the price of accepting swapped fields", _order),
    "namesake_same_contact": (
        1,
        "father and son of one name at one contact: names can't tell, two candidates must",
        _namesake,
    ),
}
