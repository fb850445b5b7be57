"""The outbox, and the local mailbox of the embedded default."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.identity.db.models.base import Base, one_of


class OutboxMessage(Base):
    """A message to send, written in the transaction that needs it. Its id is the provider's idempotency key.

    `sealed` holds the template's parameters (the code among them), encrypted, and is erased once sent or dropped.
    `lost_answers` counts the tries after which the provider may have had the message without our knowing; `delivery` is
    what its receipts say became of the message since.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("channel", ("email", "sms"), "channel"),
        one_of("status", ("pending", "claimed", "sent", "dropped"), "status"),
        one_of("delivery", ("queued", "sent", "undelivered", "delivered"), "delivery"),
        Index("ix_outbox_due", "status", "due_at"),
        Index("ix_outbox_created_at", "created_at"),
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
    provider: Mapped[str | None] = mapped_column(String(16))
    lost_answers: Mapped[int] = mapped_column(default=0)
    delivery: Mapped[str | None] = mapped_column(String(12))
    delivery_reason: Mapped[str | None] = mapped_column(String(40))
    delivery_at: Mapped[datetime | None]


class ProviderMessage(Base):
    """One copy of a message that a provider took, under the provider's own id. Two of one message are a duplicate."""

    __tablename__ = "provider_messages"

    provider: Mapped[str] = mapped_column(String(16), primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    outbox_id: Mapped[str] = mapped_column(ForeignKey("outbox.id"), index=True)
    first_seen_at: Mapped[datetime]


class ReceiptCount(Base):
    """How many receipts of a provider had which outcome: what an operator watches."""

    __tablename__ = "receipt_counts"

    provider: Mapped[str] = mapped_column(String(16), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int]


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
