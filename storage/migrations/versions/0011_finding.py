"""finding: lists that people keep; why a conversation was closed; by what the figures of a period are read."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
    )
    op.create_index("ix_saved_filter_owner", "saved_filter", ["owner_id"])
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason_sealed", sa.LargeBinary(), nullable=True))
    op.create_index("ix_policy_conversation", "policy", ["conversation_id"])
    op.create_index("ix_consent_conversation", "consent", ["conversation_id"])
    answered = sa.text("answered_at IS NOT NULL")
    op.create_index(
        "ix_care_task_answered", "care_task", ["answered_at", "id"], sqlite_where=answered, postgresql_where=answered
    )
