"""A message whose words Meta has approved: the only kind that may be sent outside the 24 hours."""

from __future__ import annotations

from typing import Any

from areaclienti.gateway.channels.whatsapp.message_types.limits import within

# https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
NAME = 512


def template(name: str, language: str) -> dict[str, Any]:
    """The message object of a template without parameters. Raises OverLimit."""
    return {"type": "template", "template": {"name": within("name", name, NAME), "language": {"code": language}}}
