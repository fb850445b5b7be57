"""Tables of the WhatsApp channel: who writes, what came in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.gateway.db.models import Base, UtcDateTime, now


class WhatsappPerson(Base):
    """Who writes to us, and the conversation that this person has now. Gone when that conversation is erased."""

    __tablename__ = "whatsapp_people"

    user_id: Mapped[str] = mapped_column(String(140), primary_key=True)  # Meta's; the wa_id where it sends none
    wa_id: Mapped[str | None] = mapped_column(String(32), index=True)  # the number, where Meta shows it
    mobile: Mapped[str | None] = mapped_column(String(20))  # E.164, where that number is a mobile's
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    last_inbound_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the 24 h window counts from here
    last_message_id: Mapped[str | None] = mapped_column(String(256))  # what "read" and "is typing" refer to
    sent_seq: Mapped[int] = mapped_column(default=0)  # the ledger's rows up to here are in the outbox


class WhatsappInbound(Base):
    """An event that Meta delivered, under an id that it has once. When it was processed neither its content nor whose
    it was stays here: what is left only tells a repeated delivery, and goes after the days in which Meta repeats.
    """

    __tablename__ = "whatsapp_inbound"
    __table_args__ = (Index("whatsapp_inbound_to_do", "state", "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(64), unique=True)  # a digest: Meta's own id has the number in it
    user_id: Mapped[str | None] = mapped_column(String(140))
    kind: Mapped[str] = mapped_column(String(32))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted: a text may be a password
    state: Mapped[str] = mapped_column(String(16), default="pending")  # pending, done, ignored, odd


class WhatsappOutgoing(Base):
    """A message to send, rendered from rows of the ledger; without links and, once it is sent, without its content."""

    __tablename__ = "whatsapp_outbox"
    __table_args__ = (
        UniqueConstraint("conversation_id", "last_seq", "position", name="one_outgoing_a_place"),
        Index("whatsapp_outbox_due", "state", "next_attempt_at"),
        Index("whatsapp_outbox_of_person", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    user_id: Mapped[str] = mapped_column(String(140))
    first_seq: Mapped[int]
    last_seq: Mapped[int]
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    needs_link: Mapped[str | None] = mapped_column(String(32))  # purpose of the one-time link made at the sending
    # pending, sending, sent, delivered, read; failed, dropped
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wamid: Mapped[str | None] = mapped_column(String(256), unique=True)
    error_code: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
