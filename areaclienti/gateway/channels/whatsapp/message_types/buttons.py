"""A text with up to three reply buttons below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from areaclienti.gateway.channels.whatsapp.message_types.limits import OverLimit, within

# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
BUTTONS = 3
BODY = 1024
TITLE = 20
ID = 256


def buttons(body: str, choices: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The message object; choices are ids with titles. Raises OverLimit, also when two ids or titles are the same."""
    if not 1 <= len(choices) <= BUTTONS or any(len(set(same)) < len(choices) for same in zip(*choices, strict=True)):
        raise OverLimit("buttons are one to three, each with its own id and title")
    replies = [{"id": within("id", id_, ID), "title": within("title", title, TITLE)} for id_, title in choices]
    interactive = {
        "type": "button",
        "body": {"text": within("body", body, BODY)},
        "action": {"buttons": [{"type": "reply", "reply": reply} for reply in replies]},
    }
    return {"type": "interactive", "interactive": interactive}
