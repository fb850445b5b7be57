"""The latest message as the NLU read it: its text, intent, confidences, entities and where they stand."""

from __future__ import annotations

from rasa_sdk import Tracker

UNSURE_INTENTS = {"out_of_scope", "nlu_fallback"}


def intent(tracker: Tracker) -> str:
    """The intent of the latest message."""
    return str((tracker.latest_message.get("intent") or {}).get("name"))


def confidence(tracker: Tracker, name: str) -> float:
    """How likely the NLU holds an intent for the latest message, 0 to 1; 0 for those that are not in its ranking."""
    message = tracker.latest_message
    ranking = [message.get("intent") or {}, *(message.get("intent_ranking") or [])]
    return max((float(one.get("confidence") or 0) for one in ranking if one.get("name") == name), default=0.0)


def entity(tracker: Tracker, name: str) -> str | None:
    """The longest value of an entity in the latest message."""
    values = [str(value) for value in tracker.get_latest_entity_values(name) if value]
    return max(values, key=len, default=None)


def codes(tracker: Tracker, name: str) -> list[str]:
    """The codes that the gateway sent under a name, in their order."""
    found = [one.get("value") for one in tracker.latest_message.get("entities") or [] if one.get("entity") == name]
    return [str(code) for value in found if isinstance(value, list) for code in value]


def spans(tracker: Tracker) -> list[tuple[str, int, int]]:
    """Entity, start and end of all that is marked in the latest message's text, in reading order."""
    found = [one for one in tracker.latest_message.get("entities") or [] if "start" in one and "end" in one]
    return sorted(((one["entity"], one["start"], one["end"]) for one in found), key=lambda one: one[1])


def asked(tracker: Tracker, kind: str) -> tuple[list[tuple[int, int]], float]:
    """Where the latest message names a `person` or a `company`, if that was asked for, and how likely it does (0 to 1).

    No place and 0 for a button, a field or a secret.
    """
    found = (tracker.latest_message.get("asked") or {}).get(kind) or {}
    return [(start, end) for start, end in found.get("parts", ())], float(found.get("likely", 0.0))


def text(tracker: Tracker) -> str:
    """The latest message as typed; empty for a button, a field or a secret."""
    return str(tracker.latest_message.get("text") or "").strip()
