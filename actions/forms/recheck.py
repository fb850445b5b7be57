"""The recheck form: are the data right, or which one is not (manual 1c)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.forms.base import Form


class ValidateRecheckForm(Form):
    """Takes the confirmation; a correction is a message of its own (`correct_data`) and has a rule."""

    def name(self) -> str:
        return "validate_recheck_form"

    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        return {"recheck": "confirmed"} if answers.intent(tracker) in {"confirm_data", "affirm"} else {}

    def validate_recheck(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, recheck=value) if value else {"recheck": None}
