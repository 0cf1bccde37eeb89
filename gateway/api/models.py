"""Models of conversations, messages and the queue.

Answers are lenient towards the future (fields may be added), requests are not: an unknown field is an error.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.api.fields import (
    Answer,
    AnyId,
    ChannelOf,
    Done,
    Id,
    Label,
    Line,
    Moment,
    Name,
    Paged,
    Person,
    Query,
    Request,
    Role,
    Sent,
    Status,
    Text,
    Time,
    cleaned,
)
from gateway.api.models_intake import Attempt, ScreeningView
from handlers.model import Stage

__all__ = [
    "Answer",
    "AnyId",
    "Done",
    "Id",
    "Moment",
    "Name",
    "Paged",
    "Person",
    "Query",
    "Request",
    "Role",
    "Text",
    "Time",
]


# ---- conversations and messages


class HandoffCard(Answer):
    """The request for a person, and what is known of it."""

    id: Id
    code: str
    reason: str
    priority: int
    state: Literal["waiting", "taken", "closed"]
    opened_at: Time
    due_at: Time = Field(description="by when a person is to be in touch, in working hours")
    late: bool
    taken_at: Time | None
    team: str = Field("", description="whose work it is, '' = anyone's")
    escalated: bool = Field(False, description="it has waited so long that the supervisor is told")
    offered_to: Person | None = Field(None, description="whose turn it is, until `offered_until`")
    offered_until: Time | None = None
    missing: list[str]
    captured: dict[str, Any]
    asked: str


class Conversation(Answer):
    """Contact point × time. `masked`: personal fields are masked for you; `thread` never is."""

    id: Id
    channel: str
    account: str
    thread: str
    contact_id: Id
    stage: Stage
    status: Status
    assignee: Person | None
    labels: list[str]
    test: bool
    opened_at: Time
    last_message_at: Time
    version: int
    slots: dict[str, Any]
    masked: bool
    name: str
    preview: str
    lang: str
    code: str
    outcome: str
    ending: str = Field(
        "", description="won, lost, no_need, done, spam, idle (nobody wrote any more) or opted_out; '' = open"
    )
    waiting_since: Time | None
    snoozed_until: Time | None
    closed_at: Time | None
    last_inbound_at: Time | None
    last_seq: int
    unread: int
    reachable: bool
    team: str = Field("", description="whose work it is, '' = anyone's")
    answer_due_at: Time | None = Field(
        None, description="by when he is to have his next answer, where that is measured"
    )


class WindowView(Answer):
    """What the platform lets be said here now. `advice`: how an advisor's own words go out; `billed` costs money; for
    `never`, `why`: window, blocked, blocked_by_us, no_mailbox, complaint, unsubscribed, opt-out, consent withdrawn, calls_only or
    account. `until`: so long it stays like this, null = without end. `bot`: how the bot's answers go out. `ways`: where else he
    may be written to or called. Of a `window` that has shut: `hours` that a person may answer, `closed_at`, and `templates`, the
    purposes for which this account has approved ones (they take no words of yours). `held_by`: who may answer where
    a platform lets one app at a time; `asked`: another app asks for it. `may_hold`: it can be taken back. `account`: whether the
    account works: while it is throttled, down (the platform does not answer), deaf (nothing is heard from it, we can send)
    or auth_broken (the platform refuses our key), what you write is taken and waits, `account_until` where that is known."""

    advice: Literal["free", "billed", "template", "later", "never"]
    why: str
    until: Time | None
    bot: Literal["free", "billed", "template", "later", "never"]
    bot_until: Time | None
    ways: list[str]
    hours: int
    closed_at: Time | None
    templates: list[str]
    held_by: Literal["us", "other", "asked"]
    may_hold: bool
    account: Literal["ok", "throttled", "down", "deaf", "auth_broken"]
    account_until: Time | None


class ConversationView(Conversation):
    """One conversation, with its last request for a person, and what intake found out. `lead`: what a form or a call
    says, held for the call back, before consent C1 and beside `slots`."""

    window: WindowView

    handoff: HandoffCard | None
    lead: dict[str, Any]
    attempts: list[Attempt]
    next_attempt_at: Time | None
    screening: ScreeningView


class Conversations(Answer):
    items: list[Conversation]
    next: str | None


class ConversationQuery(Paged):
    channel: ChannelOf = ""
    account: str = Field("", max_length=80, description="name of the account")
    thread: str = Field(
        "",
        max_length=128,
        description="the platform's own id of the person or chat; of the hotline also the number, +84…",
    )
    stage: Stage | None = None
    status: Status | None = None
    assignee: str = Field("", max_length=40, description="id of an advisor, `me` or `none`")
    label: str = Field("", max_length=60)
    contact: str = Field("", max_length=40, description="id of a contact: all of his conversations")
    test: bool | None = None
    team: Label | None = Field(None, description="id or name of a team, or `mine`")
    product: str = Field("", max_length=40, description="code of products.yaml that it is about, or `none`")
    older_hours: int = Field(0, ge=0, le=100_000, description="begun at least so long ago")
    newer_hours: int = Field(0, ge=0, le=100_000, description="begun no longer ago")
    waiting_minutes: int = Field(0, ge=0, le=1_000_000, description="waits at least so long for a person")
    q: str = Field(
        "",
        max_length=200,
        description="words of a name or message, a phone number or its last four digits, a plate, a policy number, a code;"
        " advisors and intake find what is theirs or waits",
    )


class PointRef(Request):
    channel: AnyId
    account: AnyId
    thread: AnyId


class NewConversation(Request):
    """Write first, to a contact (on the channel that he used last, or by e-mail where nothing else is lawful) or to a
    contact point. The thread of one on the channel email is the address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"contact_id": "0jq5v3f2k8c4h6m1n9p7r0s2t4", "text": "Dạ em chào anh/chị"}]}
    )
    contact_id: AnyId | None = None
    point: PointRef | None = None
    text: Text


