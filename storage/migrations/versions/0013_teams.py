"""teams: who takes what and when; a handoff's team, its offers and its way to the supervisor."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
ESCALATES = "state = 'waiting' AND escalate_at IS NOT NULL AND escalated_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_minutes", sa.Integer(), nullable=False),
        sa.Column("next_minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.String(length=26), nullable=False),
        sa.Column("advisor_id", sa.String(length=26), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "advisor_id", name=op.f("pk_team_member")),
    )
    op.create_index("ix_team_member_advisor", "team_member", ["advisor_id"])
    op.create_table(
        "agent_certificate",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("advisor_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("insurer", sa.String(), nullable=False),
        sa.Column("products", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=False),
        sa.Column("swept_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_certificate")),
    )
    op.create_index("ix_agent_certificate_advisor", "agent_certificate", ["advisor_id"])
    op.create_table(
        "shift",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("weekday", sa.String(), nullable=False),
        sa.Column("begins", sa.String(), nullable=False),
        sa.Column("ends", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    op.create_index("ix_shift_owner", "shift", ["owner"])
    op.create_table(
        "holiday",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holiday")),
    )
    op.create_table(
        "availability",
        sa.Column("advisor_id", sa.String(length=26), nullable=False),
        sa.Column("away_at", sa.BigInteger(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("advisor_id", name=op.f("pk_availability")),
    )
    op.add_column("conversation", sa.Column("team", sa.String(), server_default="", nullable=False))
    op.create_index("ix_conversation_team", "conversation", ["team", "last_message_at"])
    op.add_column("handoff", sa.Column("team", sa.String(), server_default="", nullable=False))
    op.add_column("handoff", sa.Column("escalate_at", sa.BigInteger(), nullable=True))
    op.add_column("handoff", sa.Column("escalated_at", sa.BigInteger(), nullable=True))
    op.add_column("handoff", sa.Column("offered_to", sa.String(), nullable=True))
    op.add_column("handoff", sa.Column("offered_until", sa.BigInteger(), nullable=True))
    op.add_column("handoff", sa.Column("passed", sa.String(), server_default="[]", nullable=False))
    op.create_index(
        "ix_handoff_escalate",
        "handoff",
        ["escalate_at"],
        sqlite_where=sa.text(ESCALATES),
        postgresql_where=sa.text(ESCALATES),
    )
