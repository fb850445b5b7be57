"""Renders the Italian messages from their templates: plain and HTML for e-mail, one short text for SMS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader("areaclienti.identity.delivery", "templates"),
    autoescape=lambda name: bool(name and name.endswith(".html")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

TEMPLATES = frozenset(name.split(".")[0] for name in _templates.list_templates(["txt"]) if name.count(".") == 2)


@dataclass(frozen=True)
class Message:
    """What a channel carries. `id` is the same however often it is sent; `tries` counts, from 1, how often that is.

    E-mails have `subject` and `html`. After `expires_at` it must not arrive any more.
    """

    id: str
    channel: str
    recipient: str
    expires_at: datetime
    text: str
    subject: str | None = None
    html: str | None = None
    tries: int = 1


def render(
    message_id: str,
    channel: str,
    recipient: str,
    template: str,
    parameters: Mapping[str, Any],
    *,
    expires_at: datetime,
    tries: int = 1,
) -> Message:
    """Raises jinja2's errors when the template or one of its parameters is missing."""
    is_email = channel == "email"
    return Message(
        message_id,
        channel,
        recipient,
        expires_at,
        text=_render(f"{template}.{'email' if is_email else 'sms'}.txt", parameters),
        subject=_render(f"{template}.subject.txt", parameters) if is_email else None,
        html=_render(f"{template}.email.html", parameters) if is_email else None,
        tries=tries,
    )


def _render(name: str, parameters: Mapping[str, Any]) -> str:
    return _templates.get_template(name).render(**parameters).strip()
