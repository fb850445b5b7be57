"""The data are right as they are, and yet not recognised: the tax code is asked for (manual 2c)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.flow import clear, go_to


class ConfirmData(Action):
    """On to the identification form."""

    def name(self) -> str:
        return "action_confirm_data"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        return [*clear("recheck", "tax_code"), *go_to("identification_form")]
