"""a look at what is due, and at whose turn it is, walks through that and not through all that waits or ever was.

Answers of receivers that were told more than ids may hold what they were told: those are not kept any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
OPEN = "state IN ('waiting','calling')"


def upgrade() -> None:
    op.drop_index("ix_announced_open", "announced")
    op.drop_index("ix_announced_lane", "announced")
    for name, columns, condition in (
        ("ix_announced_fresh", ["subscription_id", "announcement_id"], "state = 'waiting' AND attempts = 0"),
        ("ix_announced_tried", ["subscription_id", "next_at"], f"{OPEN} AND attempts > 0"),
        ("ix_announced_lane", ["subscription_id", "lane", "announcement_id"], OPEN),
    ):
        where = sa.text(condition)
        op.create_index(name, "announced", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_handoff_taken", "handoff", ["taken_by", "taken_at"])
    op.execute(
        "UPDATE announced_try SET answer = '' WHERE answer <> ''"
        " AND subscription_id IN (SELECT id FROM subscription WHERE include <> '[]')"
    )
