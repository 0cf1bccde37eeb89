"""Models of outgoing webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Moment, Name, Paged, Request, Time
from storage.subscriptions import INCLUDES, TYPES

Type = Literal[
    "conversation.opened",
    "conversation.waiting",
    "conversation.closed",
    "message.created",
    "policy.issued",
    "delivery.changed",
    "care.answered",
]
Include = Literal["text", "person"]
State = Literal["waiting", "calling", "done", "failed"]
assert set(TYPES) == set(Type.__args__)  # type: ignore[attr-defined]
assert set(INCLUDES) == set(Include.__args__)  # type: ignore[attr-defined]
Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, strip_whitespace=True),
    Field(description="https, a public host, port 443; http to this machine only where the gateway serves no other"),
]
Types = Annotated[list[Type], Field(min_length=1, max_length=20)]
Includes = Annotated[
    list[Include],
    Field(
        max_length=4,
        description="beyond ids and words of ours: `text`, what people said; `person`, what was captured of them",
    ),
]


class NewWebhook(Request):
    """`owner`: an advisor, mostly that of an integration's token, who may read it; you, when left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://crm.example.com/hooks/ibaohiem",
                    "name": "CRM",
                    "types": ["conversation.waiting", "message.created"],
                }
            ]
        }
    )
    url: Url
    name: Name
    types: Types
    include: Includes = Field(default_factory=list)
    owner: AnyId | None = None


class WebhookChange(Request):
    """What is left out stays."""

    url: Url | None = None
    name: Name | None = None
    types: Types | None = None
    include: Includes | None = None
    enabled: bool | None = None


class Webhook(Answer):
    """`reason`: why it is off: "" somebody switched it off, `gone` it answered 410, `failing` days of failures.
    `old_secret_until`: until then calls are signed by the secret before, too. `paused_until`: it asked for a rest."""

    id: Id
    url: str
    name: str
    types: list[Type]
    include: list[Include]
    enabled: bool
    reason: str
    failing_since: Time | None
    paused_until: Time | None
    last_ok_at: Time | None
    old_secret_until: Time | None
    owner: Id
    created_at: Time
    updated_at: Time
    version: int


class WebhookMade(Webhook):
    """`secret`: to check our signatures with; told here once."""

    secret: str


class Webhooks(Answer):
    items: list[Webhook]
    next: str | None


class WebhookEvent(Answer):
    """One event on its way to one webhook. `id`: the webhook-id; `about`: of what it speaks; `status`, `took_ms`, `error`,
    `answer` (its first kilobyte), `tried_at`: of the last try. `next_at`: of the next one."""

    id: Id
    type: str
    about: Id
    at: Time
    state: State
    attempts: int
    next_at: Time | None
    status: int | None
    error: str
    took_ms: int | None
    tried_at: Time | None
    answer: str
    done_at: Time | None


class WebhookEvents(Answer):
    items: list[WebhookEvent]
    next: str | None


class WebhookEventQuery(Paged):
    state: State | None = None


class Since(Request):
    since: Moment = Field(description="what was noted since then and failed")


class Resent(Answer):
    """How many go out again."""

    count: int
