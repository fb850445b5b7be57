"""Renders the Italian messages from their templates: plain and HTML for e-mail, one short text for SMS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader("areaclienti.identity.delivery", "templates"),
    autoescape=lambda name: bool(name and name.endswith(".html")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Message:
    """What a channel carries. `id` is the same however often it is sent. E-mails have `subject` and `html`."""

    id: str
    channel: str
    recipient: str
    text: str
    subject: str | None = None
    html: str | None = None


def render(message_id: str, channel: str, recipient: str, template: str, parameters: Mapping[str, Any]) -> Message:
    """Raises jinja2's errors when the template or one of its parameters is missing."""
    if channel == "sms":
        return Message(message_id, channel, recipient, _render(f"{template}.sms.txt", parameters))
    return Message(
        message_id,
        channel,
        recipient,
        text=_render(f"{template}.email.txt", parameters),
        subject=_render(f"{template}.subject.txt", parameters),
        html=_render(f"{template}.email.html", parameters),
    )


def _render(name: str, parameters: Mapping[str, Any]) -> str:
    return _templates.get_template(name).render(**parameters).strip()
