"""Reads what Chatwoot tells of conversations and messages, from its webhooks and from its lists alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_INCOMING, _OUTGOING = ("incoming", 0), ("outgoing", 1)  # webhooks name it, lists number it
_MOST_NAME = 160


class NotJson(Exception):
    """The body is no JSON object."""


@dataclass(frozen=True)
class Sender:
    """Who wrote a message: `kind` is Chatwoot's type, `user` for people who work there."""

    id: int
    kind: str
    name: str


@dataclass(frozen=True)
class Said:
    """A message of a conversation; incoming ones are the customer's, activities and templates Chatwoot's own."""

    id: int
    text: str
    is_incoming: bool
    is_outgoing: bool
    is_private: bool
    sender: Sender | None
    source_id: str | None
    has_files: bool
    created_at: float  # Unix seconds, by Chatwoot's clock; 0 where it was not told


@dataclass(frozen=True)
class State:
    """How a conversation stands at Chatwoot."""

    status: str
    assignee_id: int | None
    assignee_name: str
    labels: list[str] = field(default_factory=list)
    updated_at: float = 0.0  # 0 where Chatwoot does not tell

    def as_json(self) -> dict[str, Any]:
        """As `State(**…)` takes it."""
        return asdict(self)


@dataclass(frozen=True)
class Event:
    """What a webhook tells that concerns us; no token of anybody's is read out of it."""

    name: str
    account_id: int | None
    inbox_id: int | None
    chatwoot_id: int  # the conversation, as its account numbers it
    said: Said | None
    state: State | None


def event_in(body: bytes) -> Event | None:
    """The event of a webhook's body; None for one that is about no message and no conversation. Raises NotJson."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotJson from None
    if not isinstance(found, dict):
        raise NotJson
    name = found.get("event")
    if name == "message_created":
        conversation = _object(found.get("conversation"))
        said = said_in(found)
    elif name in ("conversation_updated", "conversation_status_changed"):
        conversation, said = found, None
    else:
        return None
    chatwoot_id = _number(conversation.get("id"))
    if chatwoot_id is None or (name == "message_created" and said is None):
        return None
    account = _number(_object(found.get("account")).get("id")) or _number(conversation.get("account_id"))
    inbox = _number(_object(found.get("inbox")).get("id")) or _number(conversation.get("inbox_id"))
    state = state_in(conversation) if said is None else None
    return Event(name, account, inbox, chatwoot_id, said, state)


def said_in(message: Mapping[str, Any]) -> Said | None:
    """A message of a webhook or a list; None for what is none."""
    number = _number(message.get("id"))
    if number is None:
        return None
    content, source_id = message.get("content"), message.get("source_id")
    return Said(
        id=number,
        text=content if isinstance(content, str) else "",
        is_incoming=message.get("message_type") in _INCOMING,
        is_outgoing=message.get("message_type") in _OUTGOING,
        is_private=message.get("private") is not False,  # what does not say that customers may read it is private
        sender=_sender(message.get("sender")),
        source_id=source_id if isinstance(source_id, str) and source_id else None,
        has_files=bool(message.get("attachments")),
        created_at=_moment(message.get("created_at")),
    )


def state_in(conversation: Mapping[str, Any]) -> State | None:
    """A conversation of a webhook or an answer; None for what is none."""
    status = conversation.get("status")
    if not isinstance(status, str):
        return None
    assignee = _object(_object(conversation.get("meta")).get("assignee"))
    labels = conversation.get("labels")
    return State(
        status=status[:16],
        assignee_id=_number(assignee.get("id")),
        assignee_name=_name(assignee),
        labels=[label for label in labels if isinstance(label, str)] if isinstance(labels, list) else [],
        updated_at=_moment(conversation.get("updated_at")),
    )


def _sender(value: Any) -> Sender | None:
    found = _object(value)
    number = _number(found.get("id"))
    return Sender(number, str(found.get("type") or "user").lower(), _name(found)) if number is not None else None


def _name(person: Mapping[str, Any]) -> str:
    name = person.get("available_name") or person.get("name")
    return name.strip()[:_MOST_NAME] if isinstance(name, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else None


def _moment(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
