"""Shows the masked contacts on file as choices (manual 3c)."""

from __future__ import annotations

import json

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import desk


class AskChosenContact(Action):
    """One choice a contact, by its opaque id, and the way to a person where there is a desk."""

    def name(self) -> str:
        return "action_ask_chosen_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        buttons = [
            {
                "title": contact["masked"],
                "payload": f"/choose_contact{json.dumps({'chosen_contact': contact['id']})}",
            }
            for contact in tracker.get_slot("contacts_on_file") or []
        ]
        if desk.is_there():  # a person registers another one (manual 5c); a button of an earlier answer would be closed
            buttons += domain["responses"]["utter_different_contact_person"][0]["buttons"]
        dispatcher.utter_message(response="utter_ask_chosen_contact", buttons=buttons)
        return []
