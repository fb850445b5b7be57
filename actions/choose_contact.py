"""Sends the code to the contact on file that was chosen (manual 3c 4c)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import identity
from actions.flow import LOST, clear, code_sent, go_to, limit_reached, registration_lost


class ChooseContact(Action):
    """On to the verification form, or to a person when no code may be sent."""

    def name(self) -> str:
        return "action_choose_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        path = f"/v1/registrations/{tracker.get_slot('registration_id')}/chosen-contact"
        try:
            match = await identity.post(path, {"contact_id": tracker.get_slot("chosen_contact")}, tracker)
        except identity.IdentityRefused as refused:
            if refused.code in LOST:
                return registration_lost(dispatcher)
            if refused.code != "unknown_contact":
                raise identity.IdentityUnavailable(refused.code) from None
            return [*clear("chosen_contact"), *go_to("contact_choice_form")]
        if match["outcome"] == "code_sent":
            return [*clear("chosen_contact"), *code_sent(match["challenge"], dispatcher)]
        return [*clear("chosen_contact"), *limit_reached(dispatcher, "choose_contact")]
