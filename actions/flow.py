"""Steps shared by actions: moving between forms, what is collected, telling where a code went."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import desk

# What each field of a correction clears (manual 1c: checked field by field).
FIELDS: dict[str, list[str]] = {
    "customer_type": ["customer_type", "given_name", "family_name", "company_name", "customer_name"],
    "name": ["given_name", "family_name", "customer_name"],
    "family_name": ["family_name", "customer_name"],
    "company_name": ["company_name", "customer_name"],
    "contact": ["contact", "contact_display", "typed_contact", "suggested_contact", "own_mobile_declined"],
    "password": ["password", "registration_id"],  # a registration holds its password: a new one begins with it
}
COLLECTED = ["customer_type", "given_name", "family_name", "company_name", "contact", "password", "privacy_notice"]


def clear(*slots: str) -> list[EventType]:
    """Empties slots."""
    return [SlotSet(slot, None) for slot in slots]


def reopen(tracker: Tracker, field: str) -> list[EventType]:
    """Empties a field and remembers what stood there, so that a «va bene» puts it back."""
    slots = FIELDS.get(field, [field])
    replaced = {slot: tracker.get_slot(slot) for slot in slots if tracker.get_slot(slot) is not None}
    return [*clear(*slots), SlotSet("replaced", replaced)]


def leave_form() -> list[EventType]:
    """Ends the active form without asking anything more."""
    return [ActiveLoop(None), SlotSet("requested_slot", None)]


def go_to(form: str) -> list[EventType]:
    """Leaves the active form, if any, and begins `form` next."""
    return [*leave_form(), SlotSet("stage", None), SlotSet("paused_form", None), FollowupAction(form)]


def stop_at(stage: str) -> list[EventType]:
    """Leaves the active form; the registration stands at `stage`, one of the documented steps."""
    return [*leave_form(), SlotSet("stage", stage)]


def active_form(tracker: Tracker) -> str | None:
    """Name of the active form."""
    name: str | None = (tracker.active_loop or {}).get("name")
    return name


def collected(tracker: Tracker) -> dict[str, Any]:
    """The data that identity compares with the registry."""
    return {slot: tracker.get_slot(slot) for slot in COLLECTED[:5]}


def code_sent(challenge: dict[str, Any], dispatcher: CollectingDispatcher, again: bool = False) -> list[EventType]:
    """Where the code went, for the texts that follow, and on to the form that waits for it (manual 6a).

    With `again`, the customer is told first that the new code takes the place of the one before.
    """
    channel = "SMS" if challenge["channel"] == "sms" else "email"
    destination = challenge["masked_destination"]
    if again:
        dispatcher.utter_message(response="utter_new_code_sent", code_channel=channel, code_destination=destination)
    return [
        SlotSet("code_channel", channel),
        SlotSet("code_destination", destination),
        SlotSet("code_minutes", challenge["life_minutes"]),
        SlotSet("code_only_if_on_file", challenge["only_if_on_file"]),
        *clear("verification_code"),
        *go_to("verification_form"),
    ]


def limit_reached(dispatcher: CollectingDispatcher, resume_step: str) -> list[EventType]:
    """No more codes today: says so and offers a person, who may give the conversation back at `resume_step`."""
    spent = clear("verification_code")
    if desk.is_there():
        return [*spent, *hand_over(dispatcher, "utter_handover_codes_spent", resume_step)]
    dispatcher.utter_message(response="utter_code_limit")
    return [*spent, *stop_at("handover")]


def hand_over(dispatcher: CollectingDispatcher, utterance: str, resume_step: str) -> list[EventType]:
    """Leaves the form, says why a person is to go on, and notes the step to go on at afterwards."""
    dispatcher.utter_message(response=utterance)
    return [*stop_at("handover"), SlotSet("resume_step", resume_step)]


LOST = {"registration_unknown", "no_challenge"}


def registration_lost(dispatcher: CollectingDispatcher) -> list[EventType]:
    """Identity no longer holds the registration (it waits two hours): only the password has to be given again."""
    dispatcher.utter_message(response="utter_registration_expired")
    lost = clear(
        "registration_id", "password", "verification_code", "tax_code", "chosen_contact", "not_recognised_times"
    )
    return [*lost, *go_to("registration_form")]
