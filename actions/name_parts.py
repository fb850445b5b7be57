"""Puts one person's name together from the parts of it in a message, and from what is said about them."""

from __future__ import annotations

import re

from areaclienti.domain.names import (
    NameRejected,
    PersonName,
    canonical_name,
    clean_name,
    is_given_name,
    split_full_name,
    with_part_corrected,
)

Part = tuple[int, int]

_NAME_OR_FAMILY = r"\b(?P<label>(?:cog)?nome|cogn?\b\.?)"
_SAID = r"(?:\s+(?:di\s+battesimo|vero))?\s*[:=-]?\s*(?:(?:faccio|invece|sarebbe|è|e['’]?)\s*[:=]?\s*)?"
_LABEL_BEFORE = re.compile(rf"{_NAME_OR_FAMILY}{_SAID}$", re.IGNORECASE)
_LABEL_AFAR = re.compile(rf"{_NAME_OR_FAMILY}(?:(?!\b(?:cog)?nome\b).)*$", re.IGNORECASE)  # `cognome doppio Neri Galli`
_LABEL_AFTER = re.compile(
    r"[\s,;:(–-]*(?:(?:è|sarebbe|come|di|faccio\s+di)\s+)?(?:(?:il|mio)\s+)*(?P<label>(?:cog)?nome)\b", re.IGNORECASE
)
_FAMILY_FIRST = re.compile(
    r"\b(?:cognome\s*(?:e|ed|,|-|/|poi)?\s*(?:poi\s+)?nome|prima\s+il\s+cognome)\b", re.IGNORECASE
)
_CORRECTION = re.compile(
    r"\b(?:anzi|scus\w+|ops|pardon|volevo\s+dire|correggo|rettifico|mi\s+correggo|mi\s+sbaglio|ho\s+sbagliato|no|aspett\w+|"
    r"sorry|errore|intendevo)\b",
    re.IGNORECASE,
)
_HOW_WRITTEN = r"(?:[\s,(]+(?:con|senza|scritto|scritta|tutto|due|doppia)\s[^,.;]*)?"  # `Valli con la i`
_CORRECTED_AFTER = re.compile(
    rf"[\s.,;:!…-]*(?:{_CORRECTION.pattern}[\s.,;:!…-]*|\bè\s+)+(?:(?:mi\s+chiamo|sono)\s+)?"
    rf"(?P<name>[^\W\d_][\w'’ -]*?){_HOW_WRITTEN}[\s.!)]*$",
    re.IGNORECASE,
)
# Within one part: only what nobody is called.
_CORRECTED_WITHIN = re.compile(
    r"[\s.,;:!…-]+(?:(?:anzi|scus[ai]\w*|ops|pardon|volevo\s+dire|mi\s+correggo|ho\s+sbagliato|intendevo)\b[\s.,;:!…-]*(?:no\b|è\s)?"
    r"[\s.,;:!…-]*)+",
    re.IGNORECASE,
)
_SPOKEN_JOINT = re.compile(
    r"\s*(?:[._/-]|\b(?:punto|spazio|trattino|a\s+capo|due\s+nomi|doppio\s+nome)\b[\s,]*)\s*", re.IGNORECASE
)
_SPOKEN_BETWEEN = re.compile(r"(?:[\s,.;]|\b(?:e|poi|spazio|maiuscolo|minuscolo|tutto)\b)+", re.IGNORECASE)
_SPOKEN_COMMA = re.compile(r"\s*\bvirgola\s*", re.IGNORECASE)
_SAID_OF_NEXT = re.compile(r"\s*,\s*(?:cog)?nome\b", re.IGNORECASE)  # `Ada, cognome strano Neri`
_W = r"[^\W\d_][\w'’-]+"
_NICKNAMED = re.compile(
    rf"(?P<first>{_W})\s*(?:\((?P<aside>{_W})\)|[\"“«](?:{_W})[\"”»])\s+(?P<family>{_W}(?:\s+{_W})?)\s*$", re.IGNORECASE
)
_PARTICLES = re.compile(r"(?:(?:d['’]|de|di|del|della|dei|da|la|lo|li|il|le|i|gli|l['’]|san|santa)\s*)+", re.IGNORECASE)


