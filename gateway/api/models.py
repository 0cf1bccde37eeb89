"""What the API says and understands: pydantic models, the source of validation and of the OpenAPI document.

Answers are lenient towards the future (fields may be added), requests are not: an unknown field is an error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from channels.reading import clean, clean_name
from handlers.model import Stage
from storage.advisors import ROLES

Time = Annotated[
    str,
    Field(
        description="RFC 3339, UTC, milliseconds",
        examples=["2026-11-22T05:41:34.123Z"],
        json_schema_extra={"format": "date-time"},
    ),
]
Id = Annotated[str, Field(description="opaque", examples=["0jq5v3f2k8c4h6m1n9p7r0s2t4"])]
Role = Literal["admin", "supervisor", "intake", "advisor", "dpo", "integration"]
Status = Literal["open", "waiting", "with_advisor", "closed"]
Sent = Literal[
    "received",
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "unknown",
    "unconfirmed",
    "failed",
    "expired",
    "cancelled",
]
assert set(ROLES) == set(Role.__args__)  # type: ignore[attr-defined]


def _cleaned(value: Any) -> Any:
    return clean(value).strip() if isinstance(value, str) else value


def _name(value: Any) -> Any:
    return clean_name(value) if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    """RFC 3339 with its offset, as text only."""
    if not isinstance(value, str):
        raise ValueError("a time is written as RFC 3339")  # noqa: TRY004 -- pydantic's word for a wrong value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("a time is written as RFC 3339, such as 2026-11-22T05:41:34Z") from None
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset from UTC")
    if not 1971 <= moment.year < 3000:
        raise ValueError("a time between 1971 and 2999")
    return moment.astimezone(UTC)


Text = Annotated[str, BeforeValidator(_cleaned), StringConstraints(min_length=1, max_length=16_000)]
Line = Annotated[str, BeforeValidator(_cleaned), StringConstraints(max_length=2000)]
Name = Annotated[str, BeforeValidator(_name), StringConstraints(min_length=1, max_length=80)]
Label = Annotated[str, BeforeValidator(_name), StringConstraints(min_length=1, max_length=60)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
AnyId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Request(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Query(BaseModel):
    """Filters of a list. A parameter that we do not know is left alone."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)


class Paged(Query):
    limit: int = Field(50, ge=1, le=200, description="how many at most")
    cursor: str | None = Field(
        None, max_length=500, validation_alias=AliasChoices("cursor", "next"), description="`next` of the page before"
    )


class Answer(BaseModel):
    """What we say."""

    model_config = ConfigDict(frozen=True)


class Person(Answer):
    """Somebody of ours, as far as others need to know."""

    id: Id
    name: str


class Done(Answer):
    """It is done."""

    ok: bool = True


# ---- conversations and messages


class HandoffCard(Answer):
    """The request for a person, and what is known of it."""

    id: Id
    code: str
    reason: str
    priority: int
    state: Literal["waiting", "taken", "closed"]
    opened_at: Time
    taken_at: Time | None
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
    waiting_since: Time | None
    snoozed_until: Time | None
    closed_at: Time | None
    last_inbound_at: Time | None
    last_seq: int
    unread: int
    reachable: bool


class ConversationView(Conversation):
    """One conversation, with its last request for a person."""

    handoff: HandoffCard | None


class Conversations(Answer):
    items: list[Conversation]
    next: str | None


class ConversationQuery(Paged):
    channel: str = Field("", max_length=40)
    account: str = Field("", max_length=80, description="name of the account")
    thread: str = Field("", max_length=128, description="the platform's own id of the person or chat")
    stage: Stage | None = None
    status: Status | None = None
    assignee: str = Field("", max_length=40, description="id of an advisor, `me` or `none`")
    label: str = Field("", max_length=60)
    contact: str = Field("", max_length=40, description="id of a contact: all of his conversations")
    test: bool | None = None
    q: str = Field(
        "", max_length=200, description="words of a name or message, a phone number or its last four digits, a code"
    )


class PointRef(Request):
    channel: AnyId
    account: AnyId
    thread: AnyId


class NewConversation(Request):
    """Write first, to a contact (on the channel that he used last) or to a contact point."""

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
    location: list[float] | None


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
    text: Annotated[str, BeforeValidator(_cleaned), StringConstraints(max_length=16_000)] = ""
    attachment_ids: list[AnyId] = Field(default=[], max_length=10, description="ids of files, see POST /files")


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


# ---- contacts


class Point(Answer):
    channel: str
    account: str
    thread: str
    reachable: bool
    last_inbound_at: Time | None
    conversation_id: Id | None


class Consent(Answer):
    purpose: str = Field(description="C1 contact, C2 application, C3 sensitive data, C4 advertising")
    state: str = Field(description="asked, given, refused, unclear, withdrawn")
    at: Time
    channel: str
    text_key: str
    text_version: str


class Contact(Answer):
    """A person. `consents`: the evidence, oldest first; `merged`: who was merged into him."""

    id: Id
    name: str
    phones: list[str]
    emails: list[str]
    points: list[Point]
    consents: list[Consent]
    salutation: str
    lang: str
    test: bool
    version: int
    merged: list[Id]
    masked: bool


class ContactChange(Request):
    """Corrections; what is left out stays. Lists replace what was there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Nguyễn Văn Hùng", "phones": ["0912345678"]}]})
    name: Name | None = None
    salutation: Literal["", "anh", "chị", "cô", "chú", "bác", "em", "anh/chị"] | None = None
    lang: Literal["vi", "en"] | None = None
    phones: list[Annotated[str, StringConstraints(min_length=1, max_length=40)]] | None = Field(None, max_length=10)
    emails: list[Annotated[str, StringConstraints(min_length=1, max_length=254)]] | None = Field(None, max_length=10)
    test: bool | None = None
    version: int | None = Field(None, description="refuse when the contact was changed since")


class Merge(Request):
    into: AnyId


# ---- files


class File(Answer):
    id: Id
    name: str
    mime: str
    size: int
    sha256: str


class FileForm(Request):
    """One file, and whose it is."""

    file: Annotated[bytes, Field(json_schema_extra={"format": "binary"})]
    conversation_id: str = ""
    contact_id: str = ""


LIMIT_FILE: Final = 20 * 1024 * 1024
