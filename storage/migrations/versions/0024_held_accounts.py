"""since when an account does not work, and when it last worked again."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("held_since", sa.BigInteger(), nullable=True))
    op.add_column("account", sa.Column("freed_at", sa.BigInteger(), nullable=True))
