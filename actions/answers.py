"""What a message answers: the facts in it, raw, for the slots of the forms (no judgement on their correctness)."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker

from actions.dictation import written
from areaclienti.domain.companies import canonical_company, clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected

# Messages that may answer a question; all other intents steer the conversation or ask something and have a rule of
# their own (data/rules), so forms leave them alone.
ANSWER_INTENTS = {
    "give_customer_type",
    "give_name",
    "give_company_name",
    "give_contact",
    "give_data",
    "give_secret",
    "acknowledge_privacy",
    "affirm",
    "deny",
    "choose_contact",
    "confirm_data",
    "out_of_scope",
    "nlu_fallback",
}
_UNSURE_INTENTS = {"out_of_scope", "nlu_fallback"}
_SURELY_NO_CONTACT = {"mobile_foreign", "landline"}
_SURELY_ELSEWHERE = 0.8  # confidence from which an out-of-scope text is no name

_LEAD_IN = re.compile(
    r"^(?:(?:ciao|salve|buongiorno|buonasera|si|sì|ok|allora|ecco)\b[\s,.!]*)*"
    r"(?:(?:io\s+)?(?:sono|mi\s+chiamo|il\s+mio\s+nome\s+(?:è|e'|e)|nome\s*(?:e\s+cognome)?\s*:?|cognome\s*:?|"
    r"(?:l')?(?:azienda|ditta|impresa|società|societa)\s+(?:è|e'|e|si\s+chiama)|(?:la|il)\s+(?:mia\s+)?"
    r"(?:azienda|ditta|impresa|società|societa|cognome|nome)\s+(?:è|e'|e|si\s+chiama)|"
    r"ragione\s+sociale\s*:?|si\s+chiama|è|e')\s+)?",
    re.IGNORECASE,
)

_COURTESY = re.compile(
    r"[\s,.!]*\b(?:grazie(?:\s+mille)?|per\s+(?:favore|cortesia|piacere)|prego|saluti|buongiorno|buonasera)[\s.!]*$",
    re.IGNORECASE,
)
_FAMILY_NAME_NEXT = re.compile(r"\bcognome\W*(?:è|e')?\W*$", re.IGNORECASE)
_LONGEST_BARE = 7  # words
_INSIDE_NAMES = frozenset(["di", "e", "da", "del", "della", "dei", "la", "il", "lo", "al", "alla", "&"])
_PARTICLES = re.compile(r"(?:(?:d['’]|de|di|del|della|dei|da|la|lo|li|il|le|i|gli|l['’]|san|santa)\s*)+", re.IGNORECASE)
# Words that introduce a name and are no part of it.
_ANNOUNCING = frozenset(
    [
        *("sono", "mi", "chiamo", "chiama", "si", "è", "e", "nome", "cognome", "nominativo", "io", "siamo", "noi"),
        *("la", "il", "lo", "l'", "ditta", "società", "societa", "azienda", "impresa", "attività", "ragione"),
        *("sociale", "denominazione", "della", "del", "di", "a", "intestata", "intestato", "signor", "signora"),
        *("sig", "sig.ra", "dott", "dottor", "dottoressa", "avv", "ing", "grazie", "ciao", "buongiorno"),
        *("buonasera", "salve", "ok", "sì", "no", "mio", "mia", "nostra", "nostro", "per", "conto", "non", "ma"),
        *("con", "in", "scrivi", "metti", "registra", "come", "persona", "privato", "privata", "cliente", "nata"),
        *("nato", "detto", "detta", "vedova", "sulla", "polizza", "uhm", "ehm", "allora", "dunque", "piacere"),
        *(
            "presente",
            "segna",
            "scriva",
            "pure",
            "qui",
            "parla",
            "eccolo",
            "eccomi",
            "dica",
            "senta",
            "son",
            "sn",
            "tutto",
        ),
        *(
            "cognome",
            "maiuscolo",
            "accento",
            "doppia",
            "lavoro",
            "scrivo",
            "dalla",
            "alla",
            "sarebbe",
            "che",
            "ha",
            "ho",
        ),
        *(
            "attaccato",
            "senza",
            "esatto",
            "confermo",
            "bene",
            "va",
            "intestatario",
            "rappresento",
            "risultiamo",
            "visura",
            "era",
            "gestisco",
            "certo",
            "titolare",
            "prego",
            "anni",
            "da",
        ),
    ]
)


def intent(tracker: Tracker) -> str:
    """The intent of the latest message."""
    return str((tracker.latest_message.get("intent") or {}).get("name"))


def entity(tracker: Tracker, name: str) -> str | None:
    """The longest value of an entity in the latest message."""
    values = [str(value) for value in tracker.get_latest_entity_values(name) if value]
    return max(values, key=len, default=None)


def text(tracker: Tracker) -> str:
    """The latest message as typed; empty for a button, a field or a secret."""
    return str(tracker.latest_message.get("text") or "").strip()


def is_answer(tracker: Tracker) -> bool:
    """Whether a form may read the latest message."""
    return intent(tracker) in ANSWER_INTENTS


def person(tracker: Tracker, requested: bool) -> str | None:
    """A person's name, given name first where the message says which is which; the whole text where it is an answer."""
    marked = _joined_names(tracker) or entity(tracker, "person")
    if marked is None and requested and (company_name := entity(tracker, "company")):
        marked = None if canonical_company(company_name).legal_form else company_name
    return _named(tracker, marked, requested)


