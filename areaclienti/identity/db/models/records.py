"""Idempotent answers and the audit record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.identity.db.models.base import Base


class IdempotencyRecord(Base):
    """The answer already given to one key on one path in one conversation, stored with the effect it reports."""

    __tablename__ = "idempotency_records"

    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hmac: Mapped[str] = mapped_column(String(64))
    conversation_id: Mapped[str | None] = mapped_column(String(128), index=True)  # whose, so that it can be erased
    response: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """What happened, as reason codes and ids, never values. Append-only; each row's hash covers the row before it."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(40), index=True)  # id of a registration, a sign-in or an account
    conversation_id: Mapped[str | None] = mapped_column(String(128))
    previous_sha256: Mapped[str] = mapped_column(String(64), unique=True)  # one successor each: the chain cannot fork
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
