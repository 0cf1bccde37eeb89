"""intake: by when a person is to be in touch, calls tried, screening, duplicates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
FIRST_MS = 15 * 60_000  # who waits already: as people at the desk were told until now
WAITING = "state = 'waiting'"


def upgrade() -> None:
    with op.batch_alter_table("handoff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("late_at", sa.BigInteger(), nullable=True))
        batch_op.drop_index("ix_handoff_waiting")
    op.execute(sa.text("UPDATE handoff SET due_at = opened_at + :first").bindparams(first=FIRST_MS))
    with op.batch_alter_table("handoff", schema=None) as batch_op:
        batch_op.create_index(
            "ix_handoff_waiting",
            ["priority", "due_at"],
            unique=False,
            sqlite_where=sa.text(WAITING),
            postgresql_where=sa.text(WAITING),
        )
        batch_op.create_index(
            "ix_handoff_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text(f"{WAITING} AND late_at IS NULL"),
            postgresql_where=sa.text(f"{WAITING} AND late_at IS NULL"),
        )

    op.create_table(
        "contact_attempt",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attempt")),
    )
    op.create_index("ix_contact_attempt_conversation", "contact_attempt", ["conversation_id", "at"], unique=False)

    op.create_table(
        "screening",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
    )
    op.create_index("ix_screening_conversation", "screening", ["conversation_id", "at"], unique=False)

    op.create_table(
        "duplicate",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("one_id", sa.String(length=26), nullable=False),
        sa.Column("other_id", sa.String(length=26), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate")),
        sa.UniqueConstraint("one_id", "other_id", name=op.f("uq_duplicate_one_id_other_id")),
    )
    op.create_index("ix_duplicate_other", "duplicate", ["other_id"], unique=False)
    op.create_index(
        "ix_duplicate_open",
        "duplicate",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