def company(tracker: Tracker, requested: bool) -> str | None:
    """A company's name: what the NLU marked, or the whole text where it was asked for."""
    marked = entity(tracker, "company")
    if marked is None and requested and (name := entity(tracker, "person")):
        whole = _bare(text(tracker))
        marked = name if _ANNOUNCING & _words(whole) or not _may_be_name(tracker) else whole
    named = _named(tracker, marked, requested)
    if named is None or not (requested or _is_company(named)):
        return None  # what was not asked for is not argued about
    return _with_last_dot(named, text(tracker))


def contact(tracker: Tracker, requested: bool) -> str | None:
    """A contact: one that can be read in the text, also dictated, else what was typed where a contact was asked for."""
    typed = text(tracker)
    if not typed:
        return entity(tracker, "contact")  # a button
    try:
        parse_contact(typed)
        return typed
    except ContactRejected as rejected:
        if rejected.reason in _SURELY_NO_CONTACT:
            return typed  # a part that the NLU marked could be somebody else's number
    if marked := entity(tracker, "contact"):
        return written(marked)
    looks_meant = intent(tracker) in {"give_contact", "give_data", "give_name"}
    return typed if requested and (looks_meant or (_is_unsure(tracker) and _has_digit_or_at(typed))) else None


def customer_type(tracker: Tracker) -> str | None:
    """`persona` or `azienda`, where the message says so."""
    value = (entity(tracker, "customer_type") or "").lower()
    if value in {"persona", "azienda"}:
        return value
    company_name = entity(tracker, "company")
    return "azienda" if company_name and _is_company(company_name) else None


def picked_contact(tracker: Tracker, contacts: list[dict[str, Any]]) -> str | None:
    """The id of the contact on file that a button or a text names: by its id, its last digits, its kind, its place."""
    if chosen := entity(tracker, "chosen_contact"):
        return chosen if chosen in {contact["id"] for contact in contacts} else None
    typed = text(tracker).lower()
    for names in (_by_ending(typed, contacts), _by_kind(typed, contacts), _by_place(typed, contacts)):
        if len(names) == 1:
            return names[0]
    return None


def _by_ending(typed: str, contacts: list[dict[str, Any]]) -> list[str]:
    digits = re.findall(r"\d{2,}", typed)
    return [contact["id"] for contact in contacts for run in digits if contact["masked"].replace(" ", "").endswith(run)]


