"""A message without a meaning where no form is active: says what can be done here."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers


class NotUnderstood(Action):
    """A yes after an interruption resumes it; all else gets the two things that the assistant can do."""

    def name(self) -> str:
        return "action_not_understood"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        if tracker.get_slot("stage") == "done":
            dispatcher.utter_message(response="utter_already_done")
            return []
        if answers.intent(tracker) == "out_of_scope":
            dispatcher.utter_message(response="utter_out_of_scope")
        dispatcher.utter_message(response="utter_what_now")
        return []
