"""A person gives the conversation back: says what was settled and what is missing, and stands at the step named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import identity
from actions.flow import COLLECTED, LOST, active_form, clear, code_sent, go_to, reopen, stop_at
from actions.message import codes, entity

# Step -> its form, the slot that it waits for, and the slots without which the form makes no sense.
LATER: dict[str, tuple[str, str, Sequence[str]]] = {
    "recheck": ("recheck_form", "recheck", ("registration_id",)),
    "tax_code": ("identification_form", "tax_code", ("registration_id",)),
    "choose_contact": ("contact_choice_form", "chosen_contact", ("registration_id", "contacts_on_file")),
    "verification_code": ("verification_form", "verification_code", ("registration_id", "code_destination")),
}
NEW_CONTACT = "new_contact"
OF_NAME = ("given_name", "family_name")


class HandBack(Action):
    """Nothing of what person and customer wrote comes here: codes alone."""

    def name(self) -> str:
        return "action_hand_back"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        fresh = clear("misunderstood_times", "resume_step")
        step = entity(tracker, "step") or ""
        if tracker.get_slot("stage") == "done" or step == "done":
            _say(dispatcher, codes(tracker, "settled"), ())
            dispatcher.utter_message(response="utter_already_done")
            return [*fresh, *stop_at("done")]
        if NEW_CONTACT in codes(tracker, "settled") and (match := await _code_to_new_contact(tracker)):
            _say(dispatcher, codes(tracker, "settled"), ["verification_code"])
            return [*fresh, *code_sent(match["challenge"], dispatcher)]
        events, missing = _standing_at(tracker, step)
        _say(dispatcher, codes(tracker, "settled"), codes(tracker, "missing") or missing)
        return [*fresh, *events]


async def _code_to_new_contact(tracker: Tracker) -> dict[str, Any] | None:
    """The code goes to the contact that the agency confirmed (manual 5c); None where none was, or no code may be sent:
    then the registration goes on at the step named.
    """
    if not (registration := tracker.get_slot("registration_id")):
        return None
    try:
        match = await identity.post(f"/v1/registrations/{registration}/new-contact", {}, tracker)
    except identity.IdentityRefused as refused:
        if refused.code not in (*LOST, "no_new_contact"):
            raise identity.IdentityUnavailable(refused.code) from None
        return None
    return match if match["outcome"] == "code_sent" else None


def _standing_at(tracker: Tracker, step: str) -> tuple[list[EventType], list[str]]:
    """What brings the registration to the step, or to the first one before it that is not answered; what is missing
    from there on.
    """
    if step in LATER:
        form, slot, needed = LATER[step]
        is_complete = all(_is_answered(tracker, one) for one in _way(tracker, step))
        if is_complete and all(tracker.get_slot(name) for name in needed):
            events = [*clear(slot), *_to(tracker, form)]
            return events, list(dict.fromkeys([step, "verification_code"]))
    if step == "idle" and (paused := tracker.get_slot("paused_form")):
        return go_to(paused), []
    present = tracker.get_slot("requested_slot")
    is_there = active_form(tracker) == "registration_form" and present in _slots_of(step)
    events = [] if is_there or not _is_answered(tracker, step) else reopen(tracker, step)
    emptied = {event["name"] for event in events if event["event"] == "slot" and event["value"] is None}
    missing = [one for one in _way(tracker, step) if one == step or not _is_answered(tracker, one, emptied)]
    return [*events, *_to(tracker, "registration_form")], [*missing, "verification_code"]


def _to(tracker: Tracker, form: str) -> list[EventType]:
    """To the form; the one that is active asks again, by the slots that are empty now."""
    if active_form(tracker) == form:
        return [SlotSet("stage", None), FollowupAction(form)]
    return go_to(form)


def _way(tracker: Tracker, step: str) -> list[str]:
    """The steps of the registration's form, by what is known of the customer."""
    is_company = tracker.get_slot("customer_type") == "azienda" or step == "company_name"
    return ["customer_type", "company_name" if is_company else "name", *COLLECTED[-3:]]


def _slots_of(step: str) -> Sequence[str]:
    return OF_NAME if step == "name" else (step,)


def _is_answered(tracker: Tracker, step: str, emptied: Iterable[str] = ()) -> bool:
    return all(tracker.get_slot(slot) is not None and slot not in emptied for slot in _slots_of(step))


def _say(dispatcher: CollectingDispatcher, settled: Sequence[str], missing: Sequence[str]) -> None:
    words = _words()
    said = {
        "settled": _listed([words["settled"][code] for code in settled if code in words["settled"]], words["and"]),
        "missing": _listed([words["missing"][code] for code in missing if code in words["missing"]], words["and"]),
    }
    if said["settled"]:
        utterance = "utter_hand_back_settled_missing" if said["missing"] else "utter_hand_back_settled"
    else:
        utterance = "utter_hand_back_missing" if said["missing"] else "utter_hand_back"
    dispatcher.utter_message(response=utterance, **said)


def _listed(names: Sequence[str], joined: str) -> str:
    return joined.join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


@cache
def _words() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "hand_back.yml").read_text(encoding="utf-8"))
    return content
