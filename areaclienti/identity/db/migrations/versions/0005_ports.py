"""What the insurer's own systems behind the ports need."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise NotImplementedError("the acknowledgements and the audit are append-only: restore a backup instead")
