"""telling our own people: notices, how each was told, browsers, what everybody wants to hear of."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
OPEN = sa.text("state IN ('open', 'alarmed')")
DUE = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("handoff_id", sa.String(), nullable=False),
        sa.Column("advisor_id", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("alarmed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_conversation", ["conversation_id", "created_at"], unique=False)
        batch_op.create_index("ix_notice_handoff", ["handoff_id"], unique=False)
        batch_op.create_index("ix_notice_open", ["look_at"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.create_index("ix_notice_created", ["created_at"], unique=False)
    op.create_table(
        "telling",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("advisor_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telling")),
        sa.UniqueConstraint(
            "notice_id", "way", "advisor_id", "target", name=op.f("uq_telling_notice_id_way_advisor_id_target")
        ),
    )
    with op.batch_alter_table("telling", schema=None) as batch_op:
        batch_op.create_index("ix_telling_due", ["next_at"], unique=False, sqlite_where=DUE, postgresql_where=DUE)
        batch_op.create_index("ix_telling_target", ["target", "told_at"], unique=False)
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("advisor_id", sa.String(), nullable=False),
        sa.Column("endpoint_blind", sa.LargeBinary(), nullable=False),
        sa.Column("keys_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("endpoint_blind", name=op.f("uq_push_subscription_endpoint_blind")),
    )
    with op.batch_alter_table("push_subscription", schema=None) as batch_op:
        batch_op.create_index("ix_push_subscription_advisor", ["advisor_id"], unique=False)
    op.create_table(
        "notice_setting",
        sa.Column("advisor_id", sa.String(length=26), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("advisor_id", name=op.f("pk_notice_setting")),
    )
