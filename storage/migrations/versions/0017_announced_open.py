"""what is still to be told outside is found in its order, however much was told before."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
OPEN = sa.text("state IN ('waiting','calling')")


def upgrade() -> None:
    op.create_index(
        "ix_announced_open",
        "announced",
        ["subscription_id", "announcement_id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
