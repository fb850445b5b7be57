"""Reads a person's or a company's name out of the latest message, mindful of the step at which it is said."""

from __future__ import annotations

import re

from rasa_sdk import Tracker

from actions.message import UNSURE_INTENTS, confidence, entity, intent, spans, text
from areaclienti.domain.companies import canonical_company, clean_company
from areaclienti.domain.names import NameRejected, clean_name
from areaclienti.domain.wordlists import word_set

NAMING_INTENTS = ("give_name", "give_company_name", "give_data")
# They have rules of their own, also when a name is in the message.
_STEERING_WITH_A_NAME = {"correct_data", "register"}

# At the step that asks for a name most messages are one, which a classifier that sees no step can't know. From what
# share of its confidence a message is taken for a name there: by cross-validation on the training data (docs/nlu.md).
_LIKELY_ENOUGH = 0.1
_SURE = 0.9
_COVERED = 0.4  # share of a text's letters that is marked as a name
_POSSIBLE = {"person": 0.02, "company": 0.04}  # for a short bare text of which the classifier is not sure
_LONGEST_BARE = {"person": 4, "company": 6}  # words

_LEAD_IN = re.compile(
    r"^(?:(?:ciao|salve|buongiorno|buonasera|si|sì|ok|allora|ecco)\b[\s,.!]*)*"
    r"(?:(?:io\s+)?(?:sono|mi\s+chiamo|il\s+mio\s+nome\s+(?:è|e'|e)|nome\s*(?:e\s+cognome)?\s*:?|cognome\s*:?|"
    r"(?:l')?(?:azienda|ditta|impresa|società|societa)\s+(?:è|e'|e|si\s+chiama)|(?:la|il)\s+(?:mia\s+)?"
    r"(?:azienda|ditta|impresa|società|societa|cognome|nome)\s+(?:è|e'|e|si\s+chiama)|"
    r"(?:la\s+|l'|il\s+|la\s+mia\s+|la\s+nostra\s+)?(?:ditta(?:\s+individuale)?|azienda|impresa|società|societa)|"
    r"ragione\s+sociale\s*:?|si\s+chiama|è|e')\s+(?!agricol|edil|sportiv|cooperativ))?",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"[\s,.!]*\b(?:grazie(?:\s+mille)?|per\s+(?:favore|cortesia|piacere)|prego|saluti|buongiorno|buonasera)[\s.!]*$",
    re.IGNORECASE,
)
_EMOTICON = re.compile(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\u2B50\uFE0F\u200D]|[:;]-?[)(DP]|\^_\^")
_FAMILY_NAME_NEXT = re.compile(r"\bcognome\W*(?:è|e')?\W*$", re.IGNORECASE)
_PARTICLES = re.compile(r"(?:(?:d['’]|de|di|del|della|dei|da|la|lo|li|il|le|i|gli|l['’]|san|santa)\s*)+", re.IGNORECASE)


def is_name(tracker: Tracker, kind: str) -> bool:
    """Whether the latest message answers the question for a `person` or a `company`, as far as can be told."""
    if intent(tracker) in NAMING_INTENTS:
        return True
    if intent(tracker) in _STEERING_WITH_A_NAME or not text(tracker):
        return False
    naming = sum(confidence(tracker, name) for name in NAMING_INTENTS)
    if naming >= _LIKELY_ENOUGH or _share_marked(tracker) >= _COVERED:
        return True
    if kind == "person" and _has_given_name(tracker):
        return True
    whole = _bare_name(tracker, kind) if intent(tracker) in UNSURE_INTENTS else None
    return whole is not None and (naming >= _POSSIBLE[kind] or _is_written_as_name(whole))


def person(tracker: Tracker, requested: bool) -> str | None:
    """A person's name, given name first where the message says which is which; the whole text where it is an answer."""
    if not (is_name(tracker, "person") if requested else intent(tracker) in {*NAMING_INTENTS, "correct_data"}):
        return None
    marked = _joined_names(tracker) or entity(tracker, "person")
    if not requested:
        return marked
    if marked is None and (company_name := entity(tracker, "company")):
        return None if canonical_company(company_name).legal_form else company_name
    return _with_particle(tracker, marked) if marked else _bare_name(tracker, "person")


def company(tracker: Tracker, requested: bool) -> str | None:
    """A company's name: what the NLU marked, or the whole text where it was asked for."""
    if not (is_name(tracker, "company") if requested else intent(tracker) in {*NAMING_INTENTS, "correct_data"}):
        return None
    marked = entity(tracker, "company")
    if marked is None and requested:
        marked = _bare_name(tracker, "company") or entity(tracker, "person")  # `Fiori Anna`
    if marked is None or not (requested or _is_company(marked)):
        return None  # what was not asked for is not argued about
    return _with_last_dot(marked, text(tracker))


def _share_marked(tracker: Tracker) -> float:
    """How much of the text's letters and digits the NLU has marked as names."""
    typed = text(tracker)
    marked = sum(_letters(typed[start:end]) for kind, start, end in spans(tracker) if kind in {"person", "company"})
    return marked / max(_letters(typed), 1)


def _letters(typed: str) -> int:
    return sum(char.isalnum() for char in typed)


def _bare_name(tracker: Tracker, kind: str) -> str | None:
    """The text where it can be a name as it stands; None for a sentence or a question."""
    whole = _bare(text(tracker))
    if not whole or "?" in text(tracker) or len(whole.split()) > _LONGEST_BARE[kind]:
        return None
    try:
        (clean_name if kind == "person" else clean_company)(whole)
    except NameRejected:
        return None
    return whole


def _is_written_as_name(whole: str) -> bool:
    """`Il Cantuccio`: a capital letter at each of two words or more, as nobody writes a sentence."""
    parts = whole.split()
    return len(parts) > 1 and all(part[0].isupper() and not part.isupper() for part in parts)


def _has_given_name(tracker: Tracker) -> bool:
    """`sara neri`: two or three words, a common given name at an end, and the NLU not sure of another meaning."""
    whole = _bare_name(tracker, "person")
    parts = whole.casefold().split() if whole else []
    listed = len(parts) in {2, 3} and bool({parts[0], parts[-1]} & word_set("given_names"))
    return listed and confidence(tracker, intent(tracker)) < _SURE


def _bare(typed: str) -> str:
    """Without what people write before and after a name."""
    typed = _EMOTICON.sub(" ", typed).strip(" .,;:!")
    return _COURTESY.sub("", _LEAD_IN.sub("", typed).strip(" .,;:!")).strip(" ,;:!")


def _joined_names(tracker: Tracker) -> str | None:
    """`cognome Rossi nome Mario`: two marked names, put in order by the words before them."""
    typed = text(tracker)
    found = [(typed[start:end], start, end) for kind, start, end in spans(tracker) if kind == "person"]
    if len(found) != 2 or found[0][0] in found[1][0] or found[1][0] in found[0][0]:
        return None
    (first, first_start, first_end), (second, second_start, _) = found
    before, between = typed[:first_start], typed[first_end:second_start]
    if _FAMILY_NAME_NEXT.search(before) or re.match(r"\W*(?:è\s+)?(?:il\s+)?cognome\b(?!\W*$)", between, re.IGNORECASE):
        first, second = second, first
    elif not re.search(r"\b(?:cog)?nome\b", before + between, re.IGNORECASE) and between.strip(" ,;"):
        return None
    return f"{first} {second}"


def _with_particle(tracker: Tracker, marked: str) -> str:
    """`D'Amico Giovanni`: an answer that begins with a particle which was not marked; not `la Mariuccia`."""
    whole = text(tracker).strip(" .,;:!")
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
