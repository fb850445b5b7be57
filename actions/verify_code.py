"""Has the code checked; the right one creates the account (manual 7a 8a 10a)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import identity
from actions.flow import COLLECTED, LOST, clear, go_to, limit_reached, registration_lost, stop_at

RETRY = {
    "wrong_code": "utter_code_wrong",
    "code_expired": "utter_code_expired",
    "code_spent": "utter_code_spent",
}


class VerifyCode(Action):
    """Account, another try with the attempts left, a new code, or a person."""

    def name(self) -> str:
        return "action_verify_code"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        path = f"/v1/registrations/{tracker.get_slot('registration_id')}/verification"
        try:
            checked = await identity.post(path, {"code_reference": tracker.get_slot("verification_code")}, tracker)
        except identity.IdentityRefused as refused:
            if refused.code in LOST:
                return registration_lost(dispatcher)
            if refused.code != "code_reference_invalid":
                raise identity.IdentityUnavailable(refused.code) from None
            return [*clear("verification_code"), *go_to("verification_form")]
        if checked["outcome"] == "account_created":
            return self._done(checked["account"], dispatcher)
        if utterance := RETRY.get(checked["outcome"]):
            left = checked["attempts_left"]
            dispatcher.utter_message(response=utterance, attempts_left=left)
            return [SlotSet("attempts_left", left), *clear("verification_code"), *go_to("verification_form")]
        return limit_reached(dispatcher, "verification_code")

    def _done(self, account: dict[str, Any], dispatcher: CollectingDispatcher) -> list[EventType]:
        has_mobile = account["has_mobile"]
        dispatcher.utter_message(
            response="utter_account_created" if has_mobile else "utter_account_created_no_mobile",
            customer_name=account["display_name"],
        )
        return [*clear(*COLLECTED, "verification_code", "contact_display", "contacts_on_file"), *stop_at("done")]
