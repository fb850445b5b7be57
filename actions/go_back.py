"""«Indietro»: the question before this one is asked again."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.flow import FIELDS, active_form, clear, go_to, reopen

# Field before the one that a form asks for; the last answered comes first.
ORDER = ["privacy_notice", "password", "contact", "company_name", "name", "customer_type"]


class GoBack(Action):
    """Clears the last answer of the registration form; from a later form, back to the data as they were typed."""

    def name(self) -> str:
        return "action_go_back"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        form = active_form(tracker)
        if form == "registration_form":
            answered = next((field for field in ORDER if _is_answered(tracker, field)), None)
            if answered is None:
                dispatcher.utter_message(response="utter_cannot_go_back")
                return []
            dispatcher.utter_message(response="utter_gone_back")
            return reopen(tracker, answered)
        if form in {"verification_form", "identification_form", "contact_choice_form"}:
            dispatcher.utter_message(response="utter_gone_back")
            return [*clear("recheck"), *go_to("recheck_form")]
        dispatcher.utter_message(response="utter_cannot_go_back" if form else "utter_what_now")
        return []


def _is_answered(tracker: Tracker, field: str) -> bool:
    return tracker.get_slot(FIELDS.get(field, [field])[0]) is not None
