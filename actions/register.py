"""Asks identity whether the customer is known with these data; a code goes out to who is (manual 6a, 1c)."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import identity
from actions.flow import LOST, clear, code_sent, collected, go_to, limit_reached, registration_lost


class Register(Action):
    """Begins a registration, or checks a begun one again with corrected data."""

    def name(self) -> str:
        return "action_register"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        try:
            match = await self._match(tracker)
        except identity.IdentityRefused as refused:
            return self._ask_again(refused.code, dispatcher)
        known = SlotSet("registration_id", match["registration_id"])
        if match["outcome"] == "code_sent":
            again = tracker.get_slot("code_destination") is not None
            return [known, *code_sent(match["challenge"], dispatcher, again)]
        if match["outcome"] == "limit_reached":
            return [known, *limit_reached(dispatcher, "recheck")]
        return [known, *self._not_recognised(dispatcher, tracker)]

    async def _match(self, tracker: Tracker) -> dict[str, Any]:
        if registration := tracker.get_slot("registration_id"):
            return await identity.post(f"/v1/registrations/{registration}/recheck", collected(tracker), tracker)
        channel = tracker.get_latest_input_channel() or "web"
        acknowledgement = await identity.post(
            "/v1/privacy-notice/acknowledgements",
            {
                "conversation_id": tracker.sender_id,
                "channel": channel,
                "version": tracker.get_slot("notice_version"),
                "sha256": tracker.get_slot("notice_sha256"),
            },
            tracker,
        )
        return await identity.post(
            "/v1/registrations",
            {
                "conversation_id": tracker.sender_id,
                "channel": channel,
                **collected(tracker),
                "password_reference": tracker.get_slot("password"),
                "acknowledgement_id": acknowledgement["acknowledgement_id"],
            },
            tracker,
        )

    def _ask_again(self, code: str, dispatcher: CollectingDispatcher) -> list[EventType]:
        """What identity can't use is asked for again; all else is kept."""
        if code == "password_reference_invalid":
            dispatcher.utter_message(response="utter_password_expired")
            return [*clear("password"), *go_to("registration_form")]
        if code in {"notice_changed", "acknowledgement_invalid"}:
            dispatcher.utter_message(response="utter_notice_changed")
            return [*clear("privacy_notice"), *go_to("registration_form")]
        if code in LOST:
            return registration_lost(dispatcher)
        raise identity.IdentityUnavailable(code)

    def _not_recognised(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        times = int(tracker.get_slot("not_recognised_times") or 0) + 1
        counted = SlotSet("not_recognised_times", times)
        if times > 1:  # manual 2c
            return [counted, *clear("tax_code"), *go_to("identification_form")]
        dispatcher.utter_message(response="utter_not_recognised")  # manual 1c
        return [counted, *clear("recheck"), *go_to("recheck_form")]
