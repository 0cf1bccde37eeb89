"""A person's rights over what we hold of him: his requests, erasures, and what the law keeps from them; tables that leave."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Column, Index, String, text
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_, sealed


class Erasure(SQLModel, table=True):
    """One person to be erased, all of it with what was merged into him. state: asked, declined, running, done.

    `step` -- the one that is next (storage.erasure_steps.STEPS); `scope` -- surrogate ids of what is his, as JSON; `needles_sealed`
    -- what must not be found afterwards, under the master key until it is done; `proof` -- what was looked at then, as JSON.
    `asked_behind` -- ids of advisors who own the credential that asked, by spaces: they do not approve it either.
    The row outlives him: it is the list that a restore applies again.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        Index(
            "ix_erasure_running",
            "decided_at",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_erasure_contact", "contact_id"),
    )
    id: str = id_()
    contact_id: str = Field(max_length=26)
    state: str = "asked"
    step: str = ""
    scope: str = "{}"
    reason: str = ""
    asked_by: str = ""
    asked_behind: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    asked_at: int = ms_()
    decided_by: str = ""
    decided_at: int = ms_()
    done_at: int | None = ms_(nullable=True)
    needles_sealed: bytes | None = sealed()
    proof: str = "{}"


class Held(SQLModel, table=True):
    """What the law keeps of a person who was erased: a copy under a key of its own, out of everybody's sight, until
    `until`. kind: policy, consents. `file_id` -- a certificate's bytes in the file store, whose key is in the copy;
    `number_blind` -- of the policy's number, so that a claim finds it."""

    __tablename__ = "held"
    __table_args__ = (
        Index("ix_held_contact", "contact_id"),
        Index("ix_held_until", "until"),
        Index("ix_held_number_blind", "number_blind"),
    )
    id: str = id_()
    contact_id: str = Field(max_length=26)
    kind: str
    object_id: str = ""
    reason: str
    until: int = ms_()
    number_blind: bytes | None = sealed()
    file_id: str | None = None
    key_sealed: bytes = blob()
    body_sealed: bytes = blob()
    created_at: int = ms_()


class PrivacyRequest(SQLModel, table=True):
    """What somebody wants done with his data, with the law's clock. `code` -- as the customer was told it; `kind`, `state`,
    `legal` -- handlers.rights; `source` chat, desk, api; `way` -- how it reached us; `words_sealed` -- his; `answer_sealed` --
    the last text that he got. The row outlives an erasure, empty: that it was asked, when, and what became of it."""

    __tablename__ = "privacy_request"
    __table_args__ = (
        Index("ix_privacy_request_contact", "contact_id"),
        Index("ix_privacy_request_conversation", "conversation_id"),
        Index("ix_privacy_request_closed", "closed_at"),
        Index(
            "ix_privacy_request_open",
            "due_at",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: str = id_()
    code: str
    contact_id: str = Field(max_length=26)
    conversation_id: str | None = None
    message_id: str | None = None
    kind: str
    source: str
    way: str
    words_sealed: bytes | None = sealed()
    state: str
    legal: str = ""
    processor: bool = False
    handler_id: str = ""
    received_at: int = ms_()
    ack_due_at: int = ms_()
    due_at: int = ms_()
    acknowledged_at: int | None = ms_(nullable=True)
    verified_at: int | None = ms_(nullable=True)
    extended_at: int | None = ms_(nullable=True)
    decided_at: int | None = ms_(nullable=True)
    closed_at: int | None = ms_(nullable=True)
    answer_sealed: bytes | None = sealed()
    erasure_id: str = ""
    emptied: bool = False
    created_by: str
    changed_at: int = ms_()
    version: int = 0


class PrivacyStep(SQLModel, table=True):
    """What was done about a request: append-only, the evidence; who says the same again adds to the line that
    tells so. `note_sealed` is JSON: words of ours about him, what he was told."""

    __tablename__ = "privacy_step"
    __table_args__ = (
        Index("ix_privacy_step_request", "request_id", "at"),
        Index("ix_privacy_step_contact", "contact_id"),
    )
    id: str = id_()
    request_id: str
    contact_id: str = Field(max_length=26)
    act: str
    from_state: str
    to_state: str
    by_id: str
    note_sealed: bytes | None = sealed()
    emptied: bool = False
    at: int = ms_()


class ExportAsk(SQLModel, table=True):
    """A table with names and numbers that somebody wants, and a second person allows. state: asked, declined, approved, used.
    `wanted_sealed` -- the question as JSON, under the master key: it may hold a name; `wanted_blind` -- of exactly that question;
    `asked_behind` -- as of an erasure."""

    __tablename__ = "export_ask"
    __table_args__ = (Index("ix_export_ask_asked_at", "asked_at"),)
    id: str = id_()
    state: str = "asked"
    purpose: str
    wanted_sealed: bytes | None = sealed()
    wanted_blind: bytes = blob()
    asked_by: str
    asked_behind: str = ""
    asked_at: int = ms_()
    decided_by: str = ""
    decided_at: int | None = ms_(nullable=True)
    used_at: int | None = ms_(nullable=True)
