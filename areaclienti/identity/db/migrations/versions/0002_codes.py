"""What the codes' purposes, limits and addresses need."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
