"""What the codes' purposes, limits and addresses need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PURPOSES = "'registration', 'contact_confirmation', 'first_access', 'step_up', 'password_reset'"
_ACTIVE = sa.text("status = 'active'")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_challenges()
    else:
        _alter_challenges()
    # Codes that are on their way have no HMAC of their contact: the customer asks for a new one.
    op.execute("UPDATE challenges SET status = 'replaced' WHERE status = 'active'")
    op.add_column("registrations", sa.Column("code_purpose", sa.String(length=24), nullable=True))
    op.execute("UPDATE registrations SET code_purpose = 'registration' WHERE matched_contact_id IS NOT NULL")
    op.create_table(
        "client_addresses",
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("address_hmac", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_client_addresses")),
    )
    op.create_index(op.f("ix_client_addresses_seen_at"), "client_addresses", ["seen_at"], unique=False)
    op.create_table(
        "uses_of_contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uses_of_contacts")),
    )
    op.create_index(op.f("ix_uses_of_contacts_due_at"), "uses_of_contacts", ["due_at"], unique=False)


def _alter_challenges() -> None:
    op.drop_constraint(op.f("ck_challenges_purpose"), "challenges", type_="check")
    op.alter_column("challenges", "purpose", type_=sa.String(length=24))
    op.create_check_constraint(op.f("ck_challenges_purpose"), "challenges", f"purpose IN ({_PURPOSES})")
    op.alter_column("challenges", "contact_id", nullable=True)
    op.add_column("challenges", sa.Column("contact_hmac", sa.String(length=64), nullable=False, server_default=""))
    op.alter_column("challenges", "contact_hmac", server_default=None)


def _rebuild_challenges() -> None:
    """SQLite cannot change a CHECK or a NOT NULL: the table is copied. Its name stays, so references to it do too."""
    op.create_table(
        "challenges_new",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("contact_hmac", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("code_hmac", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempts_used", sa.Integer(), nullable=False),
        sa.Column("attempts_allowed", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_challenges_channel")),
        sa.CheckConstraint(f"purpose IN ({_PURPOSES})", name=op.f("ck_challenges_purpose")),
        sa.CheckConstraint("status IN ('active', 'used', 'replaced', 'spent')", name=op.f("ck_challenges_status")),
        sa.CheckConstraint("attempts_used <= attempts_allowed", name=op.f("ck_challenges_attempts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_challenges_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
    )
    columns = (
        "id, purpose, session_id, contact_id, channel, code_hmac, status, attempts_used, attempts_allowed,"
        " created_at, expires_at"
    )
    op.execute(f"INSERT INTO challenges_new ({columns}, contact_hmac) SELECT {columns}, '' FROM challenges")
    op.drop_table("challenges")
    op.rename_table("challenges_new", "challenges")
    op.create_index(op.f("ix_challenges_session_id"), "challenges", ["session_id"], unique=False)
    op.create_index("uq_challenges_active", "challenges", ["purpose", "session_id"], unique=True, sqlite_where=_ACTIVE)


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
