"""Reads a person's or a company's name out of the latest message, mindful of the step at which it is said."""

from __future__ import annotations

import math
import re

from rasa_sdk import Tracker

from actions.message import asked, confidence, entity, intent, spans, text
from actions.name_parts import whole_name
from areaclienti.domain.companies import canonical_company, clean_company
from areaclienti.domain.names import NameRejected

NAMING_INTENTS = ("give_name", "give_company_name", "give_data")
# It has rules of its own, also when a name is in the message.
_STEERING_WITH_A_NAME = {"correct_data"}

# What speaks for a name where one was asked for: how likely the words are one (the readers of answers know the step)
# and how likely the message is meant as one (the classifier knows what else people say), as log-odds. The weights were
# read off readings of the training data by models that had not seen them (docs/nlu.md).
_WORDS, _MEANING, _BIAS = 0.6, 0.6, 1.5
_MOST = 7.0
_LONGEST_ANSWER = 50  # words: who writes more tells something else, and some word of it always looks like a name
_CERTAIN = 0.5  # from what chance on a name is there, whatever else is

_MARKUP = re.compile(r"<[/!]?[a-z]", re.IGNORECASE)  # `<b>Ada</b> <script>…`: its words are no name

_CORRECTION = re.compile(
    r"[\s.,;:!…-]+(?:(?:no,?\s+)?(?:anzi|scus[ai]\w*|ops|pardon|volevo\s+dire|correggo|rettifico|mi\s+correggo|intendevo|"
    r"no\s+aspett\w+|ho\s+sbagliato)\b[\s.,;:!…-]*(?:no\b[\s.,;:!…-]*)?)+(?:(?:è|siamo|la)\s+)*",
    re.IGNORECASE,
)
_ONLY_A_FORM = re.compile(
    r"(?:(?:è|siamo|una)\s+)*(?P<form>(?:s\.?\s?r\.?\s?l\.?\s?s?|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s)\.?)(?!\w)[\s.!]*",
    re.IGNORECASE,
)
_LAST_FORM = re.compile(r"(?:s\.?\s?r\.?\s?l\.?\s?s?|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s)\.?$", re.IGNORECASE)
_ONE_COMPANY = re.compile(  # between parts of one: `Farmacia San Rocco del dott. Neri`
    r"[\s,]*(?:(?:di|del|della|dei|degli|dello|e|&|ed|dott\.?(?:ssa|ri)?|dr\.?(?:ssa)?|sig\.?(?:ra)?|avv|geom|ing|arch|rag)"
    r"\.?[\s']*)*",
    re.IGNORECASE,
)


def is_name(tracker: Tracker, kind: str) -> bool:
    """Whether the latest message answers the question for a `person` or a `company`, as far as can be told."""
    if len(text(tracker).split()) > _LONGEST_ANSWER or _MARKUP.search(text(tracker)):
        return False
    if intent(tracker) in NAMING_INTENTS:
        return True
    if intent(tracker) in _STEERING_WITH_A_NAME or not text(tracker):
        return False
    meant = min(sum(confidence(tracker, name) for name in NAMING_INTENTS), 1.0)
    return _BIAS + _WORDS * _log_odds(asked(tracker, kind)[1]) + _MEANING * _log_odds(meant) > 0


def person(tracker: Tracker, requested: bool) -> str | None:
    """A person's name, given name first where the message says which is which."""
    if not (is_name(tracker, "person") if requested else _may_hold_one(tracker)):
        return None
    if not requested:
        found = [(start, end) for kind, start, end in spans(tracker) if kind == "person"]
        return whole_name(text(tracker), found)
    found, likely = asked(tracker, "person")
    company_name = entity(tracker, "company")
    if likely < _CERTAIN and company_name and canonical_company(company_name).legal_form:
        return None
    return whole_name(text(tracker), found)


def company(tracker: Tracker, requested: bool) -> str | None:
    """A company's name, as it was asked for or, where it was not, as far as it can be one."""
    if not (is_name(tracker, "company") if requested else _may_hold_one(tracker)):
        return None
    marked = _asked_company(tracker) if requested else entity(tracker, "company")
    if marked is None or not (requested or _is_company(marked)):
        return None  # what was not asked for is not argued about
    return _with_last_dot(marked, text(tracker))


def corrected(tracker: Tracker, kind: str) -> str | None:
    """The new value in a message that corrects a `person`'s or a `company`'s name; None where it only says so."""
    found, likely = asked(tracker, kind)
    if likely < _CERTAIN:
        return entity(tracker, kind)
    return whole_name(text(tracker), found, is_correction=True) if kind == "person" else _asked_company(tracker)


def _may_hold_one(tracker: Tracker) -> bool:
    """Whether the message may tell a name that was not asked for."""
    return intent(tracker) in {*NAMING_INTENTS, "correct_data"} and not _MARKUP.search(text(tracker))


def _asked_company(tracker: Tracker) -> str | None:
    """The ragione sociale that the message answers with."""
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
    if corrected := _corrected_company(typed, joined):
        return corrected
    return max(names, key=lambda name: (canonical_company(name).legal_form is not None, len(name)))


def _corrected_company(typed: str, parts: list[tuple[int, int]]) -> str | None:
    """`Solaria srl anzi Solaris srl`, `Neri sas, scusi è snc`: what holds in the end; None without a correction."""
    start, end = parts[0][0], parts[-1][1]
    *_, last = [None, *_CORRECTION.finditer(typed, start)]
    if last is None or last.start() == start:
        return None
    before, after = typed[start : last.start()], typed[last.end() :]
    if form := _ONLY_A_FORM.fullmatch(after):
        name = _LAST_FORM.sub("", before).strip(" ,")
        return f"{name} {form['form']}"
    return typed[last.end() : end] if last.end() < end else None


def _log_odds(chance: float) -> float:
    least = math.exp(-_MOST)
    chance = min(max(chance, least), 1 - least)
    return math.log(chance / (1 - chance))


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
