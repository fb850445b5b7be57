"""A text with a button that opens an address."""

from __future__ import annotations

from typing import Any

from areaclienti.gateway.channels.whatsapp.message_types.limits import OverLimit, within

# https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-cta-url-messages
BODY = 1024
TITLE = 20


def cta(body: str, title: str, url: str) -> dict[str, Any]:
    """The message object. Raises OverLimit."""
    if not url.startswith(("https://", "http://")):
        raise OverLimit("the address is none of the web")
    interactive = {
        "type": "cta_url",
        "body": {"text": within("body", body, BODY)},
        "action": {"name": "cta_url", "parameters": {"display_text": within("title", title, TITLE), "url": url}},
    }
    return {"type": "interactive", "interactive": interactive}
