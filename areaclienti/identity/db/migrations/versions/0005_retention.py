"""What erasing needs to find: whose an idempotent answer is, and what is old."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_records", sa.Column("conversation_id", sa.String(length=128), nullable=True))
    op.create_index(op.f("ix_idempotency_records_conversation_id"), "idempotency_records", ["conversation_id"])
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index(op.f("ix_challenges_expires_at"), "challenges", ["expires_at"])


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
