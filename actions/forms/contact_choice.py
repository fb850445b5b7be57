"""The contact choice form: one of the masked contacts on file, by its opaque id (manual 3c)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.forms.base import Form


class ValidateContactChoiceForm(Form):
    """Takes a button or words that name exactly one of the contacts shown."""

    def name(self) -> str:
        return "validate_contact_choice_form"

    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        picked = answers.picked_contact(tracker, tracker.get_slot("contacts_on_file") or [])
        return {"chosen_contact": picked} if picked else {}

    def validate_chosen_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, chosen_contact=value) if value else {"chosen_contact": None}
