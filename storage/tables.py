"""Every table, as SQLModel. Queries are Core statements or plain SQL beside the few functions that need them.

Columns `*_at`, `due`, `until` are UTC milliseconds (storage.times); `*_sealed` are AES-256-GCM under the contact's
data key or a day key (storage.seal); `*_blind` are keyed HMACs for exact look-up. Values that only we read back as a
whole are JSON text. Words are those of docs/glossary.md.
"""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata


def _id() -> Any:
    return Field(primary_key=True, max_length=26)


def _ms(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None if nullable else 0, sa_column=Column(BigInteger, nullable=nullable, index=index))


def _sealed() -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))


def _blob() -> Any:
    return Field(sa_column=Column(LargeBinary, nullable=False))


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


# ---- accounts and what came in


class Account(SQLModel, table=True):
    """One OA, page or bot. state: ok, throttled, auth_broken, off."""

    __tablename__ = "account"
    id: str = Field(primary_key=True, max_length=80)  # channel:name
    channel: str
    name: str
    state: str = "ok"
    reason: str = ""
    paused_until: int | None = _ms(nullable=True)
    bot: bool = True
    cursor: str = ""  # polling offset, for people; the dedup key is what counts
    created_at: int = _ms()


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
    id: str = _id()
    account_id: str
    key_hash: bytes = _blob()  # 16 bytes of SHA-256
    key: str | None = None  # as the platform gave it; erased with the contact
    kind: str
    source: str = "platform"
    point_id: str | None = None
    seq: int = Field(default=0, sa_type=BigInteger)  # order in the lane: from the contact point's row, not the clock
    state: str = "new"
    reason: str = ""
    attempts: int = 0
    day: int = 0  # day key of body_sealed: days since 1970
    body_sealed: bytes | None = _sealed()
    body_hash: bytes = _blob()  # same key, other body: a conflict
    received_at: int = _ms()
    due_at: int = _ms()
    done_at: int | None = _ms(nullable=True)
    conversation_id: str | None = None


class InboundConflict(SQLModel, table=True):
    """Same key, other body: the first counts, the other is kept here for a person."""

    __tablename__ = "inbound_conflict"
    id: str = _id()
    account_id: str
    event_id: str
    day: int = 0
    body_sealed: bytes | None = _sealed()
    received_at: int = _ms()


class DayKey(SQLModel, table=True):
    """Data key of one day's raw bodies; destroyed after 30 days."""

    __tablename__ = "day_key"
    day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    wrapped: bytes | None = _sealed()
    created_at: int = _ms()
    destroyed_at: int | None = _ms(nullable=True)


# ---- people


