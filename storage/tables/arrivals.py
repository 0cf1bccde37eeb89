"""Accounts and what came in."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_, sealed


class Account(SQLModel, table=True):
    """One OA, page or bot. state: ok, throttled, down, auth_broken, off. `held_since` -- when its present trouble began, or
    its last one; `freed_at` -- when that ended (storage.troubles)."""

    __tablename__ = "account"
    id: str = Field(primary_key=True, max_length=80)  # channel:name
    channel: str
    name: str
    state: str = "ok"
    reason: str = ""
    paused_until: int | None = ms_(nullable=True)
    bot: bool = True
    cursor: str = ""  # polling offset, for people; the dedup key is what counts
    created_at: int = ms_()
    held_since: int | None = ms_(nullable=True)
    freed_at: int | None = ms_(nullable=True)


class Credential(SQLModel, table=True):
    """An account's tokens where they change with every use (storage.credentials). state: active, refreshing,
    needs_consent. `first_blind` -- of the configured token that it began with; `previous_sealed` -- the refresh token
    that brought this pair. Sealed under the master key, account and generation bound in."""

    __tablename__ = "credential"
    account_id: str = Field(primary_key=True, max_length=80)
    generation: int = 0
    state: str = "active"
    first_blind: bytes = blob()
    access_sealed: bytes | None = sealed()
    refresh_sealed: bytes | None = sealed()
    previous_sealed: bytes | None = sealed()
    expires_at: int = ms_()
    issued_at: int = ms_()
    changed_at: int = ms_()
    reason: str = ""


class AccountStat(SQLModel, table=True):
    """Loss accounting: deliveries = duplicates + rejected + events; events = messages + receipts + ignored +
    quarantined + pending. Written in the transactions that they count."""

    __tablename__ = "account_stat"
    account_id: str = Field(primary_key=True, max_length=80)
    deliveries: int = 0
    duplicates: int = 0
    rejected: int = 0
    events: int = 0
    messages: int = 0
    receipts: int = 0
    ignored: int = 0
    quarantined: int = 0
    pending: int = 0


class InboxEvent(SQLModel, table=True):
    """Everything that happened, once. source: platform, desk, timer, system. state: new, done, ignored, quarantined.

    `due_at` -- when the event's turn may be thought about if nothing else comes; `body_sealed` -- bytes of which the
    adapter makes the event again, under the day key `day`; emptied by retention, the row and its key stay.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("account_id", "key_hash"),
        Index(
            "ix_inbox_event_open",
            "point_id",
            "seq",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
        Index(
            "ix_inbox_event_bad",
            "received_at",
            sqlite_where=text("state = 'quarantined'"),
            postgresql_where=text("state = 'quarantined'"),
        ),
    )
    id: str = id_()
    account_id: str
    key_hash: bytes = blob()  # 16 bytes of SHA-256
    key: str | None = None  # as the platform gave it; erased with the contact
    kind: str
    source: str = "platform"
    point_id: str | None = None
    seq: int = Field(default=0, sa_type=BigInteger)  # order in the lane: from the contact point's row, not the clock
    state: str = "new"
    reason: str = ""
    attempts: int = 0
    day: int = 0  # day key of body_sealed: days since 1970
    body_sealed: bytes | None = sealed()
    body_hash: bytes = blob()  # same key, other body: a conflict
    received_at: int = ms_()
    due_at: int = ms_()
    done_at: int | None = ms_(nullable=True)
    conversation_id: str | None = None


class Parked(SQLModel, table=True):
    """News of a message that is not here yet: what it says now, that it was taken back, what became of it. kind: edit, retract,
    receipt. `ref` -- the platform's id of that message; `said_at` -- the platform's time of the
    news."""

    __tablename__ = "parked"
    __table_args__ = (
        UniqueConstraint("event_id", "ref"),
        Index("ix_parked_ref", "point_id", "ref"),
        Index(  # of a lane with thousands of receipts too, this says at once that there is none
            "ix_parked_news",
            "point_id",
            sqlite_where=text("kind <> 'receipt'"),
            postgresql_where=text("kind <> 'receipt'"),
        ),
        Index("ix_parked_since", "parked_at"),
        Index("ix_parked_contact", "contact_id"),
    )
    id: str = id_()
    event_id: str
    account_id: str
    point_id: str
    contact_id: str
    kind: str
    ref: str
    body_sealed: bytes | None = sealed()  # an edit's words, without secrets
    seq: int = Field(default=0, sa_type=BigInteger)  # of the event in its lane
    said_at: int = ms_()
    parked_at: int = ms_()


class InboundConflict(SQLModel, table=True):
    """Same key, other body: the first counts, the other is kept here for a person."""

    __tablename__ = "inbound_conflict"
    __table_args__ = (Index("ix_inbound_conflict_event", "event_id"),)
    id: str = id_()
    account_id: str
    event_id: str
    day: int = 0
    body_sealed: bytes | None = sealed()
    received_at: int = ms_()


class DayKey(SQLModel, table=True):
    """Data key of one day's raw bodies; destroyed after 30 days."""

    __tablename__ = "day_key"
    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    wrapped: bytes | None = sealed()
    created_at: int = ms_()
    destroyed_at: int | None = ms_(nullable=True)
