"""Asks for the contact: the number that the customer writes from, a mistyped address corrected, or any (manual 4a)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import own_number


class AskContact(Action):
    """A suggestion that waits comes first, then the number that the customer writes from, where it is to be offered."""

    def name(self) -> str:
        return "action_ask_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        if tracker.get_slot("suggested_contact"):
            dispatcher.utter_message(response="utter_suggest_contact")
        elif shown := own_number.masked(tracker):
            question = "utter_offer_own_mobile" if own_number.is_offered(tracker) else "utter_ask_contact_anew"
            dispatcher.utter_message(response=question, own_mobile_masked=shown)
        else:
            dispatcher.utter_message(response="utter_ask_contact")
        return []
