"""The tables of the identity service; their UNIQUE and CHECK constraints carry the rules that races would break."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from areaclienti.identity.db.types import UtcDateTime

CUSTOMER_TYPES = ("persona", "azienda")
CONTACT_KINDS = ("email", "mobile")
POLICY_LINES = ("vita", "risparmio", "protezione", "previdenza")
ACTIVE_POLICY = "attiva"
POLICY_STATUSES = (ACTIVE_POLICY, "sospesa", "scaduta", "riscattata", "annullata")


def _one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime()}


# --- The registry: what the agencies hold on file -------------------------------------------------------------------


class Agency(Base):
    """An agency of the insurer; `code` is its stable key across imports."""

    __tablename__ = "agencies"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    address: Mapped[str | None] = mapped_column(String(240))
    city: Mapped[str | None] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(254))

    consultants: Mapped[list[Consultant]] = relationship(back_populates="agency")


class Consultant(Base):
    """The customer's "Consulente di fiducia"; `code` is its stable key across imports."""

    __tablename__ = "consultants"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(254))

    agency: Mapped[Agency] = relationship(back_populates="consultants")


class Customer(Base):
    """A customer on file. `code` is the insurer's customer number, the stable key across imports.

    A `persona` has `given_name` and `family_name`, an `azienda` has `company_name`. The `*_key` columns are what
    `areaclienti.domain.names.canonical_name` and `areaclienti.domain.companies.canonical_company` give for them. Tax
    codes are upper-case, without blanks or the "IT" prefix; a sole trader and his firm may share one.
    """

    __tablename__ = "customers"
    __table_args__ = (
        _one_of("type", CUSTOMER_TYPES, "type"),
        CheckConstraint(
            "(type = 'persona' AND given_name IS NOT NULL AND family_name IS NOT NULL)"
            " OR (type = 'azienda' AND company_name IS NOT NULL)",
            name="named",
        ),
        Index("ix_customers_person_key", "family_key", "given_key"),
        Index("ix_customers_company_key", "company_key", "legal_form_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    type: Mapped[str] = mapped_column(String(8))
    given_name: Mapped[str | None] = mapped_column(String(80))
    family_name: Mapped[str | None] = mapped_column(String(80))
    company_name: Mapped[str | None] = mapped_column(String(160))
    given_key: Mapped[str | None] = mapped_column(String(160))
    family_key: Mapped[str | None] = mapped_column(String(160))
    company_key: Mapped[str | None] = mapped_column(String(240))
    legal_form_key: Mapped[str | None] = mapped_column(String(32))
    codice_fiscale: Mapped[str | None] = mapped_column(String(16), index=True)
    partita_iva: Mapped[str | None] = mapped_column(String(11), index=True)
    consultant_id: Mapped[int | None] = mapped_column(ForeignKey("consultants.id"), index=True)

    consultant: Mapped[Consultant | None] = relationship()
    contacts: Mapped[list[Contact]] = relationship(back_populates="customer", order_by="Contact.id")
    policies: Mapped[list[Policy]] = relationship(back_populates="customer", order_by="Policy.started_on")


class Contact(Base):
    """An e-mail address or an Italian mobile on file. `key` is `areaclienti.domain.contacts.Contact.key`.

    `is_device` marks the "recapito dispositivo" (manual 4a): nobody else may take it as a username.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("customer_id", "key"),
        _one_of("kind", CONTACT_KINDS, "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(320))
    key: Mapped[str] = mapped_column(String(320), index=True)
    is_device: Mapped[bool] = mapped_column(default=False)

    customer: Mapped[Customer] = relationship(back_populates="contacts")


class Policy(Base):
    """A policy. Only `attiva` gives the right to register (manual A, B)."""

    __tablename__ = "policies"
    __table_args__ = (
        _one_of("line", POLICY_LINES, "line"),
        _one_of("status", POLICY_STATUSES, "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    product: Mapped[str] = mapped_column(String(120))
    line: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    started_on: Mapped[date]
    expires_on: Mapped[date | None]
    annual_premium_cents: Mapped[int]

    customer: Mapped[Customer] = relationship(back_populates="policies")


# --- Privacy notice: append-only, enforced by triggers --------------------------------------------------------------


class PrivacyNotice(Base):
    """One exact text of the notice, addressed by the SHA-256 of its UTF-8 bytes."""

    __tablename__ = "privacy_notices"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(32), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    text: Mapped[str] = mapped_column(Text)
    published_on: Mapped[date]


class Acknowledgement(Base):
    """That one conversation has seen one exact text of the notice (a notice seen, not a consent: manual 5a)."""

    __tablename__ = "acknowledgements"
    __table_args__ = (UniqueConstraint("conversation_id", "sha256"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(128))
    channel: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(ForeignKey("privacy_notices.sha256"))
    acknowledged_at: Mapped[datetime]


# --- Registration ---------------------------------------------------------------------------------------------------


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
    choice of section C; `identified_customer_id` by an exact tax code with a compatible name (manual 2c).
    """

    __tablename__ = "registrations"
    __table_args__ = (_one_of("status", ("open", "completed", "expired"), "status"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(128), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(12), default="open")
    acknowledgement_id: Mapped[str] = mapped_column(ForeignKey("acknowledgements.id"))
    password_hash: Mapped[str | None] = mapped_column(Text)
    claims_sealed: Mapped[str | None] = mapped_column(Text)
    matched_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    identified_customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    tax_code_tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Account(Base):
    """A customer's access. One for each customer, one for each username, one for each registration."""

    __tablename__ = "accounts"
    __table_args__ = (_one_of("username_kind", CONTACT_KINDS, "username_kind"),)

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


class Challenge(Base):
    """A six-digit code that was sent. Only its HMAC is kept; `session_id` is a registration's or a sign-in's id."""

    __tablename__ = "challenges"
    __table_args__ = (
        _one_of("purpose", ("registration", "first_access"), "purpose"),
        _one_of("channel", ("email", "sms"), "channel"),
        _one_of("status", ("active", "used", "replaced", "spent"), "status"),
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


# --- Delivery -------------------------------------------------------------------------------------------------------


class OutboxMessage(Base):
    """A message to send, written in the transaction that needs it. Its id is the provider's idempotency key.

    `sealed` holds the template's parameters (the code among them), encrypted, and is erased once sent or dropped.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _one_of("channel", ("email", "sms"), "channel"),
        _one_of("status", ("pending", "claimed", "sent", "dropped"), "status"),
        Index("ix_outbox_due", "status", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    challenge_id: Mapped[str | None] = mapped_column(ForeignKey("challenges.id"), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    template: Mapped[str] = mapped_column(String(40))
    destination: Mapped[str | None] = mapped_column(String(320))
    sealed: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(40))


class MailboxMessage(Base):
    """What the embedded default "sends": a local mailbox, never used with live delivery."""

    __tablename__ = "mailbox_messages"
    __table_args__ = (_one_of("channel", ("email", "sms"), "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[str] = mapped_column(ForeignKey("outbox.id"), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str | None] = mapped_column(String(240))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime]


# --- Sign-in --------------------------------------------------------------------------------------------------------


class SignIn(Base):
    """A sign-in whose password was right and that waits for the code of the first access (manual 9a)."""

    __tablename__ = "sign_ins"
    __table_args__ = (_one_of("status", ("waiting", "completed"), "status"),)

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


# --- Records --------------------------------------------------------------------------------------------------------


class IdempotencyRecord(Base):
    """The answer already given to one key on one path in one conversation, stored with the effect it reports."""

    __tablename__ = "idempotency_records"

    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hmac: Mapped[str] = mapped_column(String(64))
    response: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """What happened, as reason codes and ids, never values. Append-only; each row's hash covers the row before it."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(40))  # id of a registration, a sign-in or an account
    conversation_id: Mapped[str | None] = mapped_column(String(128))
    previous_sha256: Mapped[str] = mapped_column(String(64), unique=True)  # one successor each: the chain cannot fork
    sha256: Mapped[str] = mapped_column(String(64), unique=True)


APPEND_ONLY_TABLES = ("privacy_notices", "acknowledgements", "audit")
