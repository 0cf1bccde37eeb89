"""Models of canned answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, Id, Request, Time


def _plain(value: object) -> object:
    return value.strip().lstrip("/").lower() if isinstance(value, str) else value


Shortcut = Annotated[
    str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9a-z]+(?:-[0-9a-z]+)*$")
]
Title = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class NewCanned(Request):
    """`text` may hold {xung_ho}, {ten}, {tu_van_vien}, {ma_yeu_cau}, {hotline}, {cong_ty}."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"shortcut": "chao", "title": "Chào khách", "text": "Dạ em chào {xung_ho} {ten} ạ."}]
        }
    )
    shortcut: Shortcut = Field(description="what is typed after the stroke: a-z, digits, dashes")
    title: Title
    text: Text


class Canned(Answer):
    id: Id
    shortcut: str
    title: str
    text: str
    updated_at: Time


class CannedAnswers(Answer):
    items: list[Canned]
    next: str | None


class Filled(Canned):
    """For one conversation. `missing`: variables that have no value here; they stand in `text` as they were."""

    missing: list[str]


class FilledAnswers(Answer):
    items: list[Filled]
    next: str | None
