"""Whether the gateway has a desk, where people take conversations over, and what is said before they do."""

from __future__ import annotations

from functools import cache

from areaclienti.settings import ActionsSettings

# By why a person is asked for; the response itself tells the gateway the reason (`custom: handover`).
WORDS = {
    "requested": "utter_handover_requested",
    "not_understood": "utter_handover_not_understood",
    "no_mobile": "utter_handover_no_mobile",  # manual 10a
    "other_contact": "utter_handover_other_contact",  # manual 5c
}


@cache
def is_there() -> bool:
    """Whether people take conversations over."""
    return ActionsSettings().desk