def _by_kind(typed: str, contacts: list[dict[str, Any]]) -> list[str]:
    mail, mobile = re.search(r"\be?-?mail\b|\bposta\b", typed), re.search(r"\bcell|\bsms\b|\bnumero\b|\btelefon", typed)
    kind = "email" if mail and not mobile else "mobile" if mobile and not mail else None
    return [contact["id"] for contact in contacts if contact["kind"] == kind]


def _by_place(typed: str, contacts: list[dict[str, Any]]) -> list[str]:
    stems = ("prim", "second", "terz", "quart", "quint")
    places = [index for index, stem in enumerate(stems) if re.search(rf"\b{stem}[oa]\b|^{index + 1}$", typed)]
    if re.search(r"\bultim[oa]\b", typed):
        places.append(len(contacts) - 1)
    return [contacts[place]["id"] for place in places if place < len(contacts)]


def _named(tracker: Tracker, marked: str | None, requested: bool) -> str | None:
    """The marked name, or the whole of a bare answer that holds it or in which nothing was marked."""
    if not requested or not _may_be_name(tracker):
        return marked
    whole = _bare(text(tracker))
    if marked is None:
        return None if _elsewhere(tracker) else whole or None
    is_answer_alone = whole == text(tracker).strip(" .,;:!")
    return whole if is_answer_alone and _is_cut_short(whole, marked) else marked


def _may_be_name(tracker: Tracker) -> bool:
    return _is_unsure(tracker) or intent(tracker) in {"give_name", "give_company_name"}


def _is_unsure(tracker: Tracker) -> bool:
    return intent(tracker) in _UNSURE_INTENTS


def _elsewhere(tracker: Tracker) -> bool:
    found = tracker.latest_message.get("intent") or {}
    return found.get("name") == "out_of_scope" and float(found.get("confidence") or 0) >= _SURELY_ELSEWHERE


def _joined_names(tracker: Tracker) -> str | None:
    """`cognome Rossi nome Mario`: two marked names, put in order by the words before them."""
    typed = text(tracker)
    found = [one for one in tracker.latest_message.get("entities") or [] if one.get("entity") == "person"]
    if len(found) != 2 or any("start" not in one for one in found):
        return None
    first, second = sorted(found, key=lambda one: int(one["start"]))
    before, between = typed[: first["start"]], typed[first["end"] : second["start"]]
    if _FAMILY_NAME_NEXT.search(before) or re.match(r"\W*(?:è\s+)?(?:il\s+)?cognome\b(?!\W*$)", between, re.IGNORECASE):
        first, second = second, first
    elif not re.search(r"\b(?:cog)?nome\b", before + between, re.IGNORECASE) and between.strip(" ,;"):
        return None
    return f"{first['value']} {second['value']}"


def _is_cut_short(whole: str, marked: str) -> bool:
    """Whether a bare answer is one name of which only a part was marked: `La Spiga`, `D'Amico Giovanni`."""
    before, found, after = whole.partition(marked)
    if not found or re.search(r"[,;:@?]", before + after):
        return False
    if not after.strip() and _PARTICLES.fullmatch(before):
        return True
    if re.match(r"\s+(?:di|da|a|in|con|e|non)\b", after, re.IGNORECASE):
        return False  # `Rossi srl di Ancona`
    rest = re.findall(r"[^\W\d_][\w.'’-]*", before + after)
    likely = 0 < len(rest) <= len(marked.split()) and len(whole.split()) <= _LONGEST_BARE
    return likely and not _words(before + after) & (_ANNOUNCING - _INSIDE_NAMES)


def _words(typed: str) -> set[str]:
    return {word.casefold().strip(".'") for word in typed.split()}


def _bare(typed: str) -> str:
    """Without what people write before and after a name."""
    return _COURTESY.sub("", _LEAD_IN.sub("", typed).strip(" .,;:!")).strip(" ,;:!")


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


def _has_digit_or_at(typed: str) -> bool:
    return "@" in typed or any(char.isdigit() for char in typed)
