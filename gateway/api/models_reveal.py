"""Models of looking at a value that is masked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, Request


class Reveal(Request):
    """Which value, and what for. `reason` is asked for what the law calls sensitive, and kept in the audit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"field": "phone", "reason": "call"}]})
    field: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")] = Field(
        description="name, phone, email, or another of the conversation's `slots`"
    )
    reason: Literal["", "call", "verify", "policy", "claim", "complaint", "other"] = ""


class Revealed(Answer):
    """As it is kept; empty where there is none."""

    field: str
    values: list[str]
