"""«Posso usare un altro recapito?» (manual 5c): only consultant or agency can put one on file."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import desk


class DifferentContact(Action):
    """The manual's answer; with a desk, a button that leads to a person too."""

    def name(self) -> str:
        return "action_different_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        answer = "utter_different_contact_person" if desk.is_there() else "utter_faq_different_contact"
        dispatcher.utter_message(response=answer)
        return []
