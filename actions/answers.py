"""What a message answers: the facts in it, raw, for the slots of the forms (no judgement on their correctness)."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker

from actions import own_number
from actions.message import UNSURE_INTENTS, entity, intent, text
from actions.naming import company, is_name, person
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.dictation import written

__all__ = [
    "ANSWER_INTENTS",
    "company",
    "contact",
    "customer_type",
    "entity",
    "intent",
    "is_answer",
    "person",
    "picked_contact",
    "text",
]

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
_SURELY_NO_CONTACT = {"mobile_foreign", "landline"}
# Slots of a name -> what the NLU calls it.
_NAME_SLOTS = {"given_name": "person", "family_name": "person", "company_name": "company"}


def is_answer(tracker: Tracker, requested: str | None = None) -> bool:
    """Whether a form may read the latest message, at the step where it has requested a slot."""
    if intent(tracker) in ANSWER_INTENTS:
        return True
    return requested in _NAME_SLOTS and is_name(tracker, _NAME_SLOTS[requested])


def contact(tracker: Tracker, requested: bool) -> str | None:
    """A contact: one that can be read in the text, also dictated, else what was typed where a contact was asked for."""
    typed = text(tracker)
    if not typed:
        return own_number.meant(tracker, entity(tracker, "contact"))  # a button
    if own_number.said(tracker, requested) == own_number.THIS:
        return own_number.known(tracker)
    try:
        parse_contact(typed)
        return typed
    except ContactRejected as rejected:
        if rejected.reason in _SURELY_NO_CONTACT:
            return typed  # a part that the NLU marked could be somebody else's number
    if marked := entity(tracker, "contact"):
        return written(marked)
    looks_meant = intent(tracker) in {"give_contact", "give_data", "give_name"}
    looks_meant |= intent(tracker) in UNSURE_INTENTS and _has_digit_or_at(typed)
    return typed if requested and looks_meant else None


def customer_type(tracker: Tracker) -> str | None:
    """`persona` or `azienda`, where the message says so."""
    value = (entity(tracker, "customer_type") or "").lower()
    if value in {"persona", "azienda"}:
        return value
    return "azienda" if company(tracker, requested=False) else None


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


def _has_digit_or_at(typed: str) -> bool:
    return "@" in typed or any(char.isdigit() for char in typed)
