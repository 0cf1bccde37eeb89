"""People of ours and their ways in."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_, sealed


class Advisor(SQLModel, table=True):
    """Who works at the desk, and machines that act through the API. role: admin, supervisor, intake, advisor, dpo,
    integration."""

    __tablename__ = "advisor"
    id: str = id_()
    email: str | None = Field(default=None, unique=True)
    name: str
    role: str
    agent_code: str = ""
    password_hash: str = ""
    failures: int = 0
    delayed_until: int | None = ms_(nullable=True)
    disabled_at: int | None = ms_(nullable=True)
    created_at: int = ms_()
    seen_at: int | None = ms_(nullable=True)


class SecondFactor(SQLModel, table=True):
    """What a person's telephone makes codes of. `last_step` -- of the last code that was taken; unconfirmed: it waits
    for its first one."""

    __tablename__ = "second_factor"
    advisor_id: str = id_()
    secret_sealed: bytes = blob()
    confirmed_at: int | None = ms_(nullable=True)
    last_step: int = Field(default=0, sa_type=BigInteger)
    tries: int = 0
    tries_since: int = ms_()
    created_at: int = ms_()


class RecoveryCode(SQLModel, table=True):
    """Signs in once in the place of the telephone's code; kept as SHA-256 only."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_advisor", "advisor_id"),)
    code_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    advisor_id: str


class Session(SQLModel, table=True):
    """A desk log-in; the id is kept as SHA-256 only. Idle 60 min, absolute 12 h."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_advisor", "advisor_id"),)
    id_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    advisor_id: str
    created_at: int = ms_()
    seen_at: int = ms_()
    expires_at: int = ms_()
    agent: str = ""
    place: str = ""  # the network that it was begun from: a prefix, never a whole address
    proved_at: int = Field(default=0, sa_type=BigInteger)  # when he last showed that it is he


class Invite(SQLModel, table=True):
    """A link with which a person sets his password, once; kept as SHA-256 only. kind: invite, reset."""

    __tablename__ = "invite"
    __table_args__ = (Index("ix_invite_advisor", "advisor_id"),)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    advisor_id: str
    kind: str
    created_by: str
    created_at: int = ms_()
    expires_at: int = ms_()


class ApiToken(SQLModel, table=True):
    """A bearer token; kept as SHA-256 only."""

    __tablename__ = "api_token"
    id: str = id_()
    name: str
    role: str
    advisor_id: str
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    created_at: int = ms_()
    used_at: int | None = ms_(nullable=True)
    revoked_at: int | None = ms_(nullable=True)


class Idempotency(SQLModel, table=True):
    """The first answer to an Idempotency-Key, for 24 h per token."""

    __tablename__ = "idempotency"
    actor_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=255)
    request_hash: bytes = blob()
    status: int = 0
    answer_sealed: bytes | None = sealed()
    created_at: int = ms_(index=True)


class CannedAnswer(SQLModel, table=True):
    """Words that advisors say often; variables in braces, nobody's values."""

    __tablename__ = "canned_answer"
    id: str = id_()
    shortcut: str = Field(unique=True)
    title: str
    text: str
    updated_by: str
    updated_at: int = ms_()


class SavedFilter(SQLModel, table=True):
    """A list of the desk that somebody made for himself, or a supervisor for all. `query` is JSON (storage.filters): no
    words of customers, nobody's data."""

    __tablename__ = "saved_filter"
    __table_args__ = (Index("ix_saved_filter_owner", "owner_id"),)
    id: str = id_()
    owner_id: str
    name: str
    shared: bool = False
    query: str = "{}"
    created_at: int = ms_()
    updated_at: int = ms_()
