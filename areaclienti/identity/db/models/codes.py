"""Verification codes, and what limits count."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from areaclienti.identity.db.models.base import Base, one_of
from areaclienti.identity.db.models.registry import Contact


class Challenge(Base):
    """A six-digit code that was sent. Only its HMAC is kept; `session_id` is a registration's or a sign-in's id."""

    __tablename__ = "challenges"
    __table_args__ = (
        one_of("purpose", ("registration", "first_access"), "purpose"),
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
    purpose: Mapped[str] = mapped_column(String(16))
    session_id: Mapped[str] = mapped_column(String(40), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    channel: Mapped[str] = mapped_column(String(8))
    code_hmac: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="active")
    attempts_used: Mapped[int] = mapped_column(default=0)
    attempts_allowed: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    contact: Mapped[Contact] = relationship(lazy="raise")


class LimitEvent(Base):
    """One counted event (a code sent or checked, a tax code tried); `key_hmac` hides whose. Kept for two days."""

    __tablename__ = "limit_events"
    __table_args__ = (Index("ix_limit_events_window", "kind", "key_hmac", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    key_hmac: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
