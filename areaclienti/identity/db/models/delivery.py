"""The outbox, and the local mailbox of the embedded default."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.identity.db.models.base import Base, one_of


class OutboxMessage(Base):
    """A message to send, written in the transaction that needs it. Its id is the provider's idempotency key.

    `sealed` holds the template's parameters (the code among them), encrypted, and is erased once sent or dropped.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("channel", ("email", "sms"), "channel"),
        one_of("status", ("pending", "claimed", "sent", "dropped"), "status"),
        Index("ix_outbox_due", "status", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    challenge_id: Mapped[str | None] = mapped_column(ForeignKey("challenges.id"), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    template: Mapped[str] = mapped_column(String(40))
    destination: Mapped[str | None] = mapped_column(String(320))
    sealed: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(40))


class MailboxMessage(Base):
    """What the embedded default "sends": a local mailbox, never used with live delivery."""

    __tablename__ = "mailbox_messages"
    __table_args__ = (one_of("channel", ("email", "sms"), "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[str] = mapped_column(ForeignKey("outbox.id"), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str | None] = mapped_column(String(240))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime]
