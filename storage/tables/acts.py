"""What advisors do beside speaking: promises to call back, values put right, doors that a customer is given."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_, sealed


class Task(SQLModel, table=True):
    """A call that an advisor promised. state: open, done, cancelled. `rang_at` -- when its time came and it was told."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_conversation", "conversation_id"),
        Index("ix_task_due", "due_at", "id"),
        Index("ix_task_state", "state", "due_at", "id"),
        Index("ix_task_owner", "owner_id", "due_at", "id"),
        Index(
            "ix_task_open", "due_at", "id", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")
        ),
    )
    id: str = id_()
    conversation_id: str
    contact_id: str
    owner_id: str
    note_sealed: bytes | None = sealed()
    state: str = "open"
    due_at: int = ms_()
    created_by: str
    created_at: int = ms_()
    rang_at: int | None = ms_(nullable=True)
    ended_at: int | None = ms_(nullable=True)
    ended_by: str = ""


class FieldChange(SQLModel, table=True):
    """A captured value that a person, or a form, put right: append-only. `value_sealed` is JSON: before, after, raw."""

    __tablename__ = "field_change"
    __table_args__ = (Index("ix_field_change_conversation", "conversation_id", "at"),)
    id: str = id_()
    conversation_id: str
    contact_id: str
    field: str
    source: str  # desk, form
    by_id: str = ""  # the advisor who did it, or who asked for it
    value_sealed: bytes | None = sealed()
    at: int = ms_()


class Ticket(SQLModel, table=True):
    """A door for one customer, once: a form of ours, or the way to another channel. Of its token the hash is kept."""

    __tablename__ = "ticket"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_ticket_conversation", "conversation_id"))
    id: str = id_()
    kind: str  # form, move
    token_hash: bytes = blob()
    conversation_id: str
    contact_id: str
    data: str = Field(default="{}")  # form: the fields; move: the account
    created_by: str
    created_at: int = ms_()
    expires_at: int = ms_()
    opened_at: int | None = ms_(nullable=True)
    used_at: int | None = ms_(nullable=True)
