"""Response variations in their written order, so that the assistant says the same thing in other words, not again."""

from __future__ import annotations

import re
from typing import Any

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class OrderedResponses(TemplatedNaturalLanguageGenerator):  # type: ignore[misc]
    """Takes the variation after the one last used in this conversation; after the last, the second again.

    The first variation of a question says everything; the next ones are shorter or give an example, so an order has a
    meaning that Rasa's random choice would lose.
    """

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        slots = tracker.current_slot_values()
        suitable = ResponseVariationFilter(self.responses).responses_for_utter_action(
            utter_action, output_channel, slots
        )
        if not suitable:
            return None
        index = _next_index(_last_index(tracker, utter_action), len(suitable))
        filled = _filled(suitable[index], {**slots, **kwargs})
        for only_for_choosing in ("condition", "channel"):
            filled.pop(only_for_choosing, None)
        return {**filled, "variation": index}


def _filled(part: Any, variables: dict[str, Any]) -> Any:
    """A copy with every `{variable}` that has a value in its place; other braces, as in a payload's JSON, stay."""
    if isinstance(part, str):
        return _PLACEHOLDER.sub(lambda found: str(variables.get(found[1], found[0])), part)
    if isinstance(part, dict):
        return {key: _filled(value, variables) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(item, variables) for item in part]
    return part


def _last_index(tracker: DialogueStateTracker, utter_action: str) -> int | None:
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered) and event.metadata.get("utter_action") == utter_action:
            index: int | None = event.metadata.get("variation")
            return index
    return None


def _next_index(last: int | None, count: int) -> int:
    if last is None or count == 1:
        return 0
    return last + 1 if last + 1 < count else 1
