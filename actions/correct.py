"""«Ho sbagliato il cognome»: one field is changed, everything else stays (manual 1c)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.flow import FIELDS, active_form, clear, go_to
from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, clean_name, split_full_name


class Correct(Action):
    """Clears the field, fills it when the new value came with it, and lets the registration form ask for the rest."""

    def name(self) -> str:
        return "action_correct"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        field = _field(tracker)
        if field is None:
            company = tracker.get_slot("customer_type") == "azienda"
            dispatcher.utter_message(response="utter_which_field_company" if company else "utter_which_field_person")
            return []
        events = clear(*FIELDS[field])
        if given := _new_value(tracker, field):
            dispatcher.utter_message(response="utter_corrected")
            events = [*events, *(SlotSet(slot, value) for slot, value in given.items())]
        if active_form(tracker) == "registration_form":
            return events
        return [*events, *go_to("registration_form")]


def _field(tracker: Tracker) -> str | None:
    """The field that is meant: named, or told by the kind of the new value."""
    named = answers.entity(tracker, "field")
    if named == "name" and tracker.get_slot("customer_type") == "azienda":
        return "company_name"
    if named in FIELDS:
        return named
    if answers.entity(tracker, "contact"):
        return "contact"
    if answers.entity(tracker, "company"):
        return "company_name"
    return "name" if answers.entity(tracker, "person") else None


def _new_value(tracker: Tracker, field: str) -> dict[str, str] | None:
    """The corrected value where the message has one that can be used as it is; otherwise the form asks for it."""
    try:
        if field == "name" and (name := answers.entity(tracker, "person")):
            return _new_name(tracker, name)
        if field == "company_name" and (company := answers.entity(tracker, "company")):
            cleaned = clean_company(company)
            return {"company_name": cleaned, "customer_name": cleaned}
        if field == "contact" and (contact := answers.entity(tracker, "contact")):
            parsed = parse_contact(contact)
            return {"contact": parsed.value, "contact_display": parsed.display}
    except (NameRejected, ContactRejected):
        return None
    return None


def _new_name(tracker: Tracker, name: str) -> dict[str, str] | None:
    if whole := split_full_name(name):
        given, family = clean_name(whole.given), clean_name(whole.family)
    elif "cognome" in answers.text(tracker).lower():
        given, family = tracker.get_slot("given_name"), clean_name(name)
    else:
        given, family = clean_name(name), tracker.get_slot("family_name")
    if not given or not family:
        return None
    return {"given_name": given, "family_name": family, "customer_name": f"{given} {family}"}
