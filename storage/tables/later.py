"""What an advisor wrote to be sent later."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index, text
from sqlmodel import SQLModel

from storage.tables.base import id_, ms_, sealed


class LaterMessage(SQLModel, table=True):
    """An advisor's words with the moment at which they are to go. `body_sealed` is JSON: text, file_ids, quote. state:
    waiting, sent, expired (it could not go: `reason`), cancelled."""

    __tablename__ = "later_message"
    __table_args__ = (
        Index("ix_later_message_conversation", "conversation_id", "due_at"),
        Index(
            "ix_later_message_due",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )
    id: str = id_()
    conversation_id: str
    contact_id: str
    advisor_id: str
    body_sealed: bytes | None = sealed()
    state: str = "waiting"
    reason: str = ""
    due_at: int = ms_()
    created_at: int = ms_()
    ended_at: int | None = ms_(nullable=True)
