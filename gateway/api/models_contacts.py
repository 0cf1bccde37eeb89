"""Models of contacts and files."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Line, Name, Request, Time


class Point(Answer):
    channel: str
    account: str
    thread: str
    reachable: bool
    last_inbound_at: Time | None
    conversation_id: Id | None


class Consent(Answer):
    purpose: str = Field(description="C1 contact, C2 application, C3 sensitive data, C4 advertising")
    state: str = Field(description="asked, given, refused, unclear, withdrawn")
    at: Time
    channel: str
    text_key: str
    text_version: str


class Contact(Answer):
    """A person. `consents`: the evidence, oldest first; `merged`: who was merged into him."""

    id: Id
    name: str
    phones: list[str]
    emails: list[str]
    points: list[Point]
    consents: list[Consent]
    salutation: str
    lang: str
    test: bool
    version: int
    merged: list[Id]
    masked: bool


class ContactChange(Request):
    """Corrections; what is left out stays. Lists replace what was there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Nguyễn Văn Hùng", "phones": ["0912345678"]}]})
    name: Name | None = None
    salutation: Literal["", "anh", "chị", "cô", "chú", "bác", "em", "anh/chị"] | None = None
    lang: Literal["vi", "en"] | None = None
    phones: list[Annotated[str, StringConstraints(min_length=1, max_length=40)]] | None = Field(None, max_length=10)
    emails: list[Annotated[str, StringConstraints(min_length=1, max_length=254)]] | None = Field(None, max_length=10)
    test: bool | None = None
    version: int | None = Field(None, description="refuse when the contact was changed since")


class Merge(Request):
    """`into`: who remains. `why` is kept, in the conversation that he used last."""

    into: AnyId
    why: Line = ""


# ---- files


class File(Answer):
    id: Id
    name: str
    mime: str
    size: int
    sha256: str


class FileForm(Request):
    """One file, and whose it is."""

    file: Annotated[bytes, Field(json_schema_extra={"format": "binary"})]
    conversation_id: str = ""
    contact_id: str = ""


LIMIT_FILE: Final = 20 * 1024 * 1024
