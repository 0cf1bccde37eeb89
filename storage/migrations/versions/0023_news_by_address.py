"""news of messages that are not here is found beside any number of receipts, and whose name a link carried by who told it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
NEWS = sa.text("kind <> 'receipt'")
TOLD = sa.text("name_by IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_parked_news", "parked", ["point_id"], sqlite_where=NEWS, postgresql_where=NEWS)
    op.create_index("ix_contact_name_by", "contact", ["name_by"], sqlite_where=TOLD, postgresql_where=TOLD)
