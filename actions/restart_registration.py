"""«Ricomincia»: everything is forgotten and the first question asked."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import AllSlotsReset, EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.flow import go_to


class RestartRegistration(Action):
    """A new registration from customer type on."""

    def name(self) -> str:
        return "action_restart_registration"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        dispatcher.utter_message(response="utter_restarted")
        return [AllSlotsReset(), *go_to("registration_form")]
