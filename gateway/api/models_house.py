"""Models of what keeps the house: events, the outbox, switches, figures, the audit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, ChannelOf, Id, Moment, Paged, Query, Request, Time

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
    channel: ChannelOf = ""
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
    channel: ChannelOf = ""
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
    last_in_at: Time | None = Field(description="The last event of the platform; null = none since we look.")
    last_out_at: Time | None = Field(description="The last message that the platform took.")
    calls: int = Field(description="Calls of the last hour, at most the newest 2000 of all accounts.")
    failed: int = Field(description="… of which were not taken.")
    waiting: int = Field(description="Messages that have not ended yet.")
    oldest_waiting_at: Time | None
    window_closing: int = Field(description="… of which the platform's window closes within two hours, or has closed.")
    silent_hours: float = Field(description="Working hours without an event, where that is unusual; else 0.")
    token_state: str = Field(
        description="Of tokens that change with every use: active, refreshing, needs_consent. Of others: ends (`token_until`),"
        " unknown (the platform did not say), or empty: it does not end by itself."
    )
    token_until: Time | None
    todo: list[str] = Field(description="What a person should do, as codes, the most urgent first.")


class Accounts(Answer):
    items: list[AccountState]
    next: str | None


class PlatformSaid(Answer):
    """`said`: an account's platform about it, a fact a line."""

    id: str
    said: list[str]


class Platforms(Answer):
    items: list[PlatformSaid]
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


class BackupWanted(Request):
    """Where the copy of the database goes: a new file on this machine."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class BackupMade(Answer):
    path: str
    bytes: int
