"""Telling our own people: what concerns whom, how each was told, and by which browsers they can be reached."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_


class Notice(SQLModel, table=True):
    """Something that somebody of ours must hear of, written in the transaction of what causes it. Nobody's data: ids only.
    kind: waiting, message, offered, assigned, task, sla, late, digest, account. `advisor_id` '' -- whoever may take it. state: open (the ladder
    looks at it again at `look_at`), alarmed (the same, and nobody could be told), told, over (it concerns nobody any more)."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_notice_conversation", "conversation_id", "created_at"),
        Index("ix_notice_handoff", "handoff_id"),
        Index(
            "ix_notice_open",
            "look_at",
            sqlite_where=text("state IN ('open', 'alarmed')"),
            postgresql_where=text("state IN ('open', 'alarmed')"),
        ),
        Index("ix_notice_created", "created_at"),
    )
    id: str = id_()
    key: str
    kind: str
    conversation_id: str = ""
    handoff_id: str = ""
    advisor_id: str = ""
    urgent: bool = False
    state: str = "open"
    step: int = 0
    created_at: int = ms_()
    look_at: int = ms_()
    told_at: int | None = ms_(nullable=True)
    alarmed_at: int | None = ms_(nullable=True)
    ended_at: int | None = ms_(nullable=True)


class Telling(SQLModel, table=True):
    """One way by which one person (or group) is told of one notice. way: desk, push, email, group, on_call. `target` -- the
    subscription, or the group. state: waiting, sending (until its lease ends), told, failed, gone, dropped (too late)."""

    __tablename__ = "telling"
    __table_args__ = (
        UniqueConstraint("notice_id", "way", "advisor_id", "target"),
        Index(
            "ix_telling_due",
            "next_at",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
        Index("ix_telling_target", "target", "told_at"),
    )
    id: str = id_()
    notice_id: str
    way: str
    advisor_id: str = ""
    target: str = ""
    state: str = "waiting"
    attempts: int = 0
    code: str = ""
    created_at: int = ms_()
    next_at: int = ms_()
    told_at: int | None = ms_(nullable=True)


class PushSubscription(SQLModel, table=True):
    """A browser that may be told while no page is open (RFC 8030). `keys_sealed` -- JSON of endpoint, p256dh, auth; `host`,
    `agent` -- for people's eyes: where it is, and what it calls itself."""

    __tablename__ = "push_subscription"
    __table_args__ = (Index("ix_push_subscription_advisor", "advisor_id"),)
    id: str = id_()
    advisor_id: str
    endpoint_blind: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    keys_sealed: bytes = blob()
    host: str = ""
    agent: str = ""
    created_at: int = ms_()
    used_at: int | None = ms_(nullable=True)


class NoticeSetting(SQLModel, table=True):
    """What a person of ours wants to hear of, and how: JSON (storage.notice_settings)."""

    __tablename__ = "notice_setting"
    advisor_id: str = id_()
    data: str = "{}"
    updated_at: int = ms_()
