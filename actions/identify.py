"""Looks the customer up by codice fiscale or partita IVA (manual 2c 3c 6c)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import desk, identity
from actions.flow import LOST, clear, go_to, hand_over, registration_lost, stop_at


class Identify(Action):
    """Contacts to choose from, another try, or a person."""

    def name(self) -> str:
        return "action_identify"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        path = f"/v1/registrations/{tracker.get_slot('registration_id')}/identification"
        try:
            found = await identity.post(path, {"tax_code_reference": tracker.get_slot("tax_code")}, tracker)
        except identity.IdentityRefused as refused:
            if refused.code in LOST:
                return registration_lost(dispatcher)
            if refused.code != "tax_code_reference_invalid":
                raise identity.IdentityUnavailable(refused.code) from None
            return [*clear("tax_code"), *go_to("identification_form")]
        if found["outcome"] == "identified":
            contacts = SlotSet("contacts_on_file", found["contacts"])
            return [contacts, *clear("tax_code", "chosen_contact"), *go_to("contact_choice_form")]
        if found["outcome"] == "not_identified":
            dispatcher.utter_message(response="utter_not_identified")
            return [*clear("tax_code"), *go_to("identification_form")]
        if desk.is_there():
            return [*clear("tax_code"), *hand_over(dispatcher, "utter_handover_not_recognised", "recheck")]
        dispatcher.utter_message(response="utter_not_recognised_at_all")  # manual 6c
        return [*clear("tax_code"), *stop_at("handover")]
