"""The agents' desk: agents, handovers, every change of hands, private notes, drafts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "desk_agents",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("agency_code", sa.String(32), index=True),
        sa.Column("consultant_code", sa.String(32), unique=True),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("presence", sa.String(16), nullable=False),
        sa.Column("seen_at", _MOMENT),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("totp_sealed", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False, index=True),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("resume_step", sa.String(32), nullable=False),
        sa.Column("resume_expects", sa.String(32), nullable=False),
        sa.Column("level", sa.String(16)),
        sa.Column("consultant_code", sa.String(32)),
        sa.Column("agency_code", sa.String(32), index=True),
        sa.Column("agent_id", sa.String(32), sa.ForeignKey("desk_agents.id")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("queued_at", _MOMENT, nullable=False),
        sa.Column("level_until", _MOMENT),
        sa.Column("offered_until", _MOMENT),
        sa.Column("claimed_at", _MOMENT),
        sa.Column("first_reply_at", _MOMENT),
        sa.Column("wrap_up_until", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("outcome", sa.String(24)),
        sa.Column("rating", sa.Integer),
    )
    op.create_index(
        "one_open_handover", "handovers", ["conversation_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index("handovers_waiting", "handovers", ["state", "queued_at"])
    op.create_index("handovers_of_agent", "handovers", ["agent_id", "state"])
    op.create_table(
        "handover_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("handover_id", sa.String(32), sa.ForeignKey("handovers.id"), nullable=False, index=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("who", sa.String(32), nullable=False),
        sa.Column("agent_id", sa.String(32)),
        sa.Column("from_owner", sa.String(16), nullable=False),
        sa.Column("to_owner", sa.String(16), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.UniqueConstraint("conversation_id", "epoch", name="one_change_an_epoch"),
    )
    op.create_table(
        "desk_notes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("handover_id", sa.String(32), sa.ForeignKey("handovers.id"), nullable=False, index=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False, index=True),
        sa.Column("agent_id", sa.String(32), sa.ForeignKey("desk_agents.id"), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_table(
        "desk_drafts",
        sa.Column("handover_id", sa.String(32), sa.ForeignKey("handovers.id"), primary_key=True),
        sa.Column("agent_id", sa.String(32), sa.ForeignKey("desk_agents.id"), primary_key=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )


def downgrade() -> None:
    for table in ("desk_drafts", "desk_notes", "handover_events", "handovers", "desk_agents"):
        op.drop_table(table)
