"""The WhatsApp channel: who writes, what came in, what goes out; and the number that a conversation is known by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("conversations", sa.Column("mobile", sa.String(20)))
    op.create_table(
        "whatsapp_people",
        sa.Column("user_id", sa.String(140), primary_key=True),
        sa.Column("wa_id", sa.String(32), index=True),
        sa.Column("mobile", sa.String(20)),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), index=True),
        sa.Column("last_inbound_at", _MOMENT),
        sa.Column("last_message_id", sa.String(256)),
        sa.Column("sent_seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "whatsapp_inbound",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("message_id", sa.String(64), nullable=False, unique=True),
        sa.Column("user_id", sa.String(140)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False, index=True),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("state", sa.String(16), nullable=False),
    )
    op.create_index("whatsapp_inbound_to_do", "whatsapp_inbound", ["state", "user_id", "id"])
    op.create_table(
        "whatsapp_outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False, index=True),
        sa.Column("user_id", sa.String(140), nullable=False),
        sa.Column("first_seq", sa.Integer, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True)),
        sa.Column("needs_link", sa.String(32)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("leased_until", _MOMENT),
        sa.Column("wamid", sa.String(256), unique=True),
        sa.Column("error_code", sa.Integer),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT),
        sa.UniqueConstraint("conversation_id", "last_seq", "position", name="one_outgoing_a_place"),
    )
    op.create_index("whatsapp_outbox_due", "whatsapp_outbox", ["state", "next_attempt_at"])
    op.create_index("whatsapp_outbox_of_person", "whatsapp_outbox", ["user_id", "id"])


def downgrade() -> None:
    op.drop_table("whatsapp_outbox")
    op.drop_table("whatsapp_inbound")
    op.drop_table("whatsapp_people")
    op.drop_column("conversations", "mobile")
