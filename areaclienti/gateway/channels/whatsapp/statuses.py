"""What Meta says of a message of ours, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Status:
    """`state` as Meta writes it: sent, delivered, read, played, failed, or one that is new. `callback_data` is what we
    sent along with the message (`biz_opaque_callback_data`).
    """

    wamid: str
    state: str
    at: datetime
    error_code: int | None
    callback_data: str | None


class Outbox(Protocol):
    """What the processing of inbound events asks of the outbox."""

    def note_status(self, session: Session, status: Status) -> None:
        """Note a status, in the transaction that takes it out of the intake. They come in any order and more than
        once; one of a message that is not ours, or not any more, changes nothing.
        """

    def statuses_noted(self) -> None:
        """The statuses are committed. Returns at once."""

    def wake(self, conversation_id: str) -> None:
        """The conversation's ledger grew. Returns at once."""
