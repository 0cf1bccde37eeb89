"""What intake people do with a lead: calls they tried, what screening found, records that may be one person."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import id_, ms_, sealed


class ContactAttempt(SQLModel, table=True):
    """Somebody tried to reach the customer. `next_at` -- when the next try was planned then; append-only."""

    __tablename__ = "contact_attempt"
    __table_args__ = (Index("ix_contact_attempt_conversation", "conversation_id", "at"),)
    id: str = id_()
    conversation_id: str
    contact_id: str
    number: int  # of those that failed in a row, this one included; 0 = it reached him
    result: str  # reached, no_answer, busy, wrong_number
    note_sealed: bytes | None = sealed()
    by_id: str
    next_at: int | None = ms_(nullable=True)
    at: int = ms_()


class Screening(SQLModel, table=True):
    """What was found out before the case goes to advice (R-SCR); append-only, the last one counts. by_id '' = the
    bot, of what the customer confirmed."""

    __tablename__ = "screening"
    __table_args__ = (Index("ix_screening_conversation", "conversation_id", "at"),)
    id: str = id_()
    conversation_id: str
    contact_id: str
    outcome: str  # need, no_need, spam
    answers_sealed: bytes | None = sealed()
    by_id: str = ""
    at: int = ms_()


class Duplicate(SQLModel, table=True):
    """Two contacts that share a phone or an e-mail: offered to people, never merged by itself. state: open, dismissed,
    merged. `one_id` < `other_id`, so that a pair is offered once for ever."""

    __tablename__ = "duplicate"
    __table_args__ = (
        UniqueConstraint("one_id", "other_id"),
        Index("ix_duplicate_other", "other_id"),
        Index(
            "ix_duplicate_open",
            "created_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )
    id: str = id_()
    one_id: str = Field(max_length=26)
    other_id: str = Field(max_length=26)
    reason: str  # phone, email
    state: str = "open"
    decided_by: str | None = None
    decided_at: int | None = ms_(nullable=True)
    created_at: int = ms_()
