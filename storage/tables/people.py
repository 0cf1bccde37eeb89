"""People: contacts, their keys, their addresses, their consents."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_, sealed


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
        Index(
            "ix_contact_name_by",
            "name_by",
            sqlite_where=text("name_by IS NOT NULL"),
            postgresql_where=text("name_by IS NOT NULL"),
        ),
    )
    id: str = id_()
    name_sealed: bytes | None = sealed()
    name_by: str | None = None  # the contact who told it, where a link carried it here from his chat
    salutation: str = ""
    lang: str = "vi"
    test: bool = False
    ads_off: bool = False  # switched off by the customer, on whatever channel: read in the sending transaction
    reminders_off: bool = False
    merged_into: str | None = None
    version: int = 0
    created_at: int = ms_()
    updated_at: int = ms_()
    erased_at: int | None = ms_(nullable=True)


class ContactKey(SQLModel, table=True):
    """The contact's data key, wrapped by the master key. Destroying it erases the contact, backups included."""

    __tablename__ = "contact_key"
    contact_id: str = id_()
    wrapped: bytes = blob()
    created_at: int = ms_()


class ContactValue(SQLModel, table=True):
    """A phone (E.164) or e-mail of a contact, with where it came from."""

    __tablename__ = "contact_value"
    __table_args__ = (
        UniqueConstraint("contact_id", "kind", "value_blind"),
        Index("ix_contact_value_blind", "value_blind"),
        Index(
            "ix_contact_value_told",
            "told_by",
            sqlite_where=text("told_by IS NOT NULL"),
            postgresql_where=text("told_by IS NOT NULL"),
        ),
    )
    id: str = id_()
    contact_id: str
    kind: str  # phone, email
    value_sealed: bytes | None = sealed()
    value_blind: bytes = blob()
    source: str = ""  # channel or advisor id
    told_by: str | None = None  # as `Contact.name_by`
    confirmed: bool = False
    created_at: int = ms_()


class ContactPoint(SQLModel, table=True):
    """That person's address on one account; also the lane in which his events are ordered.

    `seq` counts its events, `message_seq` its messages, `out_seq` its sends. No contact before the first turn.
    """

    __tablename__ = "contact_point"
    __table_args__ = (
        UniqueConstraint("account_id", "thread"),
        Index("ix_contact_point_contact", "contact_id"),
        Index(
            "ix_contact_point_blocked",
            "blocked_at",
            sqlite_where=text("blocked_at IS NOT NULL"),
            postgresql_where=text("blocked_at IS NOT NULL"),
        ),
    )
    id: str = id_()
    account_id: str
    thread: str  # the platform's own id of the person or chat
    contact_id: str | None = None
    conversation_id: str | None = None  # the current or last one
    seq: int = Field(default=0, sa_type=BigInteger)
    message_seq: int = Field(default=0, sa_type=BigInteger)
    out_seq: int = Field(default=0, sa_type=BigInteger)
    name_sealed: bytes | None = sealed()  # display name
    reachable: bool = True
    unreachable_reason: str = ""
    last_inbound_at: int | None = ms_(nullable=True)
    created_at: int = ms_()
    blocked_at: int | None = ms_(nullable=True)  # by us: nothing that he sends is read
    blocked_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    blocked_why: str = Field(default="", sa_column_kwargs={"server_default": ""})  # spam, abuse, fraud, other


class WebSession(SQLModel, table=True):
    """A web chat visitor's token (hashed), bound to one thread; 30 days sliding."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_thread", "account_id", "thread"),)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: str
    thread: str
    created_at: int = ms_()
    seen_at: int = ms_()


class Consent(SQLModel, table=True):
    """Evidence, append-only: purpose, state, which text (key, version, hash), on which message, through what."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_contact", "contact_id", "at"),
        Index("ix_consent_conversation", "conversation_id"),
    )
    id: str = id_()
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
    said_sealed: bytes | None = sealed()
    at: int = ms_()
