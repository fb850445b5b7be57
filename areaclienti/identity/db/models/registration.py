"""Registrations, and the vault that holds their secrets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.identity.db.models.base import Base, one_of


class VaultEntry(Base):
    """A secret deposited by the gateway; the reference itself is not stored, only its SHA-256. Use deletes the row."""

    __tablename__ = "vault_entries"
    __table_args__ = (UniqueConstraint("conversation_id", "purpose"),)

    reference_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(128))
    purpose: Mapped[str] = mapped_column(String(24))
    sealed: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Registration(Base):
    """One customer's attempt in one conversation: what was typed, what it matched, and the password hash until used.

    `claims_sealed` is the typed name and contact, encrypted. `matched_contact_id` is set by a STRONG match or by the
    choice of section C; `identified_customer_id` by an exact tax code with a compatible name (manual 2c). `code_purpose`
    is that of the code it waits for.
    """

    __tablename__ = "registrations"
    __table_args__ = (one_of("status", ("open", "completed", "expired"), "status"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(128), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(12), default="open")
    acknowledgement_id: Mapped[str] = mapped_column(ForeignKey("acknowledgements.id"))
    password_hash: Mapped[str | None] = mapped_column(Text)
    claims_sealed: Mapped[str | None] = mapped_column(Text)
    matched_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    identified_customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    code_purpose: Mapped[str | None] = mapped_column(String(24))
    tax_code_tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
