"""«Riprendiamo» or «Registrati»: goes on where the registration stands, or begins one."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.flow import active_form, go_to


class Resume(Action):
    """The active form asks again, the interrupted one is taken up, else the registration begins."""

    def name(self) -> str:
        return "action_resume"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        if tracker.get_slot("stage") == "done":
            dispatcher.utter_message(response="utter_already_done")
            return []
        if active_form(tracker):
            wants_to_begin = answers.intent(tracker) == "register"
            dispatcher.utter_message(response="utter_gladly" if wants_to_begin else "utter_resumed")
            return []
        paused = tracker.get_slot("paused_form")
        dispatcher.utter_message(response="utter_resumed" if paused else "utter_greet")
        return go_to(paused or "registration_form")
