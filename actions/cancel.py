"""«Annulla»: the registration stops; nothing was created and it can go on later."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.flow import active_form, stop_at


class Cancel(Action):
    """Leaves the form and remembers it, so that a change of mind loses nothing."""

    def name(self) -> str:
        return "action_cancel"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        form = active_form(tracker)
        if form is None:
            dispatcher.utter_message(response="utter_nothing_to_cancel")
            return []
        dispatcher.utter_message(response="utter_cancelled")
        return [*stop_at("idle"), SlotSet("paused_form", form)]
