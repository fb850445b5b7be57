"""The registration form: customer type, name or company, contact, password reference, privacy notice (manual 2a-5b)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers, own_number
from actions.changes import changed_fields
from actions.forms.base import Form
from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact, suggest_email
from areaclienti.domain.names import (
    NameRejected,
    PersonName,
    canonical_name,
    clean_name,
    split_full_name,
    with_part_corrected,
)

ENDS = ["contact", "password", "privacy_notice"]
NAME_SLOTS = {"given_name", "family_name"}
CORRECTABLE = {"customer_type", "given_name", "family_name", "company_name", "contact"}
GIVING = {"give_name", "give_company_name", "give_contact", "give_data"}
TOO_LONG = "too_long"


class ValidateRegistrationForm(Form):
    """Takes every fact of a message, whichever was asked for; a value that is there is changed only by a correction."""

    def name(self) -> str:
        return "validate_registration_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        kind = tracker.get_slot("customer_type")
        if kind == "persona":
            return ["customer_type", "given_name", "family_name", *ENDS]
        if kind == "azienda":
            return ["customer_type", "company_name", *ENDS]
        return domain_slots

    def is_answer(self, tracker: Tracker) -> bool:
        if self.requested(tracker) == "contact" and own_number.said(tracker, asked=True):
            return True
        return super().is_answer(tracker) and not self._is_new_value(tracker)

    def _is_new_value(self, tracker: Tracker) -> bool:
        """Whether the message gives anew what is known, and nothing else («anzi, la ditta è …»): a correction."""
        requested = self.requested(tracker)
        giving = requested is not None and answers.intent(tracker) in GIVING
        return giving and bool(changed_fields(tracker)) and not self.read(tracker, requested)

    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if kind := answers.customer_type(tracker):
            found["customer_type"] = kind
        for_company = requested == "company_name" or (found.get("customer_type") == "azienda" and requested is None)
        if (name := answers.person(tracker, requested in NAME_SLOTS)) and not for_company:
            found["family_name" if requested == "family_name" else "given_name"] = name
        if company := answers.company(tracker, for_company and requested is not None):
            found["company_name"] = company
        if contact := answers.contact(tracker, requested == "contact"):
            found["contact"] = contact
        if reference := answers.entity(tracker, "password"):
            found["password"] = reference
        found |= self._short_answers(tracker, requested)
        return {slot: value for slot, value in found.items() if slot == requested or tracker.get_slot(slot) is None}

    def _short_answers(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        """A yes or no has the meaning of the question it answers."""
        said = answers.intent(tracker)
        if requested == "privacy_notice" and said in {"acknowledge_privacy", "affirm", "deny"}:
            return {"privacy_notice": said != "deny"}
        replaced = tracker.get_slot("replaced") or {}
        if said == "affirm" and requested in replaced and not tracker.get_slot("suggested_contact"):
            return {slot: value for slot, value in replaced.items() if slot in CORRECTABLE}
        suggested = tracker.get_slot("suggested_contact")
        if requested == "contact" and own_number.is_offered(tracker):
            if said == "deny" or own_number.said(tracker, asked=True) == own_number.OTHER:
                return {"contact": own_number.OTHER}
            return {"contact": own_number.known(tracker)} if said == "affirm" else {}
        if requested == "contact" and suggested and said in {"affirm", "deny"}:
            return {"contact": suggested if said == "affirm" else tracker.get_slot("typed_contact")}
        return {}

    def validate_customer_type(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, customer_type=value) if value else {"customer_type": None}

    def validate_given_name(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if not value or tracker.get_slot("family_name"):
            return {"given_name": value or None}  # asked for and not understood, or checked again
        try:
            if whole := split_full_name(str(value)) or self._corrected_part(tracker, str(value)):
                given, family = clean_name(whole.given), clean_name(whole.family)
                named = self._noted(dispatcher, tracker, "customer_name", f"{given} {family}")
                return self.accepted(tracker, given_name=given, family_name=family, replaced=None, **named)
            return self.accepted(tracker, given_name=clean_name(str(value)))
        except NameRejected as rejected:
            return self._name_rejected(dispatcher, tracker, "given_name", rejected)

    def _corrected_part(self, tracker: Tracker, part: str) -> PersonName | None:
        """«Ho sbagliato il nome», then one word: the other part of the name that stood there is kept.

        None where the word is the given name as it was: then the customer is writing the whole name again.
        """
        replaced = tracker.get_slot("replaced") or {}
        given, family = replaced.get("given_name"), replaced.get("family_name")
        if not given or not family or canonical_name(part) == canonical_name(given):
            return None
        return with_part_corrected(PersonName(given, family), part)

    def validate_family_name(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if not value:
            return {"family_name": None}
        given = tracker.get_slot("given_name")
        whole = split_full_name(str(value)) if self.requested(tracker) == "family_name" else None
        if whole and given and whole.given.casefold() == str(given).casefold():
            value = whole.family  # asked for the surname only, wrote the whole name again
        try:
            family = clean_name(str(value))
        except NameRejected as rejected:
            return self._name_rejected(dispatcher, tracker, "family_name", rejected)
        named = self._noted(dispatcher, tracker, "customer_name", f"{given} {family}") if given else {}
        return self.accepted(tracker, family_name=family, **named)

    def _name_rejected(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, slot: str, rejected: NameRejected
    ) -> dict[str, Any]:
        utterance = "utter_name_too_long" if rejected.reason == TOO_LONG else "utter_name_not_clear"
        return self.rejected(dispatcher, tracker, slot, utterance)

    def validate_company_name(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if not value:
            return {"company_name": None}
        try:
            company = clean_company(str(value))
        except NameRejected as rejected:
            utterance = "utter_company_name_too_long" if rejected.reason == TOO_LONG else "utter_company_name_not_clear"
            return self.rejected(dispatcher, tracker, "company_name", utterance)
        return self.accepted(
            tracker, company_name=company, **self._noted(dispatcher, tracker, "customer_name", company)
        )

    def validate_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if not value:
            return {"contact": None}
        if value == own_number.OTHER:
            return self.accepted(tracker, contact=None, own_mobile_declined=True)
        try:
            contact = parse_contact(str(value))
        except ContactRejected as rejected:
            address = next((word for word in str(value).split() if "@" in word), "")
            unasked = address != tracker.get_slot("typed_contact")
            if rejected.reason == "email_invalid" and unasked and (suggestion := suggest_email(address)):
                return {"contact": None, "typed_contact": address, "suggested_contact": suggestion}
            unclear = rejected.reason in {"empty", "not_a_contact"}
            utterance = f"utter_contact_{'not_clear' if unclear else rejected.reason}"
            return self.rejected(dispatcher, tracker, "contact", utterance)
        settled = contact.value in {tracker.get_slot("typed_contact"), tracker.get_slot("suggested_contact")}
        if contact.kind == "email" and not settled and (suggestion := suggest_email(contact.value)):
            if self.requested(tracker) != "contact":
                dispatcher.utter_message(response="utter_contact_later", typed_contact=contact.value)
            return {"contact": None, "typed_contact": contact.value, "suggested_contact": suggestion}
        shown = self._noted(dispatcher, tracker, "contact_display", contact.display)
        return self.accepted(tracker, contact=contact.value, **shown)

    def _noted(self, dispatcher: CollectingDispatcher, tracker: Tracker, slot: str, value: str) -> dict[str, Any]:
        """Reads back what was understood, once: a value that is only checked again is not news."""
        if tracker.get_slot(slot) != value:
            utterance = "utter_noted_contact" if slot == "contact_display" else "utter_noted_name"
            dispatcher.utter_message(response=utterance, **{slot: value})
        return {slot: value}

    def validate_password(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, password=value) if value else {"password": None}

    def validate_privacy_notice(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if value is False:
            return self.rejected(dispatcher, tracker, "privacy_notice", "utter_privacy_needed")
        return self.accepted(tracker, privacy_notice=True) if value else {"privacy_notice": None}
