"""Models of what keeps the house: people, tokens, events, the outbox, switches, figures, the audit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.api.models import Answer, AnyId, Done, Id, Moment, Name, Paged, Query, Request, Role, Time

__all__ = ["Done"]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Address = Annotated[str, BeforeValidator(_lower), StringConstraints(min_length=3, max_length=254)]


# ---- people


class Advisor(Answer):
    id: Id
    name: str
    role: Role
    online: bool
    teams: list[str]
    agent_code: str


class Advisors(Answer):
    items: list[Advisor]
    next: str | None


class Me(Answer):
    """Who you are to us. `csrf`: goes with multipart forms of the desk as X-CSRF."""

    id: Id
    name: str
    role: Role
    door: Literal["token", "session", "socket"]
    may: list[str]
    csrf: str | None


class PasswordChange(Request):
    current: Secret
    new: Secret


class User(Answer):
    id: Id
    email: str | None
    name: str
    role: Role
    agent_code: str
    disabled: bool
    online: bool
    disabled_at: Time | None
    created_at: Time
    seen_at: Time | None


class UserMade(User):
    """`password` is told here once, unless you gave it."""

    password: str | None


class Users(Answer):
    items: list[User]
    next: str | None


class UserQuery(Query):
    disabled: bool = Field(False, description="those too who may not act any more")


class NewUser(Request):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "lan@example.vn", "name": "Trần Thị Lan", "role": "advisor"}]}
    )
    email: Address
    name: Name
    role: Role
    agent_code: Annotated[str, StringConstraints(max_length=40)] = ""
    password: Secret | None = Field(None, description="left out: we invent one and tell it once")


class Reset(Request):
    password: Secret | None = Field(None, description="left out: we invent one and tell it once")


class PasswordMade(Answer):
    id: Id
    password: str | None


class NewToken(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "crm", "role": "integration"}]})
    name: Name
    role: Role


class Token(Answer):
    id: Id
    name: str
    role: Role
    advisor_id: Id
    created_at: Time
    used_at: Time | None
    revoked_at: Time | None


class TokenMade(Token):
    """`token` is told here once."""

    token: str


class Tokens(Answer):
    items: list[Token]
    next: str | None


# ---- what came in and what goes out


class Event(Answer):
    id: Id
    channel: str
    account: str
    key: str | None
    kind: str
    state: Literal["new", "done", "ignored", "quarantined"]
    reason: str
    received_at: Time
    source: str
    attempts: int
    conversation_id: Id | None


class Events(Answer):
    items: list[Event]
    next: str | None


class EventQuery(Paged):
    state: Literal["new", "done", "ignored", "quarantined"] | None = None
    channel: str = Field("", max_length=40)
    source: Literal["platform", "desk", "timer", "system", "all"] = "platform"


class Sending(Answer):
    """One platform call. `state` in the API's words, see Message.status."""

    id: Id
    channel: str
    account: str
    conversation_id: Id
    message_id: Id
    state: str
    purpose: str
    attempts: int
    error: str
    created_at: Time
    not_before: Time
    not_after: Time | None
    done_at: Time | None


class Outbox(Answer):
    items: list[Sending]
    next: str | None


class OutboxQuery(Paged):
    state: Literal["queued", "sending", "sent", "unknown", "unconfirmed", "failed", "expired", "cancelled"] | None = (
        None
    )
    channel: str = Field("", max_length=40)
    account: str = Field("", max_length=80)


class Resent(Answer):
    id: Id = Field(description="of the new row")


class AccountState(Answer):
    id: str
    channel: str
    name: str
    state: str
    reason: str
    paused_until: Time | None
    bot: bool


class Accounts(Answer):
    items: list[AccountState]
    next: str | None


class SwitchChange(Request):
    """The bot on or off: everywhere (`bot`), or account by account (`telegram:main`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"bot": False}, {"accounts": {"telegram:main": True}}]})
    bot: bool | None = None
    accounts: dict[AnyId, bool] = Field(default={}, max_length=200)


class Switches(Answer):
    """`bot` everywhere, `accounts` each by itself: the bot speaks where both are on."""

    bot: bool
    accounts: dict[str, bool]


# ---- figures, audit, backup


class Stat(Answer):
    """Loss accounting: deliveries = duplicates + rejected + events; events = messages + receipts + ignored + quarantined
    + pending."""

    channel: str
    account: str
    deliveries: int
    duplicates: int
    rejected: int
    events: int
    messages: int
    receipts: int
    ignored: int
    quarantined: int
    pending: int


class Stats(Answer):
    items: list[Stat]


class Figures(Answer):
    """Of one channel. `in_time`: taken within 15 minutes; `answered_s`: median until a person's first reply."""

    channel: str
    opened: int
    handoffs: int
    taken: int
    in_time: int
    won: int
    lost: int
    answered_s: int | None


class Business(Answer):
    items: list[Figures]
    since: Time
    until: Time


class BusinessQuery(Query):
    since: Moment | None = Field(None, description="default: 30 days ago")
    until: Moment | None = Field(None, description="default: now")


class AuditLine(Answer):
    id: Id
    at: Time
    actor: str
    action: str
    object_type: str
    object_id: str
    fields: list[str]
    result: str
    chained: bool


class AuditLines(Answer):
    items: list[AuditLine]
    next: str | None


class AuditQuery(Paged):
    actor: str = Field("", max_length=40)
    object: str = Field("", max_length=40)


class Verified(Answer):
    """`broken_at`: seq of the first entry that is not as it was written."""

    ok: bool
    entries: int
    broken_at: int | None


class BackupWanted(Request):
    """Where the copy of the database goes: a new file on this machine."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class BackupMade(Answer):
    path: str
    bytes: int
