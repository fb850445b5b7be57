"""What ledger and turns ask of the desk, so that a person can have a conversation; the desk's own work is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.orm import Session

from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.engine_client import HandoverAsked

if TYPE_CHECKING:
    from areaclienti.gateway.ledger import Intent

HAND_BACK = "hand_back"  # the engine's intent of a conversation that comes back from a person


class Desk(Protocol):
    """Called inside the ledger's transactions, with the conversation locked; each may change its owner."""

    def asked_for(self, session: Session, conversation: Conversation, asked: HandoverAsked) -> None:
        """The assistant stopped for a person: queue the conversation, or say when somebody is there."""
        ...

    def offer(self, conversation: Conversation) -> list[dict[str, Any]]:
        """Choices for a customer whom the assistant can't answer just now (the back end is down)."""
        ...

    def chosen(self, session: Session, conversation: Conversation, what: dict[str, Any]) -> Intent | None:
        """The customer pressed a choice of the desk; the turn that follows, if any. `what` is the choice's `desk`."""
        ...

    def written(self, session: Session, conversation: Conversation) -> None:
        """The customer wrote something: after the person's last word the assistant answers again."""
        ...

    def left(self, session: Session, conversation: Conversation) -> None:
        """The customer ended the conversation."""
        ...
