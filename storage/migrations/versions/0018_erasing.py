"""what is somebody's is found without looking through whole tables; who is behind a wish to erase him."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_announcement_lane", "announcement", ["lane"])
    op.create_index("ix_attachment_contact", "attachment", ["contact_id"])
    op.create_index("ix_document_link_contact", "document_link", ["contact_id"])
    op.create_index("ix_inbound_conflict_event", "inbound_conflict", ["event_id"])
    op.create_index("ix_policy_case_contact", "policy_case", ["contact_id"])
    op.create_index("ix_web_session_thread", "web_session", ["account_id", "thread"])
    op.add_column("erasure", sa.Column("asked_behind", sa.String(), nullable=False, server_default=""))
