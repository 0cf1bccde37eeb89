"""Conversations: the transcript, its files, handing over, reminders."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import BigInteger, Column, Index, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import id_, ms_, sealed


class Conversation(SQLModel, table=True):
    """Contact point × time. `state_sealed` is the core's State as JSON; the plain columns are what lists need."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_last", "last_message_at", "id"),
        Index("ix_conversation_status", "status", "last_message_at"),
        Index("ix_conversation_changed", "changed_at"),
        Index("ix_conversation_point", "point_id", "opened_at"),
        Index("ix_conversation_contact", "contact_id"),
        Index("ix_conversation_team", "team", "last_message_at"),
        Index(
            "ix_conversation_assignee",
            "assignee_id",
            "last_message_at",
            "id",
            sqlite_where=text("assignee_id IS NOT NULL"),
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
    )
    id: str = id_()
    point_id: str
    contact_id: str
    account_id: str
    channel: str
    stage: str = "new"
    status: str = "open"
    assignee_id: str | None = None
    labels: str = "[]"
    test: bool = False
    lang: str = "vi"
    version: int = 0
    state_sealed: bytes | None = sealed()
    outcome: str = ""
    preview_sealed: bytes | None = sealed()  # first words of the last message, for lists
    reason_sealed: bytes | None = sealed()  # why it was closed, in the words of who closed it last
    opened_at: int = ms_()
    last_message_at: int = ms_()
    last_inbound_at: int | None = ms_(nullable=True)
    waiting_since: int | None = ms_(nullable=True)
    snoozed_until: int | None = ms_(nullable=True)
    closed_at: int | None = ms_(nullable=True)
    changed_at: int = ms_()
    seen_seq: int = Field(default=0, sa_type=BigInteger)  # read by an advisor up to here
    team: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))  # whose work it is


class Message(SQLModel, table=True):
    """The transcript. `body_sealed` is JSON: text, buttons, payload, contact, location, note. direction inbound,
    outbound or internal (a note: never sent, never in the customer's history)."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        Index("ix_message_point", "point_id", "seq"),
        Index("ix_message_external", "external_id"),
    )
    id: str = id_()
    conversation_id: str
    point_id: str
    contact_id: str
    seq: int = Field(sa_type=BigInteger)
    direction: str
    author: str  # customer, bot, advisor, system
    advisor_id: str | None = None
    kind: str = "text"
    body_sealed: bytes | None = sealed()
    external_id: str | None = None
    status: str = "received"
    error: str = ""
    route: str = ""
    event_id: str | None = None
    said_at: int = ms_()
    received_at: int = ms_()
    edited_at: int | None = ms_(nullable=True)


class Attachment(SQLModel, table=True):
    """A file in a message. state: pending, stored, refused, gone."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_message", "message_id"),
        Index("ix_attachment_contact", "contact_id"),
        Index(
            "ix_attachment_pending",
            "created_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )
    id: str = id_()
    message_id: str
    conversation_id: str
    contact_id: str
    account_id: str
    kind: str
    name_sealed: bytes | None = sealed()
    mime: str = ""
    size: int = 0
    source_sealed: bytes | None = sealed()
    state: str = "pending"
    reason: str = ""
    attempts: int = 0
    next_at: int = ms_()
    file_id: str | None = None
    created_at: int = ms_()


class File(SQLModel, table=True):
    """Bytes that we hold, sealed in the file store under their own key, which the contact's key wraps."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_contact", "contact_id"),)
    id: str = id_()
    contact_id: str | None = None
    name_sealed: bytes | None = sealed()
    mime: str
    size: int
    sha256: str
    key_sealed: bytes | None = sealed()
    purpose: str = ""
    created_by: str = ""
    created_at: int = ms_()
    deleted_at: int | None = ms_(nullable=True)


class Handoff(SQLModel, table=True):
    """A conversation asks for a human. state: waiting, taken, closed. `due_at` -- by when a person is to have been in touch,
    in working hours (handlers.sla); `escalate_at` -- when the supervisor is told, `escalated_at` -- since when he is;
    `offered_to` -- whose turn it is, until then; `passed` -- JSON list of who let it pass."""

    __tablename__ = "handoff"
    __table_args__ = (
        Index("ix_handoff_conversation", "conversation_id"),
        Index("ix_handoff_opened", "opened_at", "id"),
        Index("ix_handoff_taken", "taken_by", "taken_at"),
        Index(
            "ix_handoff_waiting",
            "priority",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_handoff_due",
            "due_at",
            sqlite_where=text("state = 'waiting' AND late_at IS NULL"),
            postgresql_where=text("state = 'waiting' AND late_at IS NULL"),
        ),
        Index(
            "ix_handoff_escalate",
            "escalate_at",
            sqlite_where=text("state = 'waiting' AND escalate_at IS NOT NULL AND escalated_at IS NULL"),
            postgresql_where=text("state = 'waiting' AND escalate_at IS NOT NULL AND escalated_at IS NULL"),
        ),
    )
    id: str = id_()
    conversation_id: str
    contact_id: str
    code: str = ""
    reason: str
    priority: int = 0
    state: str = "waiting"
    test: bool = False
    opened_at: int = ms_()
    due_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))  # by when a person
    late_at: int | None = ms_(nullable=True)  # since when it is known to be late
    taken_at: int | None = ms_(nullable=True)
    taken_by: str | None = None
    closed_at: int | None = ms_(nullable=True)
    outcome: str = ""
    first_reply_at: int | None = ms_(nullable=True)
    team: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    escalate_at: int | None = ms_(nullable=True)
    escalated_at: int | None = ms_(nullable=True)
    offered_to: str | None = None
    offered_until: int | None = ms_(nullable=True)
    passed: str = Field(default="[]", sa_column=Column(String, nullable=False, server_default="[]"))


class Timer(SQLModel, table=True):
    """A reminder of one conversation; due ones become events. One per conversation and name."""

    __tablename__ = "timer"
    __table_args__ = (UniqueConstraint("conversation_id", "name"), Index("ix_timer_due", "due_at"))
    id: str = id_()
    conversation_id: str
    point_id: str
    name: str
    due_at: int = ms_()
    data: str = "{}"