def whole_name(typed: str, parts: list[Part], is_correction: bool = False) -> str | None:
    """The name, given name first; with the labels `nome … cognome …` where the line alone would be parted elsewhere.

    `Rossi, Mario`, `cognome Rossi nome Mario`, `Neri Luca, Neri è il cognome`, `cognome e nome: Neri Luca`,
    `Liana Pavesi, no scusa Pavese`, `Renzo (Lorenzo) Guidi`, `Ada come mia nonna, e poi Neri`. Where the parts are not
    a given and a family name the longest. `is_correction`: one of them may be the wrong one, so they are not joined.
    """
    if not parts:
        return None
    parts = _parted_at_corrections(typed, parts)
    if (nicknamed := _NICKNAMED.search(typed)) and nicknamed.start() <= parts[0][0] <= nicknamed.end():
        return f"{max(nicknamed['first'], nicknamed['aside'] or '', key=len)} {nicknamed['family']}"
    if len(parts) == 2 and (name := _of_two(typed, parts[0], parts[1], is_correction)):
        return name
    start, end = max(parts, key=lambda part: part[1] - part[0])
    name = _with_particle(typed, _said_once(_without_joint(typed[start:end])))
    if corrected := _CORRECTED_AFTER.fullmatch(typed, end):
        return _corrected(name, corrected["name"].strip())
    if _FAMILY_FIRST.search(typed[:start]):
        return _family_first(name)
    return name


def _parted_at_corrections(typed: str, parts: list[Part]) -> list[Part]:
    """`rosi mario anzi rossi`, marked as one, as the two names that it is."""
    parted: list[Part] = []
    for start, end in parts:
        within = _CORRECTED_WITHIN.search(typed, start, end)
        if within and start < within.start() and within.end() < end:
            parted += [(start, within.start()), (within.end(), end)]
        else:
            parted.append((start, end))
    return parted


def _of_two(typed: str, one: Part, other: Part, is_correction: bool) -> str | None:
    first, second = typed[slice(*one)], typed[slice(*other)]
    before, between, after = typed[: one[0]], typed[one[1] : other[0]], typed[other[1] :]
    labels = _labels(before, between, after)
    if _are_words_of(second, first):
        return _told_apart(first, second, labels[1])
    if _are_words_of(first, second):
        return _told_apart(second, first, labels[0])
    if _SPOKEN_JOINT.fullmatch(between):
        return f"{first} {second}"
    if not between.strip(" ,;") and not _are_two_names(first, second):
        return _without_joint(typed[one[0] : other[1]])
    if _CORRECTION.search(between):
        return _corrected(first, second)
    if "cognome" in labels:
        return _ordered(second, first) if labels[0] == "cognome" or labels[1] == "nome" else _ordered(first, second)
    return None if is_correction else _of_two_apart(first, second, labels, (before, between))


def _of_two_apart(first: str, second: str, labels: tuple[str | None, str | None], texts: tuple[str, str]) -> str | None:
    """`Ada come mia nonna, poi Neri`: a given and a family name with talk between them; None for two names."""
    before, between = texts
    if not (_is_part(first) and _is_part(second)):
        return None
    said = _said(_LABEL_AFAR.search(between)) or labels[1]
    said_first = labels[0] or _said(_LABEL_AFAR.search(before))
    if "nome" in {said, labels[1]} or said_first == "cognome":
        return _ordered(second, first)
    if said == "cognome":
        return _ordered(first, second)
    if not (_is_one(first) and _is_one(second)):
        return None  # `Zhang Weiming, tutti mi chiamano Marco`
    if _are_given(first) and _are_given(second) and not _SPOKEN_BETWEEN.fullmatch(between):
        return None  # `Vincenza o Vincenzina`
    if _SPOKEN_COMMA.fullmatch(between):
        return f"{first}, {second}"
    return _ordered(second, first) if _are_given(second) and not _are_given(first) else _ordered(first, second)


def _is_part(name: str) -> bool:
    """Whether it is a given name or a family name, not both."""
    return _are_given(name) or _begins_with_particle(name) or not any(map(is_given_name, name.split()))


