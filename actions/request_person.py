"""«Voglio parlare con una persona» (manual 6c 10a)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import desk
from actions.flow import active_form, stop_at
from actions.forms.base import OFFER_PERSON_EVERY
from actions.message import entity


class RequestPerson(Action):
    """Has a person go on, where there is a desk; else says who can help and stops. What was collected is kept."""

    def name(self) -> str:
        return "action_request_person"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        if desk.is_there():  # the form stays where it is, for when the conversation comes back
            offered = int(tracker.get_slot("misunderstood_times") or 0) >= OFFER_PERSON_EVERY
            reason = entity(tracker, "handover_reason") or ("not_understood" if offered else "requested")
            dispatcher.utter_message(response=desk.WORDS.get(reason, desk.WORDS["requested"]))
            return [SlotSet("misunderstood_times", None)]
        dispatcher.utter_message(response="utter_person")
        return [*stop_at("handover"), SlotSet("paused_form", active_form(tracker) or tracker.get_slot("paused_form"))]