class Contact(SQLModel, table=True):
    """A person."""

    __tablename__ = "contact"
    __table_args__ = (
        Index(
            "ix_contact_merged_into",
            "merged_into",
            sqlite_where=text("merged_into IS NOT NULL"),
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
    )
    id: str = _id()
    name_sealed: bytes | None = _sealed()
    salutation: str = ""
    lang: str = "vi"
    test: bool = False
    ads_off: bool = False  # switched off by the customer, on whatever channel: read in the sending transaction
    reminders_off: bool = False
    merged_into: str | None = None
    version: int = 0
    created_at: int = _ms()
    updated_at: int = _ms()
    erased_at: int | None = _ms(nullable=True)


class ContactKey(SQLModel, table=True):
    """The contact's data key, wrapped by the master key. Destroying it erases the contact, backups included."""

    __tablename__ = "contact_key"
    contact_id: str = _id()
    wrapped: bytes = _blob()
    created_at: int = _ms()


class ContactValue(SQLModel, table=True):
    """A phone (E.164) or e-mail of a contact, with where it came from."""

    __tablename__ = "contact_value"
    __table_args__ = (
        UniqueConstraint("contact_id", "kind", "value_blind"),
        Index("ix_contact_value_blind", "value_blind"),
    )
    id: str = _id()
    contact_id: str
    kind: str  # phone, email
    value_sealed: bytes | None = _sealed()
    value_blind: bytes = _blob()
    source: str = ""  # channel or advisor id
    confirmed: bool = False
    created_at: int = _ms()


class ContactPoint(SQLModel, table=True):
    """That person's address on one account; also the lane in which his events are ordered.

    `seq` counts its events, `message_seq` its messages, `out_seq` its sends. No contact before the first turn.
    """

    __tablename__ = "contact_point"
    __table_args__ = (UniqueConstraint("account_id", "thread"), Index("ix_contact_point_contact", "contact_id"))
    id: str = _id()
    account_id: str
    thread: str  # the platform's own id of the person or chat
    contact_id: str | None = None
    conversation_id: str | None = None  # the current or last one
    seq: int = Field(default=0, sa_type=BigInteger)
    message_seq: int = Field(default=0, sa_type=BigInteger)
    out_seq: int = Field(default=0, sa_type=BigInteger)
    name_sealed: bytes | None = _sealed()  # display name
    reachable: bool = True
    unreachable_reason: str = ""
    last_inbound_at: int | None = _ms(nullable=True)
    created_at: int = _ms()


class WebSession(SQLModel, table=True):
    """A web chat visitor's token (hashed), bound to one thread; 30 days sliding."""

    __tablename__ = "web_session"
    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: str
    thread: str
    created_at: int = _ms()
    seen_at: int = _ms()


class Consent(SQLModel, table=True):
    """Evidence, append-only: purpose, state, which text (key, version, hash), on which message, through what."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_contact", "contact_id", "at"),)
    id: str = _id()
    contact_id: str
    conversation_id: str | None = None
    purpose: str  # C1 contact, C2 application, C3 sensitive, C4 advertising
    state: str  # asked, given, refused, unclear, withdrawn
    text_key: str = ""
    text_version: str = ""
    text_hash: str = ""
    lang: str = ""
    channel: str = ""
    account_id: str = ""
    message_id: str | None = None
    external_id: str = ""
    said_sealed: bytes | None = _sealed()
    at: int = _ms()


# ---- conversations


class Conversation(SQLModel, table=True):
    """Contact point × time. `state_sealed` is the core's State as JSON; the plain columns are what lists need."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_last", "last_message_at", "id"),
        Index("ix_conversation_status", "status", "last_message_at"),
        Index("ix_conversation_changed", "changed_at"),
        Index("ix_conversation_point", "point_id", "opened_at"),
        Index("ix_conversation_contact", "contact_id"),
    )
    id: str = _id()
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
    state_sealed: bytes | None = _sealed()
    outcome: str = ""
    preview_sealed: bytes | None = _sealed()  # first words of the last message, for lists
    opened_at: int = _ms()
    last_message_at: int = _ms()
    last_inbound_at: int | None = _ms(nullable=True)
    waiting_since: int | None = _ms(nullable=True)
    snoozed_until: int | None = _ms(nullable=True)
    closed_at: int | None = _ms(nullable=True)
    changed_at: int = _ms()
    seen_seq: int = Field(default=0, sa_type=BigInteger)  # read by an advisor up to here


