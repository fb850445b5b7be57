"""What password reset, deactivation and step-up need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WHOLE_OR_ERASED = (
    "(deactivated_at IS NULL AND customer_id IS NOT NULL AND username_key IS NOT NULL"
    " AND username IS NOT NULL AND password_hash IS NOT NULL)"
    " OR (deactivated_at IS NOT NULL AND customer_id IS NULL AND username_key IS NULL"
    " AND username IS NULL AND password_hash IS NULL AND former_customer_id IS NOT NULL)"
)


def upgrade() -> None:
    _let_accounts_be_deactivated()
    _name_sessions()
    op.create_table(
        "step_ups",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action IN ('change_password', 'end_other_sessions', 'deactivate')", name=op.f("ck_step_ups_action")
        ),
        sa.CheckConstraint("status IN ('waiting', 'confirmed', 'used')", name=op.f("ck_step_ups_status")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_step_ups_contact_id_contacts")),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sign_in_sessions.id"],
            name=op.f("fk_step_ups_session_id_sign_in_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_ups")),
    )
    op.create_index(op.f("ix_step_ups_expires_at"), "step_ups", ["expires_at"], unique=False)
    op.create_index(op.f("ix_step_ups_session_id"), "step_ups", ["session_id"], unique=False)
    op.create_table(
        "password_resets",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("username_hmac", sa.String(length=64), nullable=False),
        sa.Column("address_hmac", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("codes_sent", sa.Integer(), nullable=False),
        sa.Column("code_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts_used", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'confirmed', 'completed')", name=op.f("ck_password_resets_status")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_password_resets_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_password_resets_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_resets")),
    )
    op.create_index(op.f("ix_password_resets_account_id"), "password_resets", ["account_id"], unique=False)
    op.create_index(op.f("ix_password_resets_expires_at"), "password_resets", ["expires_at"], unique=False)


def _let_accounts_be_deactivated() -> None:
    # On SQLite the table is copied, and a copy keeps no CHECK by itself.
    kinds = sa.CheckConstraint("username_kind IN ('email', 'mobile')", name=op.f("ck_accounts_username_kind"))
    with op.batch_alter_table("accounts", table_args=(kinds,)) as accounts:
        accounts.add_column(sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True))
        accounts.add_column(sa.Column("former_customer_id", sa.Integer(), nullable=True))
        accounts.alter_column("customer_id", existing_type=sa.Integer(), nullable=True)
        accounts.alter_column("username", existing_type=sa.String(length=320), nullable=True)
        accounts.alter_column("username_key", existing_type=sa.String(length=320), nullable=True)
        accounts.alter_column("password_hash", existing_type=sa.Text(), nullable=True)
        accounts.create_foreign_key(
            op.f("fk_accounts_former_customer_id_customers"), "customers", ["former_customer_id"], ["id"]
        )
        accounts.create_check_constraint(op.f("ck_accounts_whole_or_erased"), _WHOLE_OR_ERASED)
    op.create_index(op.f("ix_accounts_former_customer_id"), "accounts", ["former_customer_id"], unique=False)


def _name_sessions() -> None:
    """Sessions get an id beside their token, which changes. Those that are open end: customers sign in once more."""
    op.drop_table("sign_in_sessions")
    op.create_table(
        "sign_in_sessions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=True),
        sa.Column("system", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_in_sessions_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_sessions")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_sign_in_sessions_token_sha256")),
    )
    op.create_index(op.f("ix_sign_in_sessions_account_id"), "sign_in_sessions", ["account_id"], unique=False)
    op.create_index(op.f("ix_sign_in_sessions_expires_at"), "sign_in_sessions", ["expires_at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
