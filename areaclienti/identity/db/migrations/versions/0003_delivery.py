"""What delivery receipts and providers need."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
