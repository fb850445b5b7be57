"""Contacts that agents ask to have registered, until a second person has confirmed them and the customer uses them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.identity.db.models.base import CONTACT_KINDS, Base, one_of

_OPEN = text("state IN ('requested', 'confirmed')")
STATES = ("requested", "confirmed", "refused", "void", "replaced", "expired", "used")


class NewContact(Base):
    """A contact for one registration, beside the registry: nothing on file is changed by it (manual 3c, 5c).

    `sealed` is the contact, encrypted, bound to the row, its registration and its customer; it goes when the request is
    over. `masked` is what desks may show. `agency_code` is the customer's by the registry, None where he has none. Whoever
    asked can't be who decides: a CHECK says so too. `taken_over_at`: the insurer's system has it.
    """

    __tablename__ = "new_contacts"
    __table_args__ = (
        one_of("kind", CONTACT_KINDS, "kind"),
        one_of("state", STATES, "state"),
        CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_people"),
        CheckConstraint("state <> 'confirmed' OR decided_by IS NOT NULL", name="decided"),
        Index("uq_new_contacts_open", "registration_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    registration_id: Mapped[str] = mapped_column(String(40))
    conversation_id: Mapped[str] = mapped_column(String(128), index=True)
    customer_code: Mapped[str] = mapped_column(String(32))
    agency_code: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8))
    masked: Mapped[str] = mapped_column(String(80))
    contact_hmac: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), default="requested")
    requested_by: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    taken_over_at: Mapped[datetime | None]
    take_over_due_at: Mapped[datetime | None]
