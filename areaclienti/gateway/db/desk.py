"""Tables of the agents' desk: who helps, which conversations wait for a person or have one, each change of hands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.gateway.db.models import Base, UtcDateTime, now

_OPEN = text("ended_at IS NULL")


class DeskAgent(Base):
    """Somebody who answers customers, or watches over those who do. Without an agency: of the pool, the insurer's own.

    `roles` are `agente`, `supervisore`, `auditor`. He is there while `presence` is not `offline` and `seen_at` is not
    older than the lease.
    """

    __tablename__ = "desk_agents"
    __table_args__ = (Index("desk_agents_oidc_subject", "oidc_subject", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    roles: Mapped[list[str]] = mapped_column(JSON)
    agency_code: Mapped[str | None] = mapped_column(String(32), index=True)
    consultant_code: Mapped[str | None] = mapped_column(String(32), unique=True)
    capacity: Mapped[int] = mapped_column(default=3)  # conversations at once; nothing more is offered
    presence: Mapped[str] = mapped_column(String(16), default="offline")  # available, paused, offline
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    totp_sealed: Mapped[str | None] = mapped_column(Text)
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)  # of the last code: none is taken twice
    oidc_subject: Mapped[str | None] = mapped_column(String(64))  # digest of provider and subject, once he came by it
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Handover(Base):
    """One conversation's way to a person and back. At most one of a conversation is open at a time.

    `resume_step` and `resume_expects` are where the registration stood; `level` is who may take it, nobody yet while
    identity was not asked; `state` follows the conversation's owner until it is `ended`.
    """

    __tablename__ = "handovers"
    __table_args__ = (
        Index("one_open_handover", "conversation_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("handovers_waiting", "state", "queued_at"),
        Index("handovers_of_agent", "agent_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    reason: Mapped[str] = mapped_column(String(24))
    resume_step: Mapped[str] = mapped_column(String(32))
    resume_expects: Mapped[str] = mapped_column(String(32))
    level: Mapped[str | None] = mapped_column(String(16))  # consultant, agency, pool
    consultant_code: Mapped[str | None] = mapped_column(String(32))
    agency_code: Mapped[str | None] = mapped_column(String(32), index=True)
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("desk_agents.id"))
    state: Mapped[str] = mapped_column(String(16))  # queued, offered, human, wrap_up, callback, ended
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)  # its place, also when it comes back
    level_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offered_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrap_up_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(24))
    rating: Mapped[int | None]  # 1 to 3, the customer's
    agency_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by e-mail, of a call back


class HandoverEvent(Base):
    """A change of hands, written with it and never changed: one for each epoch of a conversation."""

    __tablename__ = "handover_events"
    __table_args__ = (UniqueConstraint("conversation_id", "epoch", name="one_change_an_epoch"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    handover_id: Mapped[str] = mapped_column(ForeignKey("handovers.id"), index=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    who: Mapped[str] = mapped_column(String(32))  # an agent's id; customer, assistant, desk
    agent_id: Mapped[str | None] = mapped_column(String(32))  # whom it went to, or was taken from
    from_owner: Mapped[str] = mapped_column(String(16))
    to_owner: Mapped[str] = mapped_column(String(16))
    epoch: Mapped[int]
    reason: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class DeskNote(Base):
    """What agents write for each other; no customer and no engine ever gets it."""

    __tablename__ = "desk_notes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    handover_id: Mapped[str] = mapped_column(ForeignKey("handovers.id"), index=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("desk_agents.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class DeskDraft(Base):
    """What an agent has typed and not sent: it survives a reload."""

    __tablename__ = "desk_drafts"

    handover_id: Mapped[str] = mapped_column(ForeignKey("handovers.id"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("desk_agents.id"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
