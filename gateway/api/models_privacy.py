"""Models of a person's rights and of the keys that seal what we hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Paged, Query, Request, Time

# Words of ours, never free ones: they are kept in the audit trail and outlive the person.
Purpose = Annotated[
    Literal["access", "claim", "dispute", "authority", "check"],
    Field(description="he asked for it · a claim · a dispute · an authority asks · an examination of ours"),
]
Ground = Annotated[
    Literal["request", "withdrawal", "purpose_over", "unlawful"],
    Field(
        description="he asked for it · he took his consent back · nothing needs the data any more · we had no right to it"
    ),
]


class Wanted(Request):
    """`who`: an id, or a telephone number or e-mail address as people write them."""

    who: Annotated[str, StringConstraints(min_length=3, max_length=254, strip_whitespace=True)]


class Someone(Answer):
    """Enough to tell him from others; masked. `merged`: how many were merged into him."""

    id: Id
    name: str
    phones: list[str]
    emails: list[str]
    channels: list[str]
    merged: int
    created_at: Time


class People(Answer):
    items: list[Someone]
    next: None = None


class Copying(Request):
    purpose: Purpose


class Reason(Request):
    reason: Ground = "request"


class Asked(Request):
    contact_id: AnyId
    reason: Ground


class Staying(Answer):
    """What the law keeps, why, and until when."""

    kind: Literal["policy", "consents"]
    id: Id
    reason: str
    until: Time


class Plan(Answer):
    """`goes`: rows by table, without the raw events; `contacts`: he, and who was merged into him."""

    contacts: list[Id]
    goes: dict[str, int]
    stays: list[Staying]


class Erasure(Answer):
    """`proof`, once it is done: rows that are left, bytes that were looked through, what was found in them."""

    id: Id
    contact_id: Id
    state: Literal["asked", "declined", "running", "done"]
    step: str
    reason: str
    asked_by: str
    asked_at: Time
    decided_by: str
    decided_at: Time | None
    done_at: Time | None
    proof: dict[str, Any]


class Erasures(Answer):
    items: list[Erasure]
    next: str | None


class Pages(Paged):
    """A list."""


class Holds(Paged):
    contact: str = Field("", max_length=26, description="id of the person who was erased")
    number: str = Field("", max_length=200, description="of a policy, exactly")


class Held(Answer):
    """What the law keeps of somebody who was erased: closed."""

    id: Id
    contact_id: Id
    kind: Literal["policy", "consents"]
    object_id: Id
    reason: str
    until: Time
    created_at: Time


class HeldList(Answer):
    items: list[Held]
    next: str | None


class Opening(Query):
    purpose: Purpose


class Opened(Held):
    content: dict[str, Any]


class Old(Answer):
    """A version of the master key that nothing in the database needs any more. `file` '' where it lives in memory only."""

    version: int
    file: str


class Rotated(Answer):
    """`version` seals from `since` on; `again`: a rotation that was begun before went on; `rewrapped` values by table;
    `left` values that older versions still seal; `waits`: why no old version was put away, '' when all were."""

    version: int
    since: Time
    again: bool
    rewrapped: dict[str, int]
    left: int
    put_away: list[Old]
    waits: str
