"""Reads a person's or a company's name out of the latest message, mindful of the step at which it is said."""

from __future__ import annotations

import math
import re

from rasa_sdk import Tracker

from actions.message import asked, confidence, entity, intent, spans, text
from areaclienti.domain.companies import canonical_company, clean_company
from areaclienti.domain.names import NameRejected, PersonName, canonical_name, split_full_name, with_part_corrected

NAMING_INTENTS = ("give_name", "give_company_name", "give_data")
# They have rules of their own, also when a name is in the message.
_STEERING_WITH_A_NAME = {"correct_data", "register"}

# What speaks for a name where one was asked for: how likely the words are one (the readers of answers know the step)
# and how likely the message is meant as one (the classifier knows what else people say), as log-odds. The weights were
# read off readings of the training data by models that had not seen them (docs/nlu.md).
_WORDS, _MEANING, _BIAS = 0.5, 0.7, 0.5
_MOST = 12.0

_FAMILY_NAME_NEXT = re.compile(r"\bcognome\W*(?:è|e')?\W*$", re.IGNORECASE)
_FAMILY_NAME_BEFORE = re.compile(r"\W*(?:è\s+)?(?:il\s+)?cognome\b(?!\W*$)", re.IGNORECASE)
_LABEL = re.compile(r"\b(?:cog)?nome\b", re.IGNORECASE)
_CORRECTION = re.compile(
    r"\b(?:anzi|scus\w+|ops|pardon|volevo\s+dire|correggo|rettifico|mi\s+sbaglio|ho\s+sbagliato|no)\b", re.IGNORECASE
)
_ONE_COMPANY = re.compile(
    r"[\s,]*(?:(?:di|del|della|dei|degli|dello|e|&|ed|dott|dott\.?(?:ssa|ri)?|dr\.?(?:ssa)?|sig\.?(?:ra)?|avv|geom|ing|arch|rag)"
    r"\.?[\s']*)*",
    re.IGNORECASE,
)
_PARTICLES = re.compile(r"(?:(?:d['’]|de|di|del|della|dei|da|la|lo|li|il|le|i|gli|l['’]|san|santa)\s*)+", re.IGNORECASE)


def is_name(tracker: Tracker, kind: str) -> bool:
    """Whether the latest message answers the question for a `person` or a `company`, as far as can be told."""
    if intent(tracker) in NAMING_INTENTS:
        return True
    if intent(tracker) in _STEERING_WITH_A_NAME or not text(tracker):
        return False
    meant = min(sum(confidence(tracker, name) for name in NAMING_INTENTS), 1.0)
    return _BIAS + _WORDS * _log_odds(asked(tracker, kind)[1]) + _MEANING * _log_odds(meant) > 0


def person(tracker: Tracker, requested: bool) -> str | None:
    """A person's name, given name first where the message says which is which."""
    if not (is_name(tracker, "person") if requested else intent(tracker) in {*NAMING_INTENTS, "correct_data"}):
        return None
    if not requested:
        found = [(start, end) for kind, start, end in spans(tracker) if kind == "person"]
        return _of_two(text(tracker), found) or entity(tracker, "person")
    company_name = entity(tracker, "company")
    if company_name and entity(tracker, "person") is None and canonical_company(company_name).legal_form:
        return None
    return asked_person(tracker)


def asked_person(tracker: Tracker) -> str | None:
    """The name in a message that is known to give one."""
    typed, (found, _) = text(tracker), asked(tracker, "person")
    if not found:
        return None
    if whole := _of_two(typed, found):
        return whole
    start, end = max(found, key=lambda part: part[1] - part[0])
    return _with_particle(typed, typed[start:end])


def company(tracker: Tracker, requested: bool) -> str | None:
    """A company's name, as it was asked for or, where it was not, as far as it can be one."""
    if not (is_name(tracker, "company") if requested else intent(tracker) in {*NAMING_INTENTS, "correct_data"}):
        return None
    marked = asked_company(tracker) if requested else entity(tracker, "company")
    if marked is None or not (requested or _is_company(marked)):
        return None  # what was not asked for is not argued about
    return _with_last_dot(marked, text(tracker))


