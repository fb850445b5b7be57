"""Asks for the contact, or whether a mistyped address should be corrected (manual 4a)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict


class AskContact(Action):
    """`utter_ask_contact`, or `utter_suggest_contact` while a suggestion waits for its answer."""

    def name(self) -> str:
        return "action_ask_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        suggested = tracker.get_slot("suggested_contact")
        dispatcher.utter_message(response="utter_suggest_contact" if suggested else "utter_ask_contact")
        return []
