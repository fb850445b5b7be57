"""Conversations whose retention has ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("erased_at", sa.DateTime(timezone=True)))
    op.create_index("conversations_to_erase", "conversations", ["erased_at", "updated_at"])


def downgrade() -> None:
    raise NotImplementedError("what was erased does not come back: restore a backup instead")
