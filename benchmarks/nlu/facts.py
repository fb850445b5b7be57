"""What the actions would keep of a message: their own code, run on what the NLU understood."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.correct import Correct
from actions.forms.registration import ValidateRegistrationForm
from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import ContactRejected, parse_contact
from areaclienti.domain.names import NameRejected, clean_name, split_full_name

# The slot that is asked for when such a fact is given.
STEP_OF = {"person": "given_name", "company": "company_name", "contact": "contact"}
_SLOTS = ("given_name", "family_name", "company_name", "contact")


def kept(parsed: dict[str, Any], text: str, kind: str) -> tuple[str | None, ...]:
    """The final values of the slots for a fact of that kind, at the step where it would be said."""
    tracker = _tracker(parsed, text, kind)
    if parsed["intent"]["name"] == "correct_data":
        events = asyncio.run(Correct().run(CollectingDispatcher(), tracker, {}))
        slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    else:
        slots = _read_by_form(tracker)
    return _of_kind(slots, kind)


def expected(span: str, kind: str) -> tuple[str | None, ...]:
    """The final values of the slots for a fact that was marked by hand."""
    with contextlib.suppress(NameRejected, ContactRejected):
        if kind == "company":
            return (clean_company(span),)
        if kind == "contact":
            return (parse_contact(span).value,)
        whole = split_full_name(span)
        return (clean_name(whole.given), clean_name(whole.family)) if whole else (clean_name(span),)
    return (None,)


def _tracker(parsed: dict[str, Any], text: str, kind: str) -> Tracker:
    slots = {
        "customer_type": "azienda" if kind == "company" else "persona",
        "requested_slot": STEP_OF[kind],
    }
    message = {"text": text, "intent": parsed["intent"], "entities": parsed["entities"]}
    return Tracker("eval", slots, message, [], False, None, {"name": "registration_form"}, "action_listen")


def _read_by_form(tracker: Tracker) -> dict[str, Any]:
    form = ValidateRegistrationForm()
    events = asyncio.run(form.get_extraction_events(CollectingDispatcher(), tracker, {"forms": {}}))
    raw = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    slots: dict[str, Any] = {}
    for slot in _SLOTS:
        if raw.get(slot):
            validate = getattr(form, f"validate_{slot}")
            slots |= validate(raw[slot], CollectingDispatcher(), tracker, {})
            tracker.slots.update(slots)
    return slots


def _of_kind(slots: dict[str, Any], kind: str) -> tuple[str | None, ...]:
    if kind == "person":
        names = tuple(slots[slot] for slot in ("given_name", "family_name") if slots.get(slot))
        return names or (None,)
    if kind == "contact":
        return (slots.get("contact") or slots.get("typed_contact"),)
    return (slots.get("company_name"),)
