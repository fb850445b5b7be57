"""Who is at the desk: sessions, sign-ins under way, throttle, invitations, the way to an OpenID provider, the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("desk_agents", sa.Column("totp_last_step", sa.BigInteger()))
    op.add_column("desk_agents", sa.Column("oidc_subject", sa.String(64)))
    op.create_index("desk_agents_oidc_subject", "desk_agents", ["oidc_subject"], unique=True)
    op.create_table(
        "desk_sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        _agent(index=True),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
        sa.Column("revoked_at", _MOMENT),
    )
    op.create_table(
        "desk_sign_ins",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        _agent(index=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("return_to", sa.String(512)),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "desk_throttle",
        sa.Column("key_hmac", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("wait_until", _MOMENT),
        sa.Column("succeeded_at", _MOMENT),
        sa.Column("updated_at", _MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "desk_invitations",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        _agent(unique=True),
        sa.Column("totp_sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "desk_oidc_starts",
        sa.Column("state_hash", sa.String(64), primary_key=True),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier_sealed", sa.Text(), nullable=False),
        sa.Column("return_to", sa.String(512)),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "desk_audit",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String(32), index=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("handover_id", sa.String(32), index=True),
        sa.Column("reason_code", sa.String(40)),
        sa.Column("previous_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    )
    _make_append_only("desk_audit")


def _agent(*, index: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(
        "agent_id", sa.String(32), sa.ForeignKey("desk_agents.id"), nullable=False, index=index, unique=unique
    )


def _make_append_only(table: str) -> None:
    """Refuses UPDATE and DELETE in the database itself, whoever asks."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_{table}()"
    )


def downgrade() -> None:
    raise NotImplementedError("the audit is append-only: restore a backup instead")
