"""Models of promised calls."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from gateway.api.fields import Answer, AnyId, Id, Line, Moment, Paged, Person, Request, Time

State = Literal["open", "done", "cancelled"]


class NewTask(Request):
    """`owner`: who calls; left out, you."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"due_at": "2026-11-24T02:00:00Z", "note": "báo phí xe"}]}
    )
    due_at: Moment
    owner: AnyId | None = None
    note: Line = ""


class TaskChange(Request):
    """What is left out stays."""

    due_at: Moment | None = None
    owner: AnyId | None = None
    note: Line | None = None


class TaskEnd(Request):
    note: Line = ""


class Task(Answer):
    """A call that was promised. `overdue`: open, and its time is over. `name`, `channel`: of its conversation."""

    id: Id
    conversation_id: Id
    name: str
    channel: str
    owner: Person
    note: str
    state: State
    due_at: Time
    overdue: bool
    rang_at: Time | None
    ended_at: Time | None
    created_at: Time
    mine: bool = Field(description="you may change it")


class Tasks(Answer):
    items: list[Task]
    next: str | None


class TaskQuery(Paged):
    state: State | None = None
    owner: str = Field("", max_length=40, description="id of an advisor, or `me`")
    conversation: str = Field("", max_length=40)
    due_before: Moment | None = None
