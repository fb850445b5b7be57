"""Accounts, and the ways into them: sign-ins, sessions, step-ups, password resets, the throttling of failures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from areaclienti.identity.db.models.base import CONTACT_KINDS, Base, one_of
from areaclienti.identity.db.models.registry import Customer

STEP_UP_ACTIONS = ("change_password", "end_other_sessions", "deactivate")


class Account(Base):
    """A customer's access. One for each customer, one for each username, one for each registration.

    A deactivated one keeps its row, for the audit, without hash, username and customer: NULLs are outside the UNIQUE
    constraints and equal nothing, so that no question about accounts has to leave it out.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        one_of("username_kind", CONTACT_KINDS, "username_kind"),
        CheckConstraint(
            "(deactivated_at IS NULL AND customer_id IS NOT NULL AND username_key IS NOT NULL"
            " AND username IS NOT NULL AND password_hash IS NOT NULL)"
            " OR (deactivated_at IS NOT NULL AND customer_id IS NULL AND username_key IS NULL"
            " AND username IS NULL AND password_hash IS NULL AND former_customer_id IS NOT NULL)",
            name="whole_or_erased",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), unique=True, nullable=True)
    username_kind: Mapped[str] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(320), nullable=True)
    username_key: Mapped[str] = mapped_column(String(320), unique=True, nullable=True)
    password_hash: Mapped[str] = mapped_column(Text, nullable=True)
    registration_id: Mapped[str | None] = mapped_column(ForeignKey("registrations.id"), unique=True)
    acknowledgement_id: Mapped[str | None] = mapped_column(ForeignKey("acknowledgements.id"))
    device_key: Mapped[str | None] = mapped_column(String(320), index=True)  # the mobile confirmed at first access
    created_at: Mapped[datetime]
    first_access_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]
    former_customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)

    customer: Mapped[Customer] = relationship(foreign_keys=[customer_id])


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
    """A signed-in session; only the SHA-256 of its token is kept, and the token changes during its life.

    `browser` and `system` are families ("Chrome", "Windows"), so that the customer knows his own; no address is kept.
    """

    __tablename__ = "sign_in_sessions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    browser: Mapped[str | None] = mapped_column(String(40))
    system: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    account: Mapped[Account] = relationship(lazy="raise")


class StepUp(Base):
    """One secure operation of one session that waits for its code (manual 9a), then for a few minutes for itself."""

    __tablename__ = "step_ups"
    __table_args__ = (
        one_of("action", STEP_UP_ACTIONS, "action"),
        one_of("status", ("waiting", "confirmed", "used"), "status"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sign_in_sessions.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(String(24))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    tries: Mapped[int] = mapped_column(default=0)  # of the present password, where the operation asks for it
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PasswordReset(Base):
    """A forgotten password. There is a row for every request: without `account_id` nobody has that username.

    Codes and attempts are counted here in both cases alike, so that no answer tells one from the other.
    """

    __tablename__ = "password_resets"
    __table_args__ = (one_of("status", ("waiting", "confirmed", "completed"), "status"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    username_hmac: Mapped[str] = mapped_column(String(64))
    address_hmac: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    codes_sent: Mapped[int] = mapped_column(default=0)
    code_sent_at: Mapped[datetime]
    attempts_used: Mapped[int] = mapped_column(default=0)  # of the newest code
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Throttle(Base):
    """Failed sign-ins of one bucket (a username from an address, a username, an address); `key_hmac` hides whose."""

    __tablename__ = "throttles"

    key_hmac: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    wait_until: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(index=True)
