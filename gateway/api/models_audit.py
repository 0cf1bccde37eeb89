"""Models of the audit."""

from __future__ import annotations

from pydantic import Field

from gateway.api.fields import Answer, Id, Moment, Paged, Time


class AuditLine(Answer):
    """`actor_name`, `object_name`: of people of ours, '' for whoever is none; `source`: the token that acted for him;
    `chained`: a link of the chain already (within a second)."""

    id: Id
    at: Time
    actor: str
    actor_name: str
    action: str
    object_type: str
    object_id: str
    object_name: str
    fields: list[str]
    result: str
    source: str
    chained: bool


class AuditLines(Answer):
    items: list[AuditLine]
    next: str | None


class AuditQuery(Paged):
    actor: str = Field("", max_length=40, description="id of who did it")
    action: str = Field("", max_length=40, description="an action, or the beginning of several, such as `user.`")
    object: str = Field("", max_length=40, description="id of what it was done to")
    object_type: str = Field("", max_length=40)
    since: Moment | None = None
    until: Moment | None = None


class Verified(Answer):
    """`broken_at`: seq of the first entry that is not as it was written."""

    ok: bool
    entries: int
    broken_at: int | None


class Chain(Answer):
    """How the chain stands without walking it now. `held_at`: when the whole of it last held; `links`: so many; `loose`:
    entries of the last second or two, not linked yet."""

    held_at: Time | None
    broken_at: int | None
    links: int
    loose: int
