"""Ways in which a person writes his own name."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from benchmarks.matching import typing_errors
from benchmarks.matching.registry_spelling import joined_particle
from benchmarks.matching.rows import Person
from benchmarks.matching.spelling import accents_apart, full_width, has_umlaut, other_apostrophe, plain, usual
from benchmarks.matching.tolerance import BEHIND_TAX_CODE, MAY_REFUSE, MUST, Tolerance
from benchmarks.matching.words import words


class Name(NamedTuple):
    """Given and family name, each as it stands in its field of the form."""

    given: str
    family: str


Write = Callable[[Name, random.Random], Name | None]


@cache
def _doubles() -> dict[str, str]:
    names = words("given_names")
    apart = [pair for gender in ("male", "female") for pair in names[gender]["double"]]
    return {f"{first} {second}": first + second.lower() for first, second in apart}


@cache
def _halves() -> dict[str, str]:
    return {joined: apart for apart, joined in _doubles().items()}


def _both(name: Name, change: Callable[[str], str]) -> Name:
    return Name(change(name.given), change(name.family))


def _lower(name: Name, rng: random.Random) -> Name:
    return _both(name, str.lower)


def _upper(name: Name, rng: random.Random) -> Name:
    return _both(name, str.upper)


def _mixed_case(name: Name, rng: random.Random) -> Name:
    return _both(name, lambda part: "".join(rng.choice((c.lower(), c.upper())) for c in part))


def _family_upper(name: Name, rng: random.Random) -> Name:
    return Name(name.given, name.family.upper())


def _swapped(name: Name, rng: random.Random) -> Name:
    return Name(name.family, name.given)


def _accents_dropped(name: Name, rng: random.Random) -> Name:
    return _both(name, plain)


def _accents_apart(name: Name, rng: random.Random) -> Name | None:
    sign = rng.choice(("'", "'", "'", other_apostrophe(rng)))
    changed = _both(name, lambda part: accents_apart(part, sign))
    return changed if changed != _both(name, plain) else None


def _accents_acute(name: Name, rng: random.Random) -> Name:
    # òó, àá, ìí, ùú, èé: keyboards and phones offer both.
    return _both(name, lambda part: part.translate(str.maketrans("àèéìòùÀÈÉÌÒÙ", "áéèíóúÁÉÈÍÓÚ")))


def _apostrophe_other_sign(name: Name, rng: random.Random) -> Name:
    sign = other_apostrophe(rng)
    return _both(name, lambda part: part.replace("'", sign))


def _apostrophe_blank(name: Name, rng: random.Random) -> Name:
    return _both(name, lambda part: re.sub(r"'(?=\w)", rng.choice(("' ", " ", " '")), part))


def _apostrophe_dropped(name: Name, rng: random.Random) -> Name:
    return _both(name, lambda part: part.replace("'", ""))


def _particle_joined(name: Name, rng: random.Random) -> Name:
    return Name(name.given, joined_particle(name.family))


def _hyphen(name: Name, rng: random.Random) -> Name:
    sign = rng.choice([*words("signs")["hyphens"][1:], " ", " - "])
    return _both(name, lambda part: part.replace("-", sign))


def _double_joined(name: Name, rng: random.Random) -> Name | None:
    joined = _doubles().get(name.given)
    return Name(joined, name.family) if joined else None


def _double_apart(name: Name, rng: random.Random) -> Name | None:
    apart = _halves().get(name.given)
    return Name(apart, name.family) if apart else None


def _double_hyphen(name: Name, rng: random.Random) -> Name | None:
    apart = _halves().get(name.given, name.given)
    return Name(apart.replace(" ", "-"), name.family) if " " in apart else None


def _titled(name: Name, rng: random.Random, gender: str) -> Name:
    title = rng.choice(words("signs")["titles"]["male" if gender == "M" else "female"])
    return Name(f"{title} {name.given}", name.family)


def _title_male(name: Name, rng: random.Random) -> Name:
    return _titled(name, rng, "M")


def _title_female(name: Name, rng: random.Random) -> Name:
    return _titled(name, rng, "F")


def _blanks(name: Name, rng: random.Random) -> Name:
    blanks: list[str] = words("signs")["blanks"]

    def spread(part: str) -> str:
        inside = re.sub(" ", lambda _: rng.choice(blanks[1:]), part)
        return rng.choice(("", *blanks)) + inside + rng.choice(blanks)

    return _both(name, spread)


def _full_stop(name: Name, rng: random.Random) -> Name:
    return Name(name.given + rng.choice(("", ",", ".")), name.family + rng.choice((".", ",", "!", ";")))


def _labelled(name: Name, rng: random.Random) -> Name:
    labels = words("signs")["labels"]
    at = rng.randrange(len(labels["given"]))
    return Name(labels["given"][at] + name.given, labels["family"][at] + name.family)


def _decomposed(name: Name, rng: random.Random) -> Name:
    return _both(name, lambda part: unicodedata.normalize("NFD", part))


def _full_width(name: Name, rng: random.Random) -> Name:
    return _both(name, full_width)


def _usual(name: Name, rng: random.Random) -> Name | None:
    return _both(name, usual) if has_umlaut("".join(name)) else None


def _cedilla(name: Name, rng: random.Random) -> Name:
    # Old Romanian keyboards have the cedilla where the language has a comma.
    return _both(name, lambda part: part.translate(str.maketrans("șțȘȚ", "şţŞŢ")))


def _second_name_dropped(name: Name, rng: random.Random) -> Name | None:
    first, _, rest = name.given.partition(" ")
    # Gian and Pier are halves of a name: nobody has them alone.
    return Name(first, name.family) if rest and first not in ("Gian", "Pier") else None


def _first_name_dropped(name: Name, rng: random.Random) -> Name | None:
    rest = name.given.partition(" ")[2]
    return Name(rest, name.family) if rest else None


def _one_error(name: Name, rng: random.Random) -> Name | None:
    field = rng.randrange(2)
    wrong = typing_errors.one(name[field], rng)
    return None if wrong is None else Name(wrong, name.family) if field == 0 else Name(name.given, wrong)


def _two_errors(name: Name, rng: random.Random) -> Name | None:
    wrong = typing_errors.two(name.family, rng)
    return None if wrong is None else Name(name.given, wrong)


def _other_transliteration(name: Name, rng: random.Random) -> Name | None:
    table = words("transliterations")["other"]
    changed = _both(name, lambda part: rng.choice(table.get(part, [part])))
    return changed if typing_errors.edits(name, changed) <= 2 else None


def _names_reordered(name: Name, rng: random.Random) -> Name:
    return Name(" ".join(reversed(name.given.split())), name.family)


def _boundary_moved(name: Name, rng: random.Random) -> Name | None:
    first, _, rest = name.given.partition(" ")
    return Name(first, f"{rest} {name.family}") if rest else None


def _nickname(name: Name, rng: random.Random) -> Name | None:
    nicknames = words("given_names")["nicknames"].get(name.given)
    return Name(rng.choice(nicknames), name.family) if nicknames else None


def _second_surname_dropped(name: Name, rng: random.Random) -> Name | None:
    if re.match(r"(?i)(de|di|da|do|del|el|al|ait|abd|lo|la|mac|san)\w{0,3}\b", name.family):
        return None
    parts = re.split(r"[ -]", name.family)
    return Name(name.given, parts[0]) if len(parts) > 1 else None


def _surname_added(name: Name, rng: random.Random) -> Name:
    other = rng.choice(words("surnames")["common"])
    return Name(name.given, name.family + rng.choice((" in ", " ")) + other)


def _emoji(name: Name, rng: random.Random) -> Name:
    return Name(name.given, name.family + rng.choice((" 😊", "🙂", " 👍")))


# kind: tolerance, why, how it is written. A writer that changes nothing, or gives None, has nothing to say of a name.
KINDS: dict[str, tuple[Tolerance, str, Write]] = {
    "lower_case": (MUST, "nobody writes capitals in a chat", _lower),
    "upper_case": (MUST, "as on documents", _upper),
    "mixed_case": (MUST, "a phone's capitals", _mixed_case),
    "family_upper": (MUST, "Mario ROSSI, as on forms", _family_upper),
    "swapped": (MUST, "family name first, as in Italian offices: the fields come swapped", _swapped),
    "accents_dropped": (MUST, "no accents on the keyboard", _accents_dropped),
    "accents_as_apostrophes": (MUST, "Nicolo' for Nicolò, with any sign that looks like an apostrophe", _accents_apart),
    "accents_acute": (MUST, "Nicoló for Nicolò: the wrong accent of the right letter", _accents_acute),
    "apostrophe_other_sign": (MUST, "typographic and other code points for an apostrophe", _apostrophe_other_sign),
    "apostrophe_blank": (MUST, "D' Angelo, D Angelo", _apostrophe_blank),
    "apostrophe_dropped": (MUST, "Dangelo for D'Angelo", _apostrophe_dropped),
    "particle_joined": (MUST, "Deluca for De Luca", _particle_joined),
    "hyphen_other": (MUST, "a blank or another dash for a hyphen", _hyphen),
    "double_name_joined": (MUST, "Mariagrazia for Maria Grazia, where both are usual", _double_joined),
    "double_name_apart": (MUST, "Gian Carlo for Giancarlo", _double_apart),
    "double_name_hyphen": (MUST, "Maria-Grazia", _double_hyphen),
    "title": (MUST, "Dott.ssa, Ing., Sig.ra … before the name", _title_male),
    "extra_blanks": (MUST, "blanks around and within, of any kind", _blanks),
    "full_stop": (MUST, "a sign that ends the sentence", _full_stop),
    "labelled": (MUST, "nome: …, cognome: …", _labelled),
    "decomposed": (MUST, "NFD, as some phones send it", _decomposed),
    "full_width": (MUST, "letters of an East Asian keyboard", _full_width),
    "usual_letters": (MUST, "Mueller for Müller, as passports have it", _usual),
    "cedilla": (MUST, "ş for ș", _cedilla),
    "second_name_dropped": (BEHIND_TAX_CODE, "one of two given names", _second_name_dropped),
    "one_typing_error": (BEHIND_TAX_CODE, "one letter wrong, missing or too many", _one_error),
    "two_typing_errors": (BEHIND_TAX_CODE, "two letters wrong in the family name", _two_errors),
    "other_transliteration": (BEHIND_TAX_CODE, "Mohamed for Mohammed: at most two edits", _other_transliteration),
    "first_name_dropped": (MAY_REFUSE, "known by the second name: another name than the first", _first_name_dropped),
    "names_reordered": (MAY_REFUSE, "Rosa Maria is another name than Maria Rosa", _names_reordered),
    "boundary_moved": (MAY_REFUSE, "Maria | Rosa Bianchi: where the words part is the form's doing", _boundary_moved),
    "nickname": (MAY_REFUSE, "not the name on file", _nickname),
    "second_surname_dropped": (MAY_REFUSE, "half of a family name may be another family", _second_surname_dropped),
    "surname_added": (MAY_REFUSE, "a husband's surname that is not on file", _surname_added),
    "emoji": (MAY_REFUSE, "no sign of a name: the customer can be asked again", _emoji),
}
# Not on top of an umlaut, whose two spellings are edits already.
_ERRORS = ("one_typing_error", "two_typing_errors")
# Another spelling of ü than the registry's: two edits of a letter, not two writings of it.
UMLAUT = "umlaut_spellings_differ"

# In this order they can follow each other: first words, then letters, signs, case, what stands around, code points.
_CHAIN: tuple[tuple[Write, ...], ...] = (
    (_double_joined, _double_apart, _double_hyphen),
    (_particle_joined, _apostrophe_blank, _apostrophe_dropped),
    (_accents_dropped, _accents_apart, _accents_acute),
    (_apostrophe_other_sign,),
    (_lower, _upper, _mixed_case, _family_upper),
    (_full_stop, _blanks),
    (_swapped,),
    (_decomposed,),
)


def any_writing(name: Name, rng: random.Random, *, chance: float = 0.4) -> Name:
    """The name with several changes at once, each of which must be understood."""
    for step in _CHAIN:
        if rng.random() < chance:
            name = rng.choice(step)(name, rng) or name
    return name


def person_variants(person: Person, rng: random.Random) -> Iterator[tuple[str, Tolerance, str, Name]]:
    """(kind, tolerance, why, name) for each kind that has something to say of this person's name."""
    own = Name(person.given, person.family)
    yield "as_on_file", MUST, "letter by letter what the registry holds", Name(person.given_name, person.family_name)
    # A registry without the diacritics says Muller or Mueller, and the customer can't know which.
    umlaut = has_umlaut(person.given + person.family)
    on_file_usual = person.spelling == "passport"
    on_file_marks = has_umlaut(person.given_name + person.family_name)
    yield "as_the_customer", MUST, "the name as he writes it in full, however the registry does", own
    for kind, (tolerance, why, write) in KINDS.items():
        if kind == "title" and person.gender == "F":
            write = _title_female
        if umlaut and kind in _ERRORS:
            continue
        name = write(own, rng)
        if name is None or name == own:
            continue
        lost = kind in ("accents_dropped", "accents_as_apostrophes")
        if (
            umlaut
            and not on_file_marks
            and ((lost and on_file_usual) or (kind == "usual_letters" and not on_file_usual))
        ):
            near = typing_errors.edits(name, Name(person.given_name, person.family_name)) <= 2
            yield UMLAUT, BEHIND_TAX_CODE if near else MAY_REFUSE, "Mueller on file, Muller typed, or the reverse", name
            continue
        yield kind, tolerance, why, name
    if not umlaut:
        yield "combined", MUST, "several of these at once", any_writing(own, rng)
