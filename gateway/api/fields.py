"""The types that requests and answers are made of, and what all of them share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from channels import registry
from channels.reading import clean, clean_name
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


def cleaned(value: Any) -> Any:
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


def _channel(value: str) -> str:
    if value and value not in registry.MODULES:
        raise ValueError(f"there is no such channel; there are {', '.join(registry.MODULES)}")
    return value


ChannelOf = Annotated[str, StringConstraints(max_length=40), AfterValidator(_channel)]  # '' = any
Text = Annotated[str, BeforeValidator(cleaned), StringConstraints(min_length=1, max_length=16_000)]
Line = Annotated[str, BeforeValidator(cleaned), StringConstraints(max_length=2000)]
Name = Annotated[str, BeforeValidator(_name), StringConstraints(min_length=1, max_length=80)]
Label = Annotated[str, BeforeValidator(_name), StringConstraints(min_length=1, max_length=60)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
AnyId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Request(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


class Query(BaseModel):
    """Filters of a list. A parameter that we do not know is left alone."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True, defer_build=True)


class Paged(Query):
    limit: int = Field(50, ge=1, le=200, description="how many at most")
    cursor: str | None = Field(
        None, max_length=500, validation_alias=AliasChoices("cursor", "next"), description="`next` of the page before"
    )


class Whole(Query):
    """Of a short list, which is told whole to whoever names no limit."""

    limit: int | None = Field(None, ge=1, le=200, description="how many at most; without it, all")
    cursor: str | None = Field(
        None, max_length=500, validation_alias=AliasChoices("cursor", "next"), description="`next` of the page before"
    )


class Answer(BaseModel):
    """What we say."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Person(Answer):
    """Somebody of ours, as far as others need to know."""

    id: Id
    name: str


class Done(Answer):
    """It is done."""

    ok: bool = True
