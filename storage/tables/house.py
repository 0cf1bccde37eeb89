"""The house itself: audit trail, settings, search words."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import id_, ms_, sealed


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
    id: str = id_()
    at: int = ms_()
    actor: str
    action: str
    object_type: str = ""
    object_id: str = ""
    fields: str = "[]"
    result: str = "ok"
    request_id: str = ""
    source: str = ""
    chain_seq: int | None = Field(default=None, sa_type=BigInteger)
    chain_hash: bytes | None = sealed()


class Setting(SQLModel, table=True):
    """Small facts of the installation: instance id, running boot, bot switch, heartbeat, audit head."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True, max_length=80)
    value: str = ""
    updated_at: int = ms_()


class SearchToken(SQLModel, table=True):
    """Keyed HMAC of a folded word, name prefix or last four digits, for `q=`. Erased with the contact."""

    __tablename__ = "search_token"
    token: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    conversation_id: str = Field(primary_key=True, max_length=26)
    contact_id: str = Field(index=True)
