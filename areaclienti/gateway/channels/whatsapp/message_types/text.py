"""A plain text."""

from __future__ import annotations

from typing import Any

from areaclienti.gateway.channels.whatsapp.message_types.limits import within

# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages
BODY = 4096


def text(body: str) -> dict[str, Any]:
    """The message object. Raises OverLimit. No preview is made of an address in it: that would fetch it."""
    return {"type": "text", "text": {"preview_url": False, "body": within("text", body, BODY)}}
