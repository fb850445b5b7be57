"""Cleans, splits and compares the names of persons as Italians type them (manual 3a, 1c)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Literal, NamedTuple

from areaclienti.domain.edits import edits
from areaclienti.domain.text import fold, passport_letters, phrase_pattern, tidy, without_emoji
from areaclienti.domain.wordlists import word_set, words

NameReason = Literal["empty", "too_long", "not_a_name"]

MAX_LENGTH = 80
_MOST_WORDS = 8
_MOST_EDITS = 2
# `D' Angelo`, `Dell 'Acqua`: an elision belongs to the next word; the endings of `de' Medici`, `Nicolo' Rossi` don't.
_OPEN_ELISION = re.compile(r"\b(d|l|o|m|n|all|dall|dell|nell|sant|degl|quell)\s*'\s*(?=[^\W\d_])", re.IGNORECASE)
# `D Angelo`, `L Abbate`; where the name begins, `N Diaye`: within it the letter would be an initial.
_LOST_APOSTROPHE = re.compile(r"(?:(?<!\S)([dl])\s+(?=[aeiouàèéìòù])|^([mn])\s+(?=[bdgk]\w))", re.IGNORECASE)
_PARTED_HYPHEN = re.compile(r"(?<=[^\W\d_])(?:\s+-\s*|\s*-\s+)(?=[^\W\d_])")  # `El - Mansouri`
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")
_WORD = re.compile(r"'?[^\W\d_]+(?:['-][^\W\d_]+)*'?")
_SAME_LETTER = re.compile(r"(.)\1{3}", re.IGNORECASE)
_CONJUNCTIONS = frozenset({"e", "y"})  # Castro e Silva, Ortega y Gasset
# A husband's name beside one's own (`De Santis ved. Moroni`, `Rosi in Ricci`): tax codes and policies bear the own one.
_MARRIED = re.compile(r"(?<=\S)\s+(?:ved\.\s*|(?:vedova|coniugata|in)\s+)[^\W\d_].*$", re.IGNORECASE)
_IS = r"(?:\s+(?:è|e'))?\s*[:=]?\s*"
_AND = r"[\s,;.]*(?:\be\s+)?(?:\bil\s+)?(?:\bmio\s+)?"
_LABELLED = (
    re.compile(rf"\bnome{_IS}(?P<given>.+?){_AND}\bcognome{_IS}(?P<family>.+)", re.IGNORECASE),
    re.compile(rf"\bcognome{_IS}(?P<family>.+?){_AND}\bnome{_IS}(?P<given>.+)", re.IGNORECASE),
)


class PersonName(NamedTuple):
    """Given name (Nome) and family name (Cognome), each of them as one text."""

    given: str
    family: str


class NameRejected(ValueError):
    """What was typed is no name; `reason` says why, and the message never repeats it."""

    def __init__(self, reason: NameReason) -> None:
        super().__init__(reason)
        self.reason: NameReason = reason


def clean_name(text: str) -> str:
    """A given, family or full name ready to be shown: casing and apostrophes repaired, titles and lead-ins dropped.

    `mario ROSSI` → `Mario Rossi`, `dott. d’angelo` → `D'Angelo`, `mi chiamo Nicolo'` → `Nicolo'`. Idempotent.
    Raises NameRejected: `empty`; `too_long` (over 80 characters); `not_a_name` (digits, signs, sentences, one letter).
    """
    text = tidy(text)
    if not text:
        raise NameRejected("empty")
    name = _bare(text)
    if len(name) > MAX_LENGTH:
        raise NameRejected("too_long")
    parts = name.split()
    if not 0 < len(parts) <= _MOST_WORDS or not all(_is_word(part) for part in parts) or _is_sentence(parts):
        raise NameRejected("not_a_name")
    if _SAME_LETTER.search(name) or not any(sum(char.isalpha() for char in part) > 1 for part in parts):
        raise NameRejected("not_a_name")
    return " ".join(_cased(part, inside=index > 0) for index, part in enumerate(parts))


def split_full_name(text: str) -> PersonName | None:
    """Given and family name out of one line in either order; None when it isn't a name of two words or more.

    `Rossi Mario`, `Rossi, Mario` and `Cognome: Rossi Nome: Mario` are told by a list of given names, by the comma and
    by the labels; particles stay with their surname (`Maria Grazia De Luca`). In doubt the given name comes first.
    """
    text = tidy(text)
    stated = _by_label(text) or _by_comma(text)
    if stated:
        return stated
    try:
        groups = _groups(clean_name(text).split())
    except NameRejected:
        return None
    if len(groups) < 2:
        return None
    return max(_splits(groups), key=lambda split: split[0])[1]


def with_part_corrected(name: PersonName, part: str) -> PersonName:
    """The name after one of its two parts was written anew; which one, the part itself tells.

    It takes the place of what it resembles (`Esposito Genaro`, `Gennaro` → `Gennaro Esposito`), else of the given name
    if it is one itself, else of the family name. Raises NameRejected when the part is no name.
    """
    part = clean_name(part)
    to_given, to_family = (_unlikeness(part, old) for old in name)
    if to_given == to_family:
        to_given, to_family = (0, 1) if _is_given(part) else (1, 0)
    given, family = (part, name.family) if to_given < to_family else (name.given, part)
    swapped = _is_given(family) and not _is_given(given)  # they had been split the wrong way round
    return PersonName(family, given) if swapped else PersonName(given, family)


def canonical_name(text: str) -> str:
    """The key by which names are compared: equal for spellings that differ in case, accents, apostrophes, blanks,
    hyphens, joined particles or titles. Empty when there is no letter. Idempotent.
    """
    return re.sub(r"[\W\d_]", "", fold(_MARRIED.sub("", _without_titles(tidy(text)))))


def same_person(a: PersonName, b: PersonName) -> bool:
    """Whether the canonical names are equal; given and family name may be swapped or parted elsewhere.

    An umlaut equals both of its plain spellings (`Müller`: `Muller`, `Mueller`), which are not equal to each other.
    """
    rights = _spellings(b)
    return any(
        all(left) and all(right) and "".join(left) in ("".join(right), "".join(reversed(right)))
        for left in _spellings(a)
        for right in rights
    )


def close_person(typed: PersonName, on_file: PersonName) -> bool:
    """Whether the names differ by a second name that was left out or by at most two letters in all.

    Only fit to be used behind an exact tax code, and even there not for relatives: a name that was added, a word of the
    family name, and another given name that is one (Maria for Mario) are no slip. The typed fields may be swapped.
    """
    if same_person(typed, on_file):
        return True
    return any(
        _second_name_dropped(reading, on_file) or _few_edits(reading, on_file)
        for reading in (typed, PersonName(typed.family, typed.given))
    )


def is_given_name(word: str) -> bool:
    """Whether people bear it as a given name, by a list of those borne in Italy."""
    return canonical_name(word) in _given_names()


def _unlikeness(one: str, other: str) -> int:
    """Edits between two names that may be one name mistyped; equally much for all that are too far apart."""
    left, right = canonical_name(one), canonical_name(other)
    distance = edits(left, right)
    return distance if distance * 2 < max(len(left), len(right)) else MAX_LENGTH


def _by_label(text: str) -> PersonName | None:
    for pattern in _LABELLED:
        found = pattern.search(text)
        if found:
            with suppress(NameRejected):
                return PersonName(clean_name(found["given"]), clean_name(found["family"]))
    return None


def _by_comma(text: str) -> PersonName | None:
    """`Rossi, Mario`: the family name stands before the comma, unless only what is before it is a given name."""
    before, comma, after = _bare(text).partition(",")
    if not comma:
        return None
    with suppress(NameRejected):
        left, right = clean_name(before), clean_name(after)
        return PersonName(left, right) if _given_share(left) > _given_share(right) else PersonName(right, left)
    return None


def _keys(name: PersonName) -> tuple[str, str]:
    return canonical_name(name.given), canonical_name(name.family)


def _spellings(name: PersonName) -> tuple[tuple[str, str], ...]:
    """The keys of the name; two where a letter has two plain spellings, as in `Müller`."""
    keys = _keys(name)
    passport = PersonName(*map(passport_letters, name))
    return (keys,) if passport == name else (keys, _keys(passport))


def _second_name_dropped(typed: PersonName, on_file: PersonName) -> bool:
    family = canonical_name(typed.family)
    return bool(family) and family == canonical_name(on_file.family) and _fewer(typed.given, on_file.given)


def _fewer(typed: str, on_file: str) -> bool:
    left, right = _given_words(typed), _given_words(on_file)
    return 0 < len(left) < len(right) and set(left) < set(right)


def _given_words(given: str) -> list[str]:
    """The names of a given name; `Gian` and `Pier` are no names but halves of one (`Gian Carlo`)."""
    joined = re.sub(r"\b(gian|giam|pier)[\s-]+(?=\w)", r"\1", _without_titles(tidy(given)), flags=re.IGNORECASE)
    return list(filter(None, map(canonical_name, re.split(r"[\s-]+", joined))))


def _few_edits(typed: PersonName, on_file: PersonName) -> bool:
    """At most two edits in all, and in each name fewer than half of its letters: Ugo isn't Ivo."""
    if _are_two_names(typed.given, on_file.given):
        return False
    total = 0
    for left, right in zip(_keys(typed), _keys(on_file), strict=True):
        if not left or not right or abs(len(left) - len(right)) > _MOST_EDITS:
            return False
        distance = edits(left, right, swap=2)
        if distance * 2 >= max(len(left), len(right)):
            return False
        total += distance
    return total <= _MOST_EDITS


