"""Requests for new contacts, and whether the agency was told of a call back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0009"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("handovers", sa.Column("agency_told_at", _MOMENT))
    op.create_table(
        "contact_requests",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("handover_id", sa.String(32), sa.ForeignKey("handovers.id"), nullable=False, index=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False, index=True),
        sa.Column("agency_code", sa.String(32)),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("masked", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("requested_by", sa.String(32), sa.ForeignKey("desk_agents.id"), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(32), sa.ForeignKey("desk_agents.id")),
        sa.Column("decision", sa.String(8)),
        sa.Column("reason", sa.String(40)),
        sa.Column("decided_at", _MOMENT),
        sa.Column("resumed_at", _MOMENT),
    )
    op.create_index("contact_requests_state", "contact_requests", ["state", "expires_at"])


def downgrade() -> None:
    op.drop_table("contact_requests")
    op.drop_column("handovers", "agency_told_at")
