"""Models of data-subject requests (process 3.7)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Moment, Name, Paged, Person, Query, Request, Time, cleaned
from handlers import rights, rightswords

Kind = Literal["access", "rectify", "delete", "withdraw", "restrict", "object", "protect", "complaint"]
State = Literal["received", "verified", "executing", "done", "partly_done", "refused", "erased"]
Way = Literal["chat", "phone", "email", "letter", "visit"]
Proof = Annotated[
    Literal["known_fact", "otp", "called_back", "in_person", "letter"],
    Field(
        description="the channel's identity and a fact that only he knows · a code to the number that we have · called back on it ·"
        " here, with a paper · a signed letter. Never a photograph of a paper in a chat"
    ),
]
Ground = Literal["not_verified", "nothing_held", "legal_duty", "agreement", "others_rights", "unclear", "taken_back"]
Alarm = Annotated[
    Literal["", "half", "near", "over"], Field(description="half of the time has gone, 80 % of it, all of it")
]
Words = Annotated[str, BeforeValidator(cleaned), StringConstraints(min_length=1, max_length=4000)]
Remark = Annotated[str, BeforeValidator(cleaned), StringConstraints(max_length=1000)]
assert Kind.__args__ == rights.KINDS  # type: ignore[attr-defined]
assert State.__args__ == rights.STATES  # type: ignore[attr-defined]
assert Way.__args__ == rights.WAYS  # type: ignore[attr-defined]
assert tuple(rightswords.GROUNDS) == Ground.__args__  # type: ignore[attr-defined]


class RequestQuery(Paged):
    """By `contact` or `conversation`: all of that person's, the newest first. Else the open ones by the day they are due, or
    the closed ones, the last first."""

    state: Literal["open", "closed"] = "open"
    contact: str = Field("", max_length=26)
    conversation: str = Field("", max_length=26)


class NewRequest(Request):
    """`contact_id`, `conversation_id` or `who` (a telephone number or e-mail address as people write them) says whose data it
    is about; nobody known by `who` is somebody new, called `name`. `received_at`: when it reached anybody of ours, within
    the last 90 days; that is when the law's clock began. `processor`: somebody else must act as well, an insurer or a courier."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"who": "0912 345 678", "kind": "access", "way": "phone", "words": "Cho tôi xin bản sao dữ liệu"}
            ]
        }
    )
    kind: Kind
    way: Way
    words: Words
    contact_id: AnyId | None = None
    conversation_id: AnyId | None = None
    who: Annotated[str, StringConstraints(min_length=3, max_length=254, strip_whitespace=True)] | None = None
    name: Name | None = None
    received_at: Moment | None = None
    processor: bool = False


class Receipt(Answer):
    """It is written down. It says nothing of whom it is about."""

    id: Id
    codes: list[str]
    kind: Kind
    received_at: Time
    ack_due_at: Time
    due_at: Time


class Told(Request):
    """What he is told: `text` as he gets it. `way` chat: it goes out in his conversation now; any other: you tell him, and it is
    written down that you did."""

    text: Words
    way: Way


class Verify(Request):
    how: Proof
    note: Remark = ""


class Extend(Told):
    """Told with its reason before the first date."""


class Refuse(Told):
    ground: Ground


class Partly(Told):
    ground: Ground


class Erase(Told):
    """He is told before his chats are gone."""


class Remarked(Request):
    note: Annotated[str, BeforeValidator(cleaned), StringConstraints(min_length=1, max_length=1000)]


class Draft(Query):
    act: Literal["acknowledge", "verify", "extend", "done", "partly_done", "refuse", "erase"]
    ground: Ground = "legal_duty"


class Drafted(Answer):
    """Words of ours to begin with, in his language; `fill` are the holes that are left for you."""

    text: str
    fill: list[str]


class About(Answer):
    """Enough to tell him from others; masked where your role sees nobody's values."""

    id: Id
    name: str
    phones: list[str]
    emails: list[str]


class Erasing(Answer):
    """The erasure that it led to; `mine`: you asked for it, so somebody else decides."""

    id: Id
    state: str
    mine: bool


class DataRequest(Answer):
    """A data-subject request. `codes` as he was told them; `may`: what you can do about it now."""

    id: Id
    codes: list[str]
    kind: Kind
    source: Literal["chat", "desk", "api"]
    way: Way
    about: About | None
    conversation_id: Id | None
    words: str
    state: State
    ground: str
    processor: bool
    handler: Person | None
    received_at: Time
    ack_due_at: Time
    acknowledged_at: Time | None
    ack_alarm: Alarm
    due_at: Time
    alarm: Alarm
    extended_at: Time | None
    verified_at: Time | None
    decided_at: Time | None
    closed_at: Time | None
    answer: str
    erasure: Erasing | None
    may: list[str]
    version: int


class Step(Answer):
    """`note`: words of ours about it, and what he was told; `by` null: the customer himself, or the system."""

    act: str
    before: str
    after: str
    by: Person | None
    note: dict[str, Any]
    at: Time


class DataRequestView(DataRequest):
    steps: list[Step]


class DataRequests(Answer):
    """`open`, `near`, `over`: of all that are open."""

    items: list[DataRequest]
    next: str | None
    open: int
    near: int
    over: int


class Brief(Answer):
    """A request as whoever speaks with him needs to know it."""

    id: Id
    codes: list[str]
    kind: Kind
    state: State
    received_at: Time
    due_at: Time
    alarm: Alarm
    handler: Person | None


class Briefs(Answer):
    items: list[Brief]
    next: None = None
