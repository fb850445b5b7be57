"""The identification form: codice fiscale or partita IVA, as a reference of the vault (manual 2c)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers
from actions.forms.base import Form


class ValidateIdentificationForm(Form):
    """Waits for the reference of a tax code; the tax code itself never comes here."""

    def name(self) -> str:
        return "validate_identification_form"

    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        reference = answers.entity(tracker, "tax_code")
        return {"tax_code": reference} if reference else {}

    def validate_tax_code(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return self.accepted(tracker, tax_code=value) if value else {"tax_code": None}
