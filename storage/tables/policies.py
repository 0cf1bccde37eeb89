"""Policies, their delivery, the care that follows."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from storage.tables.base import blob, id_, ms_, sealed


class Policy(SQLModel, table=True):
    """An insurance contract issued through us. state: issued, delivered, active, expired, cancelled. Policy data is
    treated as sensitive: the number is sealed, with a blind index."""

    __tablename__ = "policy"
    __table_args__ = (
        UniqueConstraint("insurer", "number_blind"),
        Index("ix_policy_contact", "contact_id"),
        Index("ix_policy_conversation", "conversation_id"),
        Index("ix_policy_state", "state", "id"),
    )
    id: str = id_()
    contact_id: str
    conversation_id: str
    insurer: str
    product: str
    number_sealed: bytes | None = sealed()
    number_blind: bytes = blob()
    starts_on: str = ""  # ISO dates
    ends_on: str = ""
    premium_sealed: bytes | None = sealed()
    document_id: str | None = None
    state: str = "issued"
    test: bool = False
    created_by: str = ""
    issued_at: int = ms_()
    delivered_at: int | None = ms_(nullable=True)
    version: int = 0


class PolicyDelivery(SQLModel, table=True):
    """One way a certificate goes out. means: chat, email, pickup_ibaohiem, pickup_insurer, courier. state: to_send,
    sent, delivered, confirmed, failed."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_policy", "policy_id"), Index("ix_delivery_message", "message_id"))
    id: str = id_()
    policy_id: str
    contact_id: str
    means: str
    state: str = "to_send"
    route: str = ""
    reason: str = ""
    message_id: str | None = None
    document_sha256: str = ""
    created_by: str = ""
    created_at: int = ms_()
    sent_at: int | None = ms_(nullable=True)
    delivered_at: int | None = ms_(nullable=True)
    confirmed_at: int | None = ms_(nullable=True)


class CareTask(SQLModel, table=True):
    """One touch of the care plan. state: planned, sent, answered, skipped, expired, cancelled. Fires at most once:
    the key is policy + kind + anchor."""

    __tablename__ = "care_task"
    __table_args__ = (
        UniqueConstraint("policy_id", "kind", "anchor"),
        Index("ix_care_task_when", "due_at", "id"),
        Index("ix_care_task_state", "state", "due_at", "id"),
        Index(
            "ix_care_task_due",
            "due_at",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
        Index(
            "ix_care_task_answered",
            "answered_at",
            "id",
            sqlite_where=text("answered_at IS NOT NULL"),
            postgresql_where=text("answered_at IS NOT NULL"),
        ),
    )
    id: str = id_()
    policy_id: str
    contact_id: str
    kind: str  # received, survey
    anchor: str
    due_at: int = ms_()
    state: str = "planned"
    fired: bool = False  # its event is in the inbox
    route: str = ""
    reason: str = ""
    answer_sealed: bytes | None = sealed()
    sent_at: int | None = ms_(nullable=True)
    answered_at: int | None = ms_(nullable=True)
