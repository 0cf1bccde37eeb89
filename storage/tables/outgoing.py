"""What goes out."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import id_, ms_, sealed


class Outbox(SQLModel, table=True):
    """One row a platform call. state: queued, sending, retry_wait, sent, unknown, unconfirmed, failed, expired,
    cancelled, quarantined. `boot_id` -- the process that holds it in `sending`."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("cause", "step"),
        Index(
            "ix_outbox_open",
            "point_id",
            "out_seq",
            sqlite_where=text("state IN ('queued','sending','retry_wait','unknown')"),
            postgresql_where=text("state IN ('queued','sending','retry_wait','unknown')"),
        ),
        Index("ix_outbox_message", "message_id"),
    )
    id: str = id_()
    cause: str  # id of the event (or act) that made it; with step: a handler that runs again cannot make it twice
    step: int = 0
    account_id: str
    point_id: str
    contact_id: str
    conversation_id: str
    message_id: str
    part: int = 0
    last_part: bool = True
    out_seq: int = Field(sa_type=BigInteger)
    klass: str = "A"
    purpose: str = "contact"
    state: str = "queued"
    body_sealed: bytes | None = (
        sealed()
    )  # OutboundMessage as JSON, without its file's bytes; NULL = as the message says
    not_before: int = ms_()
    not_after: int | None = ms_(nullable=True)
    attempts: int = 0
    boot_id: str = ""
    started_at: int | None = ms_(nullable=True)
    external_id: str | None = None
    error: str = ""
    created_at: int = ms_()
    done_at: int | None = ms_(nullable=True)
    version: int = 0


class Attempt(SQLModel, table=True):
    """One try of one outbox row: when, how long, what came of it."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_outbox", "outbox_id"),)
    id: str = id_()
    outbox_id: str
    number: int
    started_at: int = ms_()
    took_ms: int = 0
    outcome: str
    code: str = ""
    detail: str = ""


class DocumentLink(SQLModel, table=True):
    """An address of a file for the customer who proves that it is his (`/d/…`). `until` -- Unix ms; `opened` and `tries`
    are counted, and either at its limit ends it."""

    __tablename__ = "document_link"
    __table_args__ = (Index("ix_document_link_file", "file_id"), Index("ix_document_link_contact", "contact_id"))
    id: str = id_()
    file_id: str
    contact_id: str | None = None
    until: int = ms_()
    opened: int = 0
    tries: int = 0
    created_at: int = ms_()
