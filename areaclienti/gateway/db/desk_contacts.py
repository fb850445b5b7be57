"""Requests for new contacts as the desk lists them: identity's id and a mask, never the contact."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.gateway.db.models import Base, UtcDateTime, now


class ContactRequest(Base):
    """A request that identity has taken. `agency_code` is the customer's by the registry, None: the pool decides.

    `deciding`: somebody decided and identity's answer is not written yet; the rounds ask again. A confirmed one is done
    with `resumed_at`, when the assistant was given the conversation back.
    """

    __tablename__ = "contact_requests"
    __table_args__ = (Index("contact_requests_state", "state", "expires_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    handover_id: Mapped[str] = mapped_column(ForeignKey("handovers.id"), index=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    agency_code: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8))  # email, mobile
    masked: Mapped[str] = mapped_column(String(80))
    # requested, deciding, confirmed, refused, replaced, expired, changed, not_possible
    state: Mapped[str] = mapped_column(String(16))
    requested_by: Mapped[str] = mapped_column(ForeignKey("desk_agents.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("desk_agents.id"))
    decision: Mapped[str | None] = mapped_column(String(8))  # confirm, refuse
    reason: Mapped[str | None] = mapped_column(String(40))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
