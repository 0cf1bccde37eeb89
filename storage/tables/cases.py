"""Policies on their way: from the wish to the issue."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.base import id_, ms_, sealed


class PolicyCase(SQLModel, table=True):
    """One wish for one policy. `told_sealed` is JSON: premium, reason, documents; `declared_print` -- of what was declared."""

    __tablename__ = "policy_case"
    __table_args__ = (
        Index("ix_policy_case_conversation", "conversation_id"),
        Index("ix_policy_case_contact", "contact_id"),
        Index("ix_policy_case_state", "state", "id"),
    )
    id: str = id_()
    conversation_id: str
    contact_id: str
    product: str
    insurer: str = ""
    state: str
    held: str = ""
    form: str = ""
    starts_on: str = ""
    declared_print: str = ""
    told_sealed: bytes | None = sealed()
    policy_id: str | None = None
    test: bool = False
    created_by: str
    created_at: int = ms_()
    changed_at: int = ms_()
    agreed_at: int | None = ms_(nullable=True)
    sent_at: int | None = ms_(nullable=True)
    version: int = Field(default=0)


class CaseStep(SQLModel, table=True):
    """What was done about a case: append-only. `note_sealed` is JSON: the evidence, the reason, the documents."""

    __tablename__ = "case_step"
    __table_args__ = (Index("ix_case_step_case", "case_id", "at"),)
    id: str = id_()
    case_id: str
    contact_id: str
    act: str
    from_state: str
    to_state: str
    by_id: str
    note_sealed: bytes | None = sealed()
    at: int = ms_()