def asked_company(tracker: Tracker) -> str | None:
    """The ragione sociale in a message that is known to give one."""
    typed, (found, _) = text(tracker), asked(tracker, "company")
    if not found:
        return None
    joined = [found[0]]
    for start, end in found[1:]:
        if _ONE_COMPANY.fullmatch(typed[joined[-1][1] : start]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    people = [(start, end) for kind, start, end in spans(tracker) if kind == "person"]
    joined = [part for part in joined if part not in people] or joined  # `sono Ada Neri della Fiori di Ada`
    names = [typed[start:end] for start, end in joined]
    if len(joined) > 1 and _CORRECTION.search(typed[joined[-2][1] : joined[-1][0]]):
        return names[-1]
    return max(names, key=lambda name: (canonical_company(name).legal_form is not None, len(name)))


def _log_odds(chance: float) -> float:
    least = math.exp(-_MOST)
    chance = min(max(chance, least), 1 - least)
    return math.log(chance / (1 - chance))


def _of_two(typed: str, found: list[tuple[int, int]]) -> str | None:
    """One name out of two parts: `Rossi, Mario`, `cognome Rossi nome Mario`, `Neri Luca, Neri è il cognome`, a slip."""
    if len(found) != 2:
        return None
    (start, middle), (onwards, end) = found
    first, second = typed[start:middle], typed[onwards:end]
    before, between, after = typed[:start], typed[middle:onwards], typed[end:]
    if not between.strip(" ,;"):
        return typed[start:end]
    if _are_words_of(second, first):
        return _told_apart(first, second, between, after)
    if _CORRECTION.search(between):
        return _corrected(first, second)
    if not _LABEL.search(before[-20:] + between) or _are_words_of(first, second):
        return None
    is_family_first = _FAMILY_NAME_NEXT.search(before) or _FAMILY_NAME_BEFORE.match(between)
    return _ordered(second, first) if is_family_first else _ordered(first, second)


def _ordered(given: str, family: str) -> str:
    """Both in one line, with labels where the line alone would be parted elsewhere."""
    plain = split_full_name(f"{given} {family}")
    is_plain = plain and canonical_name(plain.given) == canonical_name(given)
    return f"{given} {family}" if is_plain else f"nome {given} cognome {family}"


def _told_apart(whole: str, part: str, before: str, after: str) -> str:
    """`Neri Luca, Neri è il cognome`: the part is what the words beside it say."""
    label = _LABEL.search(before) or _LABEL.search(after)
    rest = " ".join(word for word in whole.split() if canonical_name(word) not in map(canonical_name, part.split()))
    if not label or not rest:
        return whole
    return _ordered(rest, part) if label[0].casefold() == "cognome" else _ordered(part, rest)


def _corrected(first: str, second: str) -> str:
    """`Liana Pavesi, no scusa Pavese`: the last word counts, of a name or of one of its parts."""
    whole = split_full_name(first)
    if len(second.split()) > 1 or whole is None:
        return second
    try:
        return " ".join(with_part_corrected(PersonName(*whole), second))
    except NameRejected:
        return first


def _are_words_of(part: str, whole: str) -> bool:
    return set(map(canonical_name, part.split())) <= set(map(canonical_name, whole.split()))


def _with_particle(typed: str, marked: str) -> str:
    """`D'Amico Giovanni`: an answer that begins with a particle which was not marked; not `la Mariuccia`."""
    whole = typed.strip(" .,;:!")
    before, found, after = whole.partition(marked)
    if before.islower() and not marked.islower() and not before.startswith("d"):
        return marked
    return whole if found and not after.strip() and _PARTICLES.fullmatch(before) else marked


def _is_company(name: str) -> bool:
    try:
        clean_company(name)
    except NameRejected:
        return False
    return True


def _with_last_dot(name: str, typed: str) -> str:
    """`Ferrara S.r.l.` with the dot that was taken for the end of a sentence."""
    last = name.rsplit(" ", 1)[-1]
    is_abbreviation = "." in last or len(last) == 1
    return f"{name}." if is_abbreviation and not last.endswith(".") and f"{name}." in typed else name