def _are_two_names(one: str, other: str) -> bool:
    """Whether both are given names that people bear, and too far apart for a slip, or at the ending that tells men from
    women (Mario, Maria). A single letter elsewhere is likelier a slip (Ana, Anna) than a relative.
    """
    left, right = _given_words(one), _given_words(other)
    if len(left) != len(right):
        left, right = [canonical_name(one)], [canonical_name(other)]
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if a != b and {a, b} <= _given_names()]
    return any(a[:-1] == b[:-1] or edits(a, b) > 1 for a, b in pairs)


def _bare(text: str) -> str:
    """The name alone: lead-ins, titles, quotes and marks around it dropped, until nothing more can go."""
    while True:
        shorter = re.sub(r"^[\s\"().,;:!?*-]+|[\s\",;:!?()*-]+$", "", without_emoji(text))
        if shorter.startswith("'") and shorter.endswith("'"):
            shorter = shorter[1:-1]
        shorter = _MARRIED.sub("", _without_titles(_lead_ins().sub("", shorter)))
        shorter = _LOST_APOSTROPHE.sub(r"\1\2'", _OPEN_ELISION.sub(r"\1'", _without_full_stop(shorter)))
        shorter = _PARTED_HYPHEN.sub(" ", shorter, count=1)
        if shorter == text:
            return text
        text = shorter


