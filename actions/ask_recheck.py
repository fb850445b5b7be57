"""Shows what was typed, field by field, each with a way to correct it (manual 1c)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict


class AskRecheck(Action):
    """The summary of a person or of a company."""

    def name(self) -> str:
        return "action_ask_recheck"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        company = tracker.get_slot("customer_type") == "azienda"
        dispatcher.utter_message(response="utter_ask_recheck_company" if company else "utter_ask_recheck_person")
        return []
