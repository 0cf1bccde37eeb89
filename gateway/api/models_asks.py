"""Models of tables that leave only when a second person lets them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from gateway.api.fields import Answer, Id, Person, Request, Time
from gateway.api.models_finding import Narrowed
from gateway.api.models_wall import Purpose


class NewAsk(Request):
    """A filtered list of conversations with names and numbers as they are: what for, and of which."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purpose": "care", "query": {"status": "waiting"}}]})
    purpose: Purpose
    query: Narrowed = Field(default_factory=lambda: Narrowed.model_validate({}))


class Ask(Answer):
    """`wanted` is the question as it was put; `mine`: you asked, so somebody else decides; `until`: how long an approved one
    waits for you to fetch it, once."""

    id: Id
    state: Literal["asked", "declined", "approved", "used", "expired"]
    purpose: str
    wanted: dict[str, str]
    by: Person
    mine: bool
    at: Time
    decided_by: Person | None
    decided_at: Time | None
    until: Time | None


class Asks(Answer):
    items: list[Ask]
    next: None = None
