"""What a browser is shown of a conversation and of its messages."""

from __future__ import annotations

from typing import Any

from areaclienti.gateway.db.models import Conversation, Message
from areaclienti.gateway.texts import ProgressTexts


def state_view(conversation: Conversation, progress: ProgressTexts, agent_name: str | None = None) -> dict[str, Any]:
    """The State of docs/contracts.md; `agent_name` is who answers, while a person does."""
    place = progress.steps.get(conversation.step)
    return {
        "step": conversation.step,
        "expects": conversation.expects,
        "progress": {"current": place.current, "total": progress.total, "label": place.label} if place else None,
        "owner": conversation.owner,
        "agent": agent_name,
    }


def message_view(message: Message) -> dict[str, Any]:
    """The message of docs/contracts.md. Choices leave without what they mean to the engine."""
    return {
        "seq": message.seq,
        "author": message.author,
        "kind": message.kind,
        "text": message.text,
        "choices": [{"id": choice["id"], "title": choice["title"]} for choice in message.choices],
        "card": message.card,
        "at": message.at.isoformat(timespec="milliseconds"),
        "client_id": message.client_id,
    }
