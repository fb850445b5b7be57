"""Accounts, and the ways into them: sign-ins, sessions, the throttling of failures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from areaclienti.identity.db.models.base import CONTACT_KINDS, Base, one_of
from areaclienti.identity.db.models.registry import Customer


class Account(Base):
    """A customer's access. One for each customer, one for each username, one for each registration."""

    __tablename__ = "accounts"
    __table_args__ = (one_of("username_kind", CONTACT_KINDS, "username_kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), unique=True)
    username_kind: Mapped[str] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(320))
    username_key: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    registration_id: Mapped[str | None] = mapped_column(ForeignKey("registrations.id"), unique=True)
    acknowledgement_id: Mapped[str | None] = mapped_column(ForeignKey("acknowledgements.id"))
    device_key: Mapped[str | None] = mapped_column(String(320), index=True)  # the mobile confirmed at first access
    created_at: Mapped[datetime]
    first_access_at: Mapped[datetime | None]

    customer: Mapped[Customer] = relationship()


class SignIn(Base):
    """A sign-in whose password was right and that waits for the code of the first access (manual 9a)."""

    __tablename__ = "sign_ins"
    __table_args__ = (one_of("status", ("waiting", "completed"), "status"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInSession(Base):
    """A signed-in session; only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in_sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    account: Mapped[Account] = relationship(lazy="raise")


class Throttle(Base):
    """Failed sign-ins of one bucket (a username from an address, a username, an address); `key_hmac` hides whose."""

    __tablename__ = "throttles"

    key_hmac: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    wait_until: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(index=True)
