"""What the actions would keep of a message: their own code, run on what the NLU understood."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.correct import Correct
from actions.forms.registration import ValidateRegistrationForm
from areaclienti.domain.dictation import written

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
    """The final values of the slots for a fact that was marked by hand, by the same validators."""
    slot = STEP_OF[kind]
    tracker = Tracker("eval", {"requested_slot": slot}, {}, [], False, None, {"name": "registration_form"}, "")
    return _of_kind(_validated(tracker, {slot: written(span) if kind == "contact" else span}), kind)


def _tracker(parsed: dict[str, Any], text: str, kind: str) -> Tracker:
    slots = {
        "customer_type": "azienda" if kind == "company" else "persona",
        "requested_slot": STEP_OF[kind],
    }
    message = {
        "text": text,
        "intent": parsed["intent"],
        "intent_ranking": parsed["intent_ranking"],
        "entities": parsed["entities"],
        "asked": parsed["asked"],
    }
    return Tracker("eval", slots, message, [], False, None, {"name": "registration_form"}, "action_listen")


def _read_by_form(tracker: Tracker) -> dict[str, Any]:
    form = ValidateRegistrationForm()
    events = asyncio.run(form.get_extraction_events(CollectingDispatcher(), tracker, {"forms": {}}))
    raw = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    return _validated(tracker, raw)


def _validated(tracker: Tracker, raw: dict[str, Any]) -> dict[str, Any]:
    form = ValidateRegistrationForm()
    slots: dict[str, Any] = {}
    for slot in _SLOTS:
        if raw.get(slot):
            slots |= getattr(form, f"validate_{slot}")(raw[slot], CollectingDispatcher(), tracker, {})
            tracker.slots.update(slots)
    return slots


def _of_kind(slots: dict[str, Any], kind: str) -> tuple[str | None, ...]:
    if kind == "person":
        names = tuple(slots[slot] for slot in ("given_name", "family_name") if slots.get(slot))
        return names or (None,)
    if kind == "contact":
        return (slots.get("contact") or slots.get("typed_contact"),)
    return (slots.get("company_name"),)
