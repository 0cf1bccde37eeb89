"""requests of those whose data we hold, what was done about each, and tables that two people let leave."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(length=26), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("legal", sa.String(), nullable=False),
        sa.Column("processor", sa.Boolean(), nullable=False),
        sa.Column("handler_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("ack_due_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("extended_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("erasure_id", sa.String(), nullable=False),
        sa.Column("emptied", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_request")),
    )
    op.create_index("ix_privacy_request_contact", "privacy_request", ["contact_id"])
    op.create_index("ix_privacy_request_conversation", "privacy_request", ["conversation_id"])
    op.create_index("ix_privacy_request_closed", "privacy_request", ["closed_at"])
    op.create_index(
        "ix_privacy_request_open", "privacy_request", ["due_at", "id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "privacy_step",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(length=26), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("emptied", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_step")),
    )
    op.create_index("ix_privacy_step_request", "privacy_step", ["request_id", "at"])
    op.create_index("ix_privacy_step_contact", "privacy_step", ["contact_id"])
    op.create_table(
        "export_ask",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("wanted_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wanted_blind", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_behind", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_ask")),
    )
    op.create_index("ix_export_ask_asked_at", "export_ask", ["asked_at"])
