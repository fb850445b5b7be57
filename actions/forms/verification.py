"""The verification form: the code, as a reference of the vault (manual 6a 7a, 4c)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.forms.base import Form


class ValidateVerificationForm(Form):
    """Waits for the reference of a code; the code itself never comes here."""

    def name(self) -> str:
        return "validate_verification_form"

    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        reference = answers.entity(tracker, "verification_code")
        return {"verification_code": reference} if reference else {}

    def validate_verification_code(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, verification_code=value) if value else {"verification_code": None}
