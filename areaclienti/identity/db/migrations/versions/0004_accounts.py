"""What password reset, deactivation and step-up need."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
