"""Verification codes, what limits count, and the addresses and uses of contacts that they are about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from areaclienti.identity.db.models.base import Base, one_of
from areaclienti.identity.db.models.registry import Contact


PURPOSES = ("registration", "contact_confirmation", "first_access", "step_up", "password_reset")


class Challenge(Base):
    """A six-digit code that was sent. Only its HMAC is kept; `session_id` is the id of what it is to confirm.

    `contact_hmac` is the key that the contact's checks are counted by. A decoy has no contact: nothing was sent, and
    no code is right for it.
    """

    __tablename__ = "challenges"
    __table_args__ = (
        one_of("purpose", PURPOSES, "purpose"),
        one_of("channel", ("email", "sms"), "channel"),
        one_of("status", ("active", "used", "replaced", "spent"), "status"),
        CheckConstraint("attempts_used <= attempts_allowed", name="attempts"),
        Index(
            "uq_challenges_active",
            "purpose",
            "session_id",
            unique=True,
            sqlite_where=text("status = 'active'"),
            postgresql_where=text("status = 'active'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(24))
    session_id: Mapped[str] = mapped_column(String(40), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    contact_hmac: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(8))
    code_hmac: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="active")
    attempts_used: Mapped[int] = mapped_column(default=0)
    attempts_allowed: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    contact: Mapped[Contact | None] = relationship(lazy="raise")


class LimitEvent(Base):
    """One counted event (a code sent or checked, a tax code tried); `key_hmac` hides whose. Kept for two days."""

    __tablename__ = "limit_events"
    __table_args__ = (Index("ix_limit_events_window", "kind", "key_hmac", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    key_hmac: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)


class ClientAddress(Base):
    """Where the newest request of a conversation or a sign-in came from; an HMAC, forgotten after two days."""

    __tablename__ = "client_addresses"

    session_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    address_hmac: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime] = mapped_column(index=True)


class UseOfContact(Base):
    """That a contact was typed in a registration, until it was looked at whether its owner should hear of it.

    `sealed` is the contact's key and what became of the match, encrypted. Written whatever became of it.
    """

    __tablename__ = "uses_of_contacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(index=True)
