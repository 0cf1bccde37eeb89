"""Models of blocking."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from gateway.api.fields import Answer, Id, Line, Person, Request, Time

Why = Literal["spam", "abuse", "fraud", "other"]


class Block(Request):
    """`note` is for colleagues."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "spam"}]})
    why: Why
    note: Line = ""


class BlockedPoint(Answer):
    """A contact point that we do not listen to. `tried_at`: when he wrote last, since then; nobody read it."""

    channel: str
    account: str
    thread: str
    contact_id: Id
    conversation_id: Id
    name: str
    at: Time
    by: Person
    why: Why
    tried_at: Time | None


class BlockedPoints(Answer):
    items: list[BlockedPoint]
    next: str | None
