"""A correction at the step that asks for a name: what is given anew is that name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.correct import Correct


def corrected(text: str, answer: str, likely: float, **slots: Any) -> dict[str, Any]:
    """The slots that are set by a message in which `answer` would be the name."""
    start = text.index(answer)
    asked = {kind: {"parts": [(start, start + len(answer))], "likely": likely} for kind in ("person", "company")}
    intent = {"name": "correct_data", "confidence": 0.9}
    message = {"text": text, "intent": intent, "intent_ranking": [intent], "entities": [], "asked": asked}
    tracker = Tracker("test", slots, message, [], False, None, {"name": "registration_form"}, "action_listen")
    events = asyncio.run(Correct().run(CollectingDispatcher(), tracker, {}))
    return {event["name"]: event["value"] for event in events if event["event"] == "slot" and event["value"]}


@pytest.mark.parametrize(
    ("text", "answer", "slots", "kept"),
    [
        (
            "Neri srl, anzi Neri Due srl",
            "Neri Due srl",
            {"customer_type": "azienda", "requested_slot": "company_name"},
            {"company_name": "Neri Due srl"},
        ),
        (
            "ops, Ada Neri",
            "Ada Neri",
            {"customer_type": "persona", "requested_slot": "given_name"},
            {"given_name": "Ada", "family_name": "Neri"},
        ),
    ],
)
def test_it_is_the_name_that_is_asked_for(text: str, answer: str, slots: dict[str, str], kept: dict[str, str]) -> None:
    assert corrected(text, answer, 0.9, **slots).items() >= kept.items()


def test_where_no_name_is_asked_for_the_field_is_asked_for() -> None:
    assert corrected("ops, Ada Neri", "Ada Neri", 0.9, customer_type="persona", requested_slot="contact") == {}


def test_an_unlikely_name_corrects_nothing() -> None:
    assert corrected("ho sbagliato", "sbagliato", 0.1, customer_type="persona", requested_slot="given_name") == {}
