"""lists: what an advisor has, calls, questions and policies of a state are found by an index in the order in which they are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
HELD = sa.text("assignee_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_conversation_assignee",
        "conversation",
        ["assignee_id", "last_message_at", "id"],
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
    for name, table, columns in (
        ("ix_task_due", "task", ["due_at", "id"]),
        ("ix_task_state", "task", ["state", "due_at", "id"]),
        ("ix_task_owner", "task", ["owner_id", "due_at", "id"]),
        ("ix_care_task_when", "care_task", ["due_at", "id"]),
        ("ix_care_task_state", "care_task", ["state", "due_at", "id"]),
        ("ix_policy_state", "policy", ["state", "id"]),
    ):
        op.create_index(name, table, columns)
