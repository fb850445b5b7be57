"""«Voglio parlare con una persona» (manual 6c 10a)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.flow import active_form, stop_at


class RequestPerson(Action):
    """Says who can help and stops at `handover`; what was collected is kept."""

    def name(self) -> str:
        return "action_request_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        dispatcher.utter_message(response="utter_person")
        return [*stop_at("handover"), SlotSet("paused_form", active_form(tracker) or tracker.get_slot("paused_form"))]
