"""figures: requests for a person by when they came."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_handoff_opened", "handoff", ["opened_at", "id"])