def _without_full_stop(text: str) -> str:
    """Drops the dot that ends a line, and keeps that of an initial (`Maria G.`)."""
    words_before, _, last = text.rpartition(" ")
    return text if _INITIALS.fullmatch(last) and words_before else text.rstrip(".")


@cache
def _lead_ins() -> re.Pattern[str]:
    return re.compile(rf"^(?:{phrase_pattern(words('lead_ins'))})(?:\s*[:=,]\s*|\s+)(?=\S)", re.IGNORECASE)


@cache
def _titles() -> re.Pattern[str]:
    return re.compile(rf"^(?:(?>(?:{phrase_pattern(words('titles'))})(?!\w))(?:\.\s*|\s+))+(?=[^\W\d_])", re.IGNORECASE)


def _without_titles(text: str) -> str:
    return _titles().sub("", text)


def _is_word(part: str) -> bool:
    latin = all(unicodedata.name(char, "").startswith("LATIN") for char in part if char not in "'-.")
    return latin and bool(_WORD.fullmatch(part) or _INITIALS.fullmatch(part))


def _is_sentence(parts: list[str]) -> bool:
    """Whether a word in it is none of a name. A lone letter is (`a Mario`), but between two surnames."""
    foreign = word_set("not_names")
    for index, part in enumerate(parts):
        inside = 0 < index < len(parts) - 1
        if part.casefold() in _CONJUNCTIONS and inside:
            continue
        if part.casefold() in foreign or len(part) == 1:
            return True
    return False


def _cased(part: str, *, inside: bool) -> str:
    """A word of a name with a capital where one belongs; mixed case that makes sense stays (`McDonald`, `DeLuca`)."""
    if inside and part.casefold() in _CONJUNCTIONS:
        return part.lower()
    pieces = re.split(r"(['.-])", part)
    return "".join(piece if _well_cased(piece) else piece[:1].title() + piece[1:].lower() for piece in pieces)


def _well_cased(piece: str) -> bool:
    return bool(re.fullmatch(r"(?:[^\W\d_][^\W\d_]+){1,2}", piece)) and all(
        _capital_then_small(piece, start) for start in _capitals(piece)
    )


def _capitals(piece: str) -> list[int]:
    return [index for index, char in enumerate(piece) if not char.islower()] or [-1]


def _capital_then_small(piece: str, start: int) -> bool:
    return start >= 0 and piece[0].isupper() and piece[start].isupper() and piece[start + 1 : start + 2].islower()


def _groups(parts: list[str]) -> list[str]:
    """The words, particles joined to what follows them: `Maria De Luca` → `Maria`, `De Luca`."""
    groups: list[str] = []
    pending: list[str] = []
    for part in parts:
        pending.append(part)
        given_name_first = part is parts[0] and canonical_name(part) in _given_names()  # Santa Rossi
        if part.casefold() not in word_set("particles") or given_name_first:
            groups.append(" ".join(pending))
            pending = []
    if pending:
        groups.append(" ".join(pending))
    return groups


def _splits(groups: list[str]) -> Iterator[tuple[float, PersonName]]:
    """Each way to part the words with how likely it is; the likelier of equals first."""
    for cut in range(1, len(groups)):
        left, right = groups[:cut], groups[cut:]
        yield _likelihood(left, right), PersonName(" ".join(left), " ".join(right))
    for cut in range(1, len(groups)):
        left, right = groups[:cut], groups[cut:]
        yield _likelihood(right, left), PersonName(" ".join(right), " ".join(left))


def _likelihood(given: list[str], family: list[str]) -> float:
    return sum(1.0 if _is_given(group) else -1.0 for group in given) + sum(
        -0.3 if _is_given(group) else 0.5 for group in family
    )


def _given_share(name: str) -> float:
    groups = _groups(name.split())
    return sum(_is_given(group) for group in groups) / len(groups)


def _is_given(group: str) -> bool:
    if " " in group:
        return False  # a particle and what it belongs to
    return any(canonical_name(piece) in _given_names() for piece in (group, group.split("-")[0]))


@cache
def _given_names() -> frozenset[str]:
    return frozenset(canonical_name(name) for name in word_set("given_names"))
