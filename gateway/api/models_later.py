"""Models of messages that are sent later."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Moment, Person, Request, Time, cleaned
from gateway.api.models import Quote

Words = Annotated[str, BeforeValidator(cleaned), StringConstraints(max_length=16_000)]


class NewLater(Request):
    """An advisor's reply for a moment to come."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Dạ em nhắc lịch ạ.", "at": "2026-11-24T01:30:00Z"}]}
    )
    at: Moment = Field(description="a minute from now at the earliest, in 60 days at the latest")
    text: Words = ""
    attachment_ids: list[AnyId] = Field(default=[], max_length=10, description="ids of files, see POST /files")
    reply_to: AnyId | None = Field(default=None, description="id of a message of this conversation that it answers")


class ChangedLater(Request):
    at: Moment
    text: Words = ""


class LaterFile(Answer):
    id: Id
    name: str


class Later(Answer):
    """`expired`: it could not go, `reason` says why; it stays until somebody changes or removes it."""

    id: Id
    conversation_id: Id
    advisor: Person
    at: Time
    text: str
    files: list[LaterFile]
    quote: Quote | None
    state: Literal["waiting", "sent", "expired", "cancelled"]
    reason: str
    created_at: Time


class Laters(Answer):
    items: list[Later]
    next: str | None
