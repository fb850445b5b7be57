"""The turn that is being handled: what it collects, what it will answer, and whether a part of it failed."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from rasa.core.channels.channel import OutputChannel
from rasa.shared.core.trackers import DialogueStateTracker

from engine.steps import resumable, standing

logger = logging.getLogger(__name__)


class TurnFailed(Exception):
    """The turn has no complete answer; nothing of it may be stored. `code` is what the caller is told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Collector(OutputChannel):  # type: ignore[misc]
    """Output channel that keeps the bot's messages of one turn in the shape of the turn contract."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.messages: list[dict[str, Any]] = []
        self.leave_out: frozenset[str] = frozenset()  # utterances that this turn does without
        self.handover: str | None = None  # why a person is to go on; nothing is said after that

    def name(self) -> str:  # type: ignore[override]
        return self._channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        if self.handover is None and message.get("utter_action") not in self.leave_out:
            self.messages.append(_as_contract(message))
            self.handover = (message.get("custom") or {}).get("handover")


def _as_contract(message: dict[str, Any]) -> dict[str, Any]:
    custom = message.get("custom") or {}
    answer: dict[str, Any] = {
        "text": message.get("text") or "",
        "utterance": message.get("utter_action"),
        "choices": [choice_from_button(button) for button in message.get("buttons") or []],
    }
    if card := custom.get("card"):
        answer["card"] = card
    return answer


def choice_from_button(button: dict[str, str]) -> dict[str, Any]:
    """`{"title", "payload": '/intent{"entity": "value"}'}` of Rasa as `{"title", "intent", "entities"}`."""
    intent, brace, rest = button["payload"].removeprefix("/").partition("{")
    return {"title": button["title"], "intent": intent, "entities": json.loads(brace + rest) if brace else {}}


@dataclass
class Turn:
    """One turn; lives in `current` while Rasa handles it, so that the tracker store can store the answer with it."""

    conversation_id: str
    message_id: str
    collector: Collector
    mobile: str | None = None  # the number that the customer writes from, where the channel knows it
    begun: DialogueStateTracker | None = None  # of a conversation that this turn opens by a message of the customer
    failures: list[str] = field(default_factory=list)
    answer: dict[str, Any] | None = None

    def finish(self, tracker: DialogueStateTracker) -> dict[str, Any]:
        """The complete answer after the last action. Raises TurnFailed when an action failed or nothing was said."""
        if self.failures:
            logger.error("turn failed: %s", ", ".join(self.failures))
            raise TurnFailed("turn_failed")
        if not self.collector.messages:
            raise TurnFailed("no_reply")
        step, expects = standing(tracker, self.collector.messages)
        self.answer = {"messages": self.collector.messages, "step": step, "expects": expects}
        if (customer_type := tracker.get_slot("customer_type")) in ("persona", "azienda"):
            self.answer["customer_type"] = customer_type
        if reason := self.collector.handover:
            resume_step, resume_expects = resumable(tracker)
            asked = {"reason": reason, "resume_step": resume_step, "resume_expects": resume_expects}
            self.answer |= {"step": "handover", "expects": "text", "handover": asked}
        return self.answer


current: ContextVar[Turn | None] = ContextVar("current_turn", default=None)


def note_failure(what: str) -> None:
    """Marks the turn that is being handled as failed; `what` names the part, never what the customer wrote."""
    if turn := current.get():
        turn.failures.append(what)