class Message(SQLModel, table=True):
    """The transcript. `body_sealed` is JSON: text, buttons, payload, contact, location, note. direction inbound,
    outbound or internal (a note: never sent, never in the customer's history)."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        Index("ix_message_point", "point_id", "seq"),
        Index("ix_message_external", "external_id"),
    )
    id: str = _id()
    conversation_id: str
    point_id: str
    contact_id: str
    seq: int = Field(sa_type=BigInteger)
    direction: str
    author: str  # customer, bot, advisor, system
    advisor_id: str | None = None
    kind: str = "text"
    body_sealed: bytes | None = _sealed()
    external_id: str | None = None
    status: str = "received"
    error: str = ""
    route: str = ""
    event_id: str | None = None
    said_at: int = _ms()
    received_at: int = _ms()
    edited_at: int | None = _ms(nullable=True)


class Attachment(SQLModel, table=True):
    """A file in a message. state: pending, stored, refused, gone."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_message", "message_id"),
        Index(
            "ix_attachment_pending",
            "created_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )
    id: str = _id()
    message_id: str
    conversation_id: str
    contact_id: str
    account_id: str
    kind: str
    name_sealed: bytes | None = _sealed()
    mime: str = ""
    size: int = 0
    source_sealed: bytes | None = _sealed()
    state: str = "pending"
    reason: str = ""
    attempts: int = 0
    next_at: int = _ms()
    file_id: str | None = None
    created_at: int = _ms()


class File(SQLModel, table=True):
    """Bytes that we hold, sealed in the file store under their own key, which the contact's key wraps."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_contact", "contact_id"),)
    id: str = _id()
    contact_id: str | None = None
    name_sealed: bytes | None = _sealed()
    mime: str
    size: int
    sha256: str
    key_sealed: bytes | None = _sealed()
    purpose: str = ""
    created_by: str = ""
    created_at: int = _ms()
    deleted_at: int | None = _ms(nullable=True)


class Handoff(SQLModel, table=True):
    """A conversation asks for a human. state: waiting, taken, closed."""

    __tablename__ = "handoff"
    __table_args__ = (
        Index("ix_handoff_conversation", "conversation_id"),
        Index(
            "ix_handoff_waiting",
            "priority",
            "opened_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )
    id: str = _id()
    conversation_id: str
    contact_id: str
    code: str = ""
    reason: str
    priority: int = 0
    state: str = "waiting"
    test: bool = False
    opened_at: int = _ms()
    taken_at: int | None = _ms(nullable=True)
    taken_by: str | None = None
    closed_at: int | None = _ms(nullable=True)
    outcome: str = ""
    first_reply_at: int | None = _ms(nullable=True)


class Timer(SQLModel, table=True):
    """A reminder of one conversation; due ones become events. One per conversation and name."""

    __tablename__ = "timer"
    __table_args__ = (UniqueConstraint("conversation_id", "name"), Index("ix_timer_due", "due_at"))
    id: str = _id()
    conversation_id: str
    point_id: str
    name: str
    due_at: int = _ms()
    data: str = "{}"


# ---- what goes out


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
    id: str = _id()
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
        _sealed()
    )  # OutboundMessage as JSON, without its file's bytes; NULL = as the message says
    not_before: int = _ms()
    not_after: int | None = _ms(nullable=True)
    attempts: int = 0
    boot_id: str = ""
    started_at: int | None = _ms(nullable=True)
    external_id: str | None = None
    error: str = ""
    created_at: int = _ms()
    done_at: int | None = _ms(nullable=True)
    version: int = 0


class Attempt(SQLModel, table=True):
    """One try of one outbox row: when, how long, what came of it."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_outbox", "outbox_id"),)
    id: str = _id()
    outbox_id: str
    number: int
    started_at: int = _ms()
    took_ms: int = 0
    outcome: str
    code: str = ""
    detail: str = ""


# ---- people of ours


class Advisor(SQLModel, table=True):
    """Who works at the desk, and machines that act through the API. role: admin, supervisor, intake, advisor, dpo,
    integration."""

    __tablename__ = "advisor"
    id: str = _id()
    email: str | None = Field(default=None, unique=True)
    name: str
    role: str
    agent_code: str = ""
    password_hash: str = ""
    failures: int = 0
    delayed_until: int | None = _ms(nullable=True)
    disabled_at: int | None = _ms(nullable=True)
    created_at: int = _ms()
    seen_at: int | None = _ms(nullable=True)


