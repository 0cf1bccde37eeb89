"""news of a message that is not here yet waits for it, and what a link carried from one chat into another says whose it is."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parked",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("point_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("parked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked")),
        sa.UniqueConstraint("event_id", "ref", name=op.f("uq_parked_event_id_ref")),
    )
    op.create_index("ix_parked_ref", "parked", ["point_id", "ref"])
    op.create_index("ix_parked_since", "parked", ["parked_at"])
    op.create_index("ix_parked_contact", "parked", ["contact_id"])
    op.add_column("contact", sa.Column("name_by", sa.String(), nullable=True))
    op.add_column("contact_value", sa.Column("told_by", sa.String(), nullable=True))
    told = sa.text("told_by IS NOT NULL")
    op.create_index("ix_contact_value_told", "contact_value", ["told_by"], sqlite_where=told, postgresql_where=told)
