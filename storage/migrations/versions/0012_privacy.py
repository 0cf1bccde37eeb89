"""privacy: erasures and what the law keeps from them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("contact_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("needles_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("proof", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index("ix_erasure_contact", "erasure", ["contact_id"])
    op.create_index("ix_erasure_running", "erasure", ["decided_at"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_table(
        "held",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("contact_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("number_blind", sa.LargeBinary(), nullable=True),
        sa.Column("file_id", sa.String(), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held")),
    )
    op.create_index("ix_held_contact", "held", ["contact_id"])
    op.create_index("ix_held_number_blind", "held", ["number_blind"])
    op.create_index("ix_held_until", "held", ["until"])
