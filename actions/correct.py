"""«Ho sbagliato il cognome»: one field is changed, everything else stays (manual 1c)."""

from __future__ import annotations

import re

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.flow import FIELDS, active_form, go_to, reopen
from actions.naming import corrected
from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, PersonName, clean_name, split_full_name, with_part_corrected

# A short «ho sbagliato la mail» is too little context for the NLU to mark the field.
_WORDS = {
    "contact": re.compile(
        r"\b(?:(?:e-?)?mail|posta|cellulare|telefono|recapito|contatto|nome\s+utente)\b", re.IGNORECASE
    ),
    "company_name": re.compile(r"\bragione\s+sociale\b", re.I),
    "name": re.compile(r"\b(?:cognome|nome(?!\s+utente))\b", re.I),
}

# The slot that shows a field's present value.
SHOWN = {
    "name": "customer_name",
    "family_name": "family_name",
    "company_name": "company_name",
    "contact": "contact_display",
}


class Correct(Action):
    """Clears the field, fills it when the new value came with it, and lets the registration form ask for the rest."""

    def name(self) -> str:
        return "action_correct"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        field = _field(tracker)
        if field is None:
            form = active_form(tracker)
            if form != "recheck_form":  # that form's own question offers the fields
                company = tracker.get_slot("customer_type") == "azienda"
                question = "utter_which_field_company" if company else "utter_which_field_person"
                dispatcher.utter_message(response=question)
            return [FollowupAction(form)] if form else []
        events = reopen(tracker, field)
        if given := _new_value(tracker, field):
            shown = given.get("customer_name") or given.get("contact_display") or next(iter(given.values()))
            changed = any(tracker.get_slot(slot) != value for slot, value in given.items())
            dispatcher.utter_message(response="utter_corrected" if changed else "utter_unchanged", corrected=shown)
            events = [*events, *(SlotSet(slot, value) for slot, value in given.items())]
        elif old := tracker.get_slot(SHOWN.get(field, "")):
            dispatcher.utter_message(response="utter_correcting", old=old)
        if active_form(tracker) == "registration_form":
            return [*events, FollowupAction("registration_form")]
        return [*events, *go_to("registration_form")]


def _field(tracker: Tracker) -> str | None:
    """The field that is meant: named, or told by the kind of the new value."""
    named = answers.entity(tracker, "field") or _spoken_of(answers.text(tracker))
    if named == "name" and tracker.get_slot("customer_type") == "azienda":
        return "company_name"
    if named == "name" and _only_family_name(tracker):
        return "family_name"
    if named in FIELDS:
        return named
    if answers.contact(tracker, requested=False):
        return "contact"
    is_company = tracker.get_slot("customer_type") == "azienda"
    if answers.entity(tracker, "company" if is_company else "person"):
        return "company_name" if is_company else "name"
    return "customer_type" if answers.customer_type(tracker) else _asked_for(tracker)


def _asked_for(tracker: Tracker) -> str | None:
    """`Neri srl, anzi Neri Due srl` where the name is being asked for: nothing else stood there that could be wrong."""
    requested = {"company_name": "company", "given_name": "person", "family_name": "person"}
    slot = str(tracker.get_slot("requested_slot"))
    kind = requested.get(slot)
    if not kind or not corrected(tracker, kind):
        return None
    return "company_name" if kind == "company" else "name"


def _spoken_of(text: str) -> str | None:
    """The one field whose word stands in the text; None when there is none, or more than one."""
    fields = [field for field, word in _WORDS.items() if word.search(text)]
    return fields[0] if len(fields) == 1 else None


def _new_value(tracker: Tracker, field: str) -> dict[str, str] | None:
    """The corrected value where the message has one that can be used as it is; otherwise the form asks for it."""
    try:
        if field in {"name", "family_name"} and (name := corrected(tracker, "person")):
            return _new_name(tracker, name)
        if field == "company_name" and (company := corrected(tracker, "company")):
            cleaned = clean_company(company)
            return {"company_name": cleaned, "customer_name": cleaned}
        if field == "customer_type" and (kind := answers.customer_type(tracker)):
            return {"customer_type": kind}
        if field == "contact" and (contact := answers.contact(tracker, requested=False)):
            parsed = parse_contact(contact)
            return {"contact": parsed.value, "contact_display": parsed.display}
    except (NameRejected, ContactRejected):
        return None
    return None


def _new_name(tracker: Tracker, name: str) -> dict[str, str]:
    given, family = tracker.get_slot("given_name"), tracker.get_slot("family_name")
    if whole := split_full_name(name):
        given, family = clean_name(whole.given), clean_name(whole.family)
    elif _only_family_name(tracker):
        family = clean_name(name)
    elif given and family:
        given, family = with_part_corrected(PersonName(given, family), name)
    else:
        given = clean_name(name)
    known = {"given_name": given, "family_name": family}
    if given and family:
        known["customer_name"] = f"{given} {family}"
    return {slot: value for slot, value in known.items() if value}


def _only_family_name(tracker: Tracker) -> bool:
    """«Ho sbagliato il cognome», but not «nome e cognome»."""
    said = answers.text(tracker).lower()
    return "cognome" in said and not re.search(r"(?<!cog)nome", said)