class Attachment(Answer):
    id: Id
    kind: str
    name: str
    mime: str
    size: int
    source: str = Field(description="the platform's own URL or file id")
    state: Literal["pending", "stored", "refused", "gone"]
    url: str | None = Field(description="ours, once stored")
    file_id: Id | None
    reason: str


class Quote(Answer):
    """The message that was answered, as it read then."""

    id: Id
    author: str
    text: str


class Message(Answer):
    """What was said. Receipts change its status; notes are `internal` and told only with `notes=true`."""

    id: Id
    seq: int
    direction: Literal["inbound", "outbound", "internal"]
    author: Literal["customer", "bot", "advisor", "system"]
    kind: str
    text: str
    attachments: list[Attachment]
    external_id: str | None
    said_at: Time
    received_at: Time
    status: Sent
    error: str | None
    route: str | None
    conversation_id: Id
    advisor: Person | None
    edited_at: Time | None
    buttons: list[dict[str, Any]]
    payload: str | None
    contact: dict[str, Any] | None
    fields: dict[str, str] | None = Field(description="of a form or a call")
    location: list[float] | None
    quote: Quote | None = Field(description="what an advisor answered with it")
    ref: str | None = Field(description="external_id of the message that it answers or reacts to")
    reaction: str | None = Field(description="of a reaction: its sign, empty when it was taken back")
    before: list[str] = Field(description="what an edited message said before, the oldest first")
    taken_back: bool
    may_retell: Time | None = Field(
        description="until when its platform lets who said it, or a supervisor, change it or take it back; null: it does not"
    )


class Messages(Answer):
    items: list[Message]
    next: str | None


class MessageQuery(Paged):
    after: int = Field(0, ge=0, description="messages with a greater seq, ascending")
    before: int | None = Field(None, ge=0, description="the last messages with a smaller seq, ascending all the same")
    notes: bool = Field(False, description="internal notes too")


class NewMessage(Request):
    """An advisor's reply."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Dạ em gửi anh/chị báo phí ạ."}]})
    text: Annotated[str, BeforeValidator(cleaned), StringConstraints(max_length=16_000)] = ""
    attachment_ids: list[AnyId] = Field(default=[], max_length=10, description="ids of files, see POST /files")
    reply_to: AnyId | None = Field(default=None, description="id of a message of this conversation that it answers")


class Retry(Request):
    twice: bool = Field(default=False, description="you know that it may have arrived already")


class Assign(Request):
    advisor: AnyId


class Transfer(Request):
    """To an advisor, or back into the queue for a team."""

    advisor: AnyId | None = None
    team: Label | None = None
    note: Line = ""


class Close(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "khách đã mua", "outcome": "won"}]})
    reason: Line = ""
    outcome: str = Field("done", max_length=40, description="won, lost, no_need, spam or done")


class Snooze(Request):
    until: Moment


class Note(Request):
    text: Text


class Labels(Request):
    add: list[Label] = Field(default=[], max_length=20)
    remove: list[Label] = Field(default=[], max_length=20)


class Seen(Request):
    seq: int = Field(ge=0)


class Queued(Answer):
    """Somebody waits. `waited_s` so far."""

    handoff: HandoffCard
    conversation: Conversation
    waited_s: int


class Queue(Answer):
    items: list[Queued]
    next: str | None