def _is_one(name: str) -> bool:
    return " " not in name or _are_given(name) or _begins_with_particle(name)


def _are_given(name: str) -> bool:
    return all(map(is_given_name, name.split())) and not _begins_with_particle(name)


def _begins_with_particle(name: str) -> bool:
    first, _, rest = name.partition(" ")
    return bool(rest and _PARTICLES.fullmatch(first))


def _labels(before: str, between: str, after: str) -> tuple[str | None, str | None]:
    """What the two parts are called, `nome` or `cognome`: by the words before each, or by those after."""
    first, second = _LABEL_BEFORE.search(before), _LABEL_BEFORE.search(between)
    behind_first, behind_second = _LABEL_AFTER.match(between), _LABEL_AFTER.match(after)
    if not first and behind_first and (behind_second or (not second and not _SAID_OF_NEXT.match(between))):
        first, second = behind_first, behind_second
    elif not first and behind_first and second and behind_first.end() <= second.start():
        first = behind_first  # `Neri è il cognome e il nome è Ada`
    return _said(first), _said(second or behind_second)


def _said(label: re.Match[str] | None) -> str | None:
    return ("cognome" if label["label"][:3].casefold() == "cog" else "nome") if label else None


def _ordered(given: str, family: str) -> str:
    plain = split_full_name(f"{given} {family}")
    is_plain = plain and canonical_name(plain.given) == canonical_name(given)
    return f"{given} {family}" if is_plain else f"nome {given} cognome {family}"


def _told_apart(whole: str, part: str, label: str | None) -> str:
    """`Neri Luca, Neri è il cognome`: the part is what it is called, the rest the other name."""
    said = set(map(canonical_name, part.split()))
    rest = " ".join(word for word in whole.split() if canonical_name(word) not in said)
    if not label or not rest:
        return whole
    return _ordered(rest, part) if label == "cognome" else _ordered(part, rest)


def _family_first(name: str) -> str:
    """The family name is the first word, with its particles, unless the list of given names knows better."""
    split = split_full_name(name)
    if split is None or canonical_name(name).startswith(canonical_name(split.family)):
        return name
    words = name.split()
    cut = next((at for at, word in enumerate(words, 1) if not _PARTICLES.fullmatch(word)), 1)
    return _ordered(" ".join(words[cut:]), " ".join(words[:cut])) if cut < len(words) else name


def _corrected(first: str, second: str) -> str:
    """The last word counts, of a name or of one of its parts."""
    try:
        second = clean_name(second)
        whole = split_full_name(first)
        if whole is None or split_full_name(second):
            return second
        return " ".join(with_part_corrected(PersonName(*whole), second))
    except NameRejected:
        return first


def _are_words_of(part: str, whole: str) -> bool:
    return set(map(canonical_name, part.split())) <= set(map(canonical_name, whole.split()))


def _are_two_names(first: str, second: str) -> bool:
    """`Guten Tag, Helga Pichler`, but not `Rossi Neri, Anna Maria`: a name each, so that only one is the customer's."""
    return bool(split_full_name(first) and split_full_name(second)) and not all(map(is_given_name, second.split()))


def _said_once(name: str) -> str:
    """`Neri Ada ada con una d`: a word that is said again after a whole name; but `Rosario Rosario`."""
    words = name.split()
    again = {at for at in range(2, len(words)) if words[at].casefold() in map(str.casefold, words[:at])}
    return " ".join(word for at, word in enumerate(words) if at not in again) if again else name


def _without_joint(name: str) -> str:
    """`luca spazio neri` and `luca.neri` as two words; not `Anna-Maria`, `G.B. Neri`."""
    return re.sub(r"(?<=\w{3})(?:\s+(?:punto|spazio|trattino)\s+|[._](?=\w{3}))", " ", name, flags=re.IGNORECASE)


def _with_particle(typed: str, marked: str) -> str:
    """`D'Amico Giovanni`: an answer that begins with a particle which was not marked; not `la Mariuccia`."""
    whole = typed.strip(" .,;:!")
    before, found, after = whole.partition(marked)
    if before.islower() and not marked.islower() and not before.startswith("d"):
        return marked
    return whole if found and not after.strip() and _PARTICLES.fullmatch(before) else marked
