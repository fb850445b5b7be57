"""What all tables share: the metadata with its naming, and the values that several tables allow."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.orm import DeclarativeBase

from areaclienti.identity.db.types import UtcDateTime

CUSTOMER_TYPES = ("persona", "azienda")
CONTACT_KINDS = ("email", "mobile")
POLICY_LINES = ("vita", "risparmio", "protezione", "previdenza")
ACTIVE_POLICY = "attiva"
POLICY_STATUSES = (ACTIVE_POLICY, "sospesa", "scaduta", "riscattata", "annullata")


def one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
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
