"""Tables of the connection to Chatwoot: what of a conversation is there, what came from there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.gateway.db.models import Base, UtcDateTime, now


class ChatwootLink(Base):
    """A conversation of ours and its window at Chatwoot. It holds ids alone, and no key to the conversation: erased
    here, the row stays until Chatwoot has deleted its copy, and leads nowhere meanwhile.
    """

    __tablename__ = "chatwoot_links"

    ledger_id: Mapped[str] = mapped_column(String(32), primary_key=True)  # the conversation's id, while there is one
    identifier: Mapped[str] = mapped_column(String(64), unique=True)  # the contact's, by chance
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    chatwoot_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    sent_seq: Mapped[int] = mapped_column(default=0)  # the ledger's lines up to here are at Chatwoot
    sent_message_id: Mapped[int] = mapped_column(BigInteger, default=0)  # Chatwoot's id of what we sent last
    # What was sent and not acknowledged yet: it is looked for before anything else is sent.
    posting: Mapped[str | None] = mapped_column(String(64))
    posting_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    noted_handover_id: Mapped[str | None] = mapped_column(String(32))  # whose summary is there
    noted_message_id: Mapped[int] = mapped_column(BigInteger, default=0)  # what agents wrote before is of another one
    announced_handover_id: Mapped[str | None] = mapped_column(String(32))  # which one agents see as open
    told_handover_id: Mapped[str | None] = mapped_column(String(32))  # in which the customer knows that they don't
    ended_handover_id: Mapped[str | None] = mapped_column(String(32))  # which one agents see as resolved
    read_from: Mapped[int] = mapped_column(BigInteger, default=0)  # messages up to here were read for good
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # the newest state that was told
    status: Mapped[str | None] = mapped_column(String(16))  # what of it was acted on
    assignee_id: Mapped[int | None] = mapped_column(BigInteger)
    lease: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ChatwootMessage(Base):
    """What an agent wrote at Chatwoot, once; the text until it stands in the ledger."""

    __tablename__ = "chatwoot_messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "message_id", name="one_chatwoot_message"),
        Index("chatwoot_messages_to_do", "state", "conversation_id", "message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[int] = mapped_column(BigInteger)
    agent: Mapped[int | None] = mapped_column(BigInteger)  # Chatwoot's id and name of who wrote it
    agent_name: Mapped[str | None] = mapped_column(String(160))
    text: Mapped[str | None] = mapped_column(Text)
    has_files: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="pending")  # pending, done, refused
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ChatwootDelivery(Base):
    """That a delivery of Chatwoot's came, under a digest of its id; for a day."""

    __tablename__ = "chatwoot_deliveries"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
