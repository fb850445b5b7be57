"""«Riprendiamo da dove eravamo»: greets who comes back and says what is kept; the form asks its question again."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict


class WelcomeBack(Action):
    """Nothing that was confirmed is asked again."""

    def name(self) -> str:
        return "action_welcome_back"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        dispatcher.utter_message(response="utter_welcome_back")
        kept = [tracker.get_slot(slot) for slot in ("customer_name", "contact_display")]
        if any(kept):
            dispatcher.utter_message(response="utter_kept", kept=", ".join(value for value in kept if value))
        return []
