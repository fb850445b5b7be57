"""What delivery receipts and providers need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("provider", sa.String(length=16), nullable=True))
    op.add_column("outbox", sa.Column("lost_answers", sa.Integer(), nullable=False, server_default="0"))
    # In SQL: SQLite takes a new CHECK only together with its column, and alembic sends the two apart.
    op.execute(
        "ALTER TABLE outbox ADD COLUMN delivery VARCHAR(12) CONSTRAINT ck_outbox_delivery "
        "CHECK (delivery IN ('queued', 'sent', 'undelivered', 'delivered'))"
    )
    op.add_column("outbox", sa.Column("delivery_reason", sa.String(length=40), nullable=True))
    op.add_column("outbox", sa.Column("delivery_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "provider_messages",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("outbox_id", sa.String(length=40), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_provider_messages_outbox_id_outbox")),
        sa.PrimaryKeyConstraint("provider", "provider_id", name=op.f("pk_provider_messages")),
    )
    op.create_index(op.f("ix_provider_messages_outbox_id"), "provider_messages", ["outbox_id"], unique=False)
    op.create_table(
        "receipt_counts",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "outcome", name=op.f("pk_receipt_counts")),
    )


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
