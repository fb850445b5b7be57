"""The recheck form: are the data right, or which one is not (manual 1c)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.forms.base import Form

# A new value is a correction and has a rule of its own (data/rules/registration.yml).
CORRECTIONS = {"give_customer_type", "give_name", "give_company_name", "give_contact", "give_data"}


class ValidateRecheckForm(Form):
    """Takes the confirmation; all that changes a value is left to `action_correct`."""

    def name(self) -> str:
        return "validate_recheck_form"

    def is_answer(self, tracker: Tracker) -> bool:
        return super().is_answer(tracker) and answers.intent(tracker) not in CORRECTIONS

    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        return {"recheck": "confirmed"} if answers.intent(tracker) in {"confirm_data", "affirm"} else {}

    def validate_recheck(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, recheck=value) if value else {"recheck": None}
