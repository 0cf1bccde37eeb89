"""Models of finding: what the search box answers, and lists that people keep."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, Id, Label, Name, Query, Request, Status, Time
from gateway.api.models import Conversation
from handlers.model import Stage

Word = Annotated[str, StringConstraints(max_length=80)]


class SearchQuery(Query):
    q: str = Field(
        min_length=1,
        max_length=200,
        description="words of a name or message, a phone number or its last four digits, a plate, a policy number, a code",
    )


class FoundPerson(Answer):
    """Somebody, by the newest of his conversations that was found. `where`: what of him was found."""

    contact_id: Id
    conversation_id: Id
    name: str
    where: Literal["name", "phone", "email"]
    text: str
    phone: str = Field(description="its last four digits, or what the mask leaves; empty when unknown")
    channel: str
    status: Status
    count: int = Field(description="conversations of his that were found")
    masked: bool
    last_message_at: Time


class FoundConversation(Answer):
    """`where`: what was found; `text`: that value, or the piece of a message with the words."""

    conversation: Conversation
    where: Literal["plate", "code", "words"]
    text: str
    at: Time | None


class FoundPolicy(Answer):
    id: Id
    conversation_id: Id
    number: str
    insurer: str
    product: str
    state: str
    name: str
    masked: bool


class Found(Answer):
    """The newest first. `more`: there are others, which more words would bring."""

    people: list[FoundPerson]
    policies: list[FoundPolicy]
    conversations: list[FoundConversation]
    more: bool


# ---- lists that people keep


class Narrowed(Request):
    """What belongs into a list: as in `GET /conversations`; what is left out is any. `assignee`: id of an advisor, `me` or
    `none`."""

    channel: Word = ""
    account: Word = ""
    stage: Stage | None = Field(None, strict=False)
    status: Status | None = None
    assignee: Word = ""
    team: Label | None = None
    label: Word = ""
    product: Word = ""
    older_hours: int = Field(0, ge=0, le=100_000)
    newer_hours: int = Field(0, ge=0, le=100_000)
    waiting_minutes: int = Field(0, ge=0, le=1_000_000)


class NewFilter(Request):
    """`shared`: for everybody at the desk; supervisors only."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Chờ lâu", "query": {"status": "waiting", "waiting_minutes": 15}, "shared": False}]
        }
    )
    name: Name
    query: Narrowed
    shared: bool = False


class FilterChange(Request):
    name: Name
    query: Narrowed


class Filter(Answer):
    """`mine`: you may change it. `count` conversations are in it now; `more`: at least so many."""

    id: Id
    name: str
    shared: bool
    mine: bool
    query: dict[str, str | int]
    count: int
    more: bool
    updated_at: Time


class Filters(Answer):
    items: list[Filter]
    next: str | None
