"""New contacts that agents ask for and a second person confirms, beside the contacts that are on file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('requested', 'confirmed')")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("is_on_file", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "new_contacts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("registration_id", sa.String(length=40), nullable=False),
        sa.Column("conversation_id", sa.String(length=128), nullable=False),
        sa.Column("customer_code", sa.String(length=32), nullable=False),
        sa.Column("agency_code", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("masked", sa.String(length=80), nullable=False),
        sa.Column("contact_hmac", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("taken_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("take_over_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('email', 'mobile')", name=op.f("ck_new_contacts_kind")),
        sa.CheckConstraint(
            "state IN ('requested', 'confirmed', 'refused', 'void', 'replaced', 'expired', 'used')",
            name=op.f("ck_new_contacts_state"),
        ),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name=op.f("ck_new_contacts_two_people")),
        sa.CheckConstraint("state <> 'confirmed' OR decided_by IS NOT NULL", name=op.f("ck_new_contacts_decided")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_new_contacts")),
    )
    op.create_index(op.f("ix_new_contacts_conversation_id"), "new_contacts", ["conversation_id"])
    op.create_index(op.f("ix_new_contacts_expires_at"), "new_contacts", ["expires_at"])
    op.create_index(
        "uq_new_contacts_open",
        "new_contacts",
        ["registration_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
