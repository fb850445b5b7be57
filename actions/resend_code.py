"""«Richiedi nuovo codice» (manual 4c)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import identity
from actions.flow import LOST, active_form, code_sent, limit_reached, registration_lost


class ResendCode(Action):
    """A new code in place of the old one; or when that is possible."""

    def name(self) -> str:
        return "action_resend_code"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        if active_form(tracker) != "verification_form":
            dispatcher.utter_message(response="utter_no_code_yet")
            return []
        path = f"/v1/registrations/{tracker.get_slot('registration_id')}/code"
        try:
            match = await identity.post(path, {}, tracker)
        except identity.IdentityRefused as refused:
            if refused.code in LOST:
                return registration_lost(dispatcher)
            raise identity.IdentityUnavailable(refused.code) from None
        if match["outcome"] == "too_soon":
            dispatcher.utter_message(response="utter_code_too_soon", wait_seconds=match["retry_after_seconds"])
            return []
        if match["outcome"] == "limit_reached":
            return limit_reached(dispatcher, "verification_code")
        return code_sent(match["challenge"], dispatcher, again=True)