class Session(SQLModel, table=True):
    """A desk log-in; the id is kept as SHA-256 only. Idle 60 min, absolute 12 h."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_advisor", "advisor_id"),)
    id_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    advisor_id: str
    created_at: int = _ms()
    seen_at: int = _ms()
    expires_at: int = _ms()
    agent: str = ""


class ApiToken(SQLModel, table=True):
    """A bearer token; kept as SHA-256 only."""

    __tablename__ = "api_token"
    id: str = _id()
    name: str
    role: str
    advisor_id: str
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    created_at: int = _ms()
    used_at: int | None = _ms(nullable=True)
    revoked_at: int | None = _ms(nullable=True)


class Idempotency(SQLModel, table=True):
    """The first answer to an Idempotency-Key, for 24 h per token."""

    __tablename__ = "idempotency"
    actor_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=255)
    request_hash: bytes = _blob()
    status: int = 0
    answer_sealed: bytes | None = _sealed()
    created_at: int = _ms(index=True)


# ---- policies and care


class Policy(SQLModel, table=True):
    """An insurance contract issued through us. state: issued, delivered, active, expired, cancelled. Policy data is
    treated as sensitive: the number is sealed, with a blind index."""

    __tablename__ = "policy"
    __table_args__ = (UniqueConstraint("insurer", "number_blind"), Index("ix_policy_contact", "contact_id"))
    id: str = _id()
    contact_id: str
    conversation_id: str
    insurer: str
    product: str
    number_sealed: bytes | None = _sealed()
    number_blind: bytes = _blob()
    starts_on: str = ""  # ISO dates
    ends_on: str = ""
    premium_sealed: bytes | None = _sealed()
    document_id: str | None = None
    state: str = "issued"
    test: bool = False
    created_by: str = ""
    issued_at: int = _ms()
    delivered_at: int | None = _ms(nullable=True)
    version: int = 0


class PolicyDelivery(SQLModel, table=True):
    """One way a certificate goes out. means: chat, email, pickup_ibaohiem, pickup_insurer, courier. state: to_send,
    sent, delivered, confirmed, failed."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_policy", "policy_id"), Index("ix_delivery_message", "message_id"))
    id: str = _id()
    policy_id: str
    contact_id: str
    means: str
    state: str = "to_send"
    route: str = ""
    reason: str = ""
    message_id: str | None = None
    document_sha256: str = ""
    created_by: str = ""
    created_at: int = _ms()
    sent_at: int | None = _ms(nullable=True)
    delivered_at: int | None = _ms(nullable=True)
    confirmed_at: int | None = _ms(nullable=True)


class CareTask(SQLModel, table=True):
    """One touch of the care plan. state: planned, sent, answered, skipped, expired, cancelled. Fires at most once:
    the key is policy + kind + anchor."""

    __tablename__ = "care_task"
    __table_args__ = (
        UniqueConstraint("policy_id", "kind", "anchor"),
        Index(
            "ix_care_task_due",
            "due_at",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )
    id: str = _id()
    policy_id: str
    contact_id: str
    kind: str  # received, survey
    anchor: str
    due_at: int = _ms()
    state: str = "planned"
    fired: bool = False  # its event is in the inbox
    route: str = ""
    reason: str = ""
    answer_sealed: bytes | None = _sealed()
    sent_at: int | None = _ms(nullable=True)
    answered_at: int | None = _ms(nullable=True)


# ---- the house itself


class AuditEntry(SQLModel, table=True):
    """Who did what to which object: surrogate ids and field names, never values. Rows are chained every second:
    chain_hash = HMAC(audit key, previous hash ‖ canonical JSON)."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(
            "ix_audit_entry_unchained",
            "at",
            "id",
            sqlite_where=text("chain_seq IS NULL"),
            postgresql_where=text("chain_seq IS NULL"),
        ),
        UniqueConstraint("chain_seq"),
    )
    id: str = _id()
    at: int = _ms()
    actor: str
    action: str
    object_type: str = ""
    object_id: str = ""
    fields: str = "[]"
    result: str = "ok"
    request_id: str = ""
    source: str = ""
    chain_seq: int | None = Field(default=None, sa_type=BigInteger)
    chain_hash: bytes | None = _sealed()


class Setting(SQLModel, table=True):
    """Small facts of the installation: instance id, running boot, bot switch, heartbeat, audit head."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True, max_length=80)
    value: str = ""
    updated_at: int = _ms()


class SearchToken(SQLModel, table=True):
    """Keyed HMAC of a folded word, name prefix or last four digits, for `q=`. Erased with the contact."""

    __tablename__ = "search_token"
    token: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    conversation_id: str = Field(primary_key=True, max_length=26)
    contact_id: str = Field(index=True)
