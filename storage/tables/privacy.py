"""A person's rights over what we hold of him: erasures, and what the law keeps from them."""

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
