"""One-time links for secrets, and the count of a conversation's steps that they are bound to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("conversations", sa.Column("step_epoch", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "one_time_links",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column(
            "conversation_id", sa.String(32), sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("step_epoch", sa.Integer, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
        sa.Column("claimed_until", _MOMENT),
        sa.UniqueConstraint("conversation_id", "purpose", name="one_link_a_purpose"),
    )


def downgrade() -> None:
    op.drop_table("one_time_links")
    op.drop_column("conversations", "step_epoch")
