"""Tables of the conversation ledger: conversations, their messages, their turns, the one-time links to give secrets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment that comes back in UTC from every database (SQLite forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Root of the gateway's tables."""


class Conversation(Base):
    """One customer's exchange on one channel, and the point where its registration stands."""

    __tablename__ = "conversations"
    __table_args__ = (Index("conversations_to_erase", "erased_at", "updated_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    mobile: Mapped[str | None] = mapped_column(String(20))  # E.164: the number that the channel knows the customer by
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    former_token_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    former_valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rotation_key: Mapped[str] = mapped_column(String(64))
    csrf: Mapped[str] = mapped_column(String(64))
    step: Mapped[str] = mapped_column(String(32), default="idle")
    expects: Mapped[str] = mapped_column(String(32), default="text")
    owner: Mapped[str] = mapped_column(String(16), default="bot")
    epoch: Mapped[int] = mapped_column(default=0)
    step_epoch: Mapped[int] = mapped_column(default=0)  # rises whenever the registration comes to another step
    last_seq: Mapped[int] = mapped_column(default=0)
    choices_from: Mapped[int] = mapped_column(default=1)  # choices of messages before this seq are dead
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # since then it has another id, and no messages


class Message(Base):
    """One line of a conversation, already free of secrets. Never changed once written."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq", name="one_message_a_seq"),
        UniqueConstraint("conversation_id", "client_id", name="one_message_a_client_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    author: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    card: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    client_id: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Turn(Base):
    """What the engine is asked for one customer's message; `message_id` makes asking twice harmless."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("conversation_id", "message_id", name="one_turn_a_message"),
        Index("turns_to_do", "state", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int | None]  # the customer's message; none where the assistant speaks first
    intent: Mapped[str | None] = mapped_column(String(64))  # none: the engine reads the message's text
    entities: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(16), default="pending")  # pending, done, failed, dropped
    epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OneTimeLink(Base):
    """A page on which one secret can be given once, for one conversation. Its address holds a token; only the hash
    stays here, and the row goes when the link is used or replaced."""

    __tablename__ = "one_time_links"
    __table_args__ = (UniqueConstraint("conversation_id", "purpose", name="one_link_a_purpose"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(32))
    epoch: Mapped[int]  # of the conversation's owner, and of its step: the link is of use while both stay
    step_epoch: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a value is on its way to the vault
