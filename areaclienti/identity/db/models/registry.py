"""What the agencies hold on file: customers, their contacts and policies, consultants and agencies."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from areaclienti.identity.db.models.base import (
    CONTACT_KINDS,
    CUSTOMER_TYPES,
    POLICY_LINES,
    POLICY_STATUSES,
    Base,
    one_of,
)


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
        one_of("type", CUSTOMER_TYPES, "type"),
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

    `is_device` marks the "recapito dispositivo" (manual 4a): nobody else may take it as a username. One that is not
    `is_on_file` was asked for at the agents' desk and is the customer's in one registration alone: no look-up of the
    registry finds it.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("customer_id", "key"),
        one_of("kind", CONTACT_KINDS, "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(320))
    key: Mapped[str] = mapped_column(String(320), index=True)
    is_device: Mapped[bool] = mapped_column(default=False)
    is_on_file: Mapped[bool] = mapped_column(default=True, server_default=true())

    customer: Mapped[Customer] = relationship(back_populates="contacts")


class Policy(Base):
    """A policy. Only `attiva` gives the right to register (manual A, B)."""

    __tablename__ = "policies"
    __table_args__ = (
        one_of("line", POLICY_LINES, "line"),
        one_of("status", POLICY_STATUSES, "status"),
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
