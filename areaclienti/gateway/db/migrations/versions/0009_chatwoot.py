"""Chatwoot: which conversations are there too, what agents wrote there, deliveries that came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "chatwoot_links",
        sa.Column("ledger_id", sa.String(32), primary_key=True),
        sa.Column("identifier", sa.String(64), nullable=False, unique=True),
        sa.Column("contact_id", sa.BigInteger),
        sa.Column("chatwoot_id", sa.BigInteger, unique=True),
        sa.Column("sent_seq", sa.Integer, nullable=False),
        sa.Column("sent_message_id", sa.BigInteger, nullable=False),
        sa.Column("posting", sa.String(64)),
        sa.Column("posting_at", _MOMENT),
        sa.Column("noted_handover_id", sa.String(32)),
        sa.Column("noted_message_id", sa.BigInteger, nullable=False),
        sa.Column("announced_handover_id", sa.String(32)),
        sa.Column("told_handover_id", sa.String(32)),
        sa.Column("ended_handover_id", sa.String(32)),
        sa.Column("read_from", sa.BigInteger, nullable=False),
        sa.Column("read_at", _MOMENT),
        sa.Column("seen", sa.JSON),
        sa.Column("status", sa.String(16)),
        sa.Column("assignee_id", sa.BigInteger),
        sa.Column("lease", sa.String(32)),
        sa.Column("leased_until", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "chatwoot_messages",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("agent", sa.BigInteger),
        sa.Column("agent_name", sa.String(160)),
        sa.Column("text", sa.Text),
        sa.Column("has_files", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("conversation_id", "message_id", name="one_chatwoot_message"),
    )
    op.create_index("chatwoot_messages_to_do", "chatwoot_messages", ["state", "conversation_id", "message_id"])
    op.create_table(
        "chatwoot_deliveries",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("received_at", _MOMENT, nullable=False, index=True),
    )


def downgrade() -> None:
    for table in ("chatwoot_deliveries", "chatwoot_messages", "chatwoot_links"):
        op.drop_table(table)
