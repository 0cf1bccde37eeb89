"""Models of teams, certificates, shifts, days off and presence."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from gateway.api.fields import Answer, AnyId, Id, Label, Query, Request, Time
from handlers.taps import PRODUCTS

MINUTES_MAX = 10_080  # a week of working time


def _day(value: str) -> str:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise ValueError("a day is written YYYY-MM-DD") from None
    if not 2000 <= found.year < 2200:
        raise ValueError("a day between 2000 and 2199")
    return found.isoformat()


def _product(value: object) -> object:
    if isinstance(value, str) and value not in PRODUCTS:
        raise ValueError(f"no such product; there are {', '.join(PRODUCTS)}")
    return value


Day = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"),
    AfterValidator(_day),
    Field(description="YYYY-MM-DD", examples=["2027-02-06"]),
]
Minutes = Annotated[int, Field(ge=0, le=MINUTES_MAX, description="of working time; 0 = as the house")]
Clock = Annotated[str, StringConstraints(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$"), Field(examples=["08:00"])]
Product = Annotated[str, BeforeValidator(_product)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class NewTeam(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Xe máy", "first_minutes": 10}]})
    name: Label
    first_minutes: Minutes = 0
    next_minutes: Minutes = 0


class TeamChange(Request):
    """What is left out stays. `members`: these and nobody else."""

    name: Label | None = None
    first_minutes: Minutes | None = None
    next_minutes: Minutes | None = None
    members: list[AnyId] | None = Field(None, max_length=500)


class Team(Answer):
    """`waiting`: how many wait for it now."""

    id: Id
    name: str
    first_minutes: int
    next_minutes: int
    members: list[Id]
    waiting: int


class Teams(Answer):
    items: list[Team]
    next: str | None


class NewCertificate(Request):
    """Both days count. `products` empty: all of the insurer's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "DL-2026-00123",
                    "insurer": "PVI",
                    "products": ["tnds_o_to"],
                    "valid_from": "2026-01-01",
                    "valid_to": "2028-12-31",
                }
            ]
        }
    )
    number: Label
    insurer: Label
    products: list[Product] = Field(default=[], max_length=50)
    valid_from: Day
    valid_to: Day

    @model_validator(mode="after")
    def _in_order(self) -> NewCertificate:
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to: it ends before it begins")
        return self


class Certificate(Answer):
    """`state`: to_come, valid, expiring (within 30 days) or expired."""

    id: Id
    advisor_id: Id
    number: str
    insurer: str
    products: list[str]
    valid_from: str
    valid_to: str
    state: Literal["to_come", "valid", "expiring", "expired"]
    days_left: int


class Certificates(Answer):
    items: list[Certificate]
    next: str | None


class CertificateQuery(Query):
    advisor: str = Field("", max_length=40, description="id of an advisor")
    state: Literal["to_come", "valid", "expiring", "expired"] | None = None


class Span(Request):
    begins: Clock
    ends: Clock

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.ends <= self.begins:
            raise ValueError("a period ends after it begins")
        return self


class Week(Request):
    """Periods of each weekday; a day that is left out is free. Nothing at all: no shifts of his own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"days": {"mon": [{"begins": "08:00", "ends": "12:00"}, {"begins": "13:30", "ends": "17:30"}]}}
            ]
        }
    )
    days: dict[Weekday, Annotated[list[Span], Field(max_length=12)]]

    @model_validator(mode="after")
    def _apart(self) -> Week:
        for spans in self.days.values():
            spans.sort(key=lambda span: span.begins)
            if any(one.ends > other.begins for one, other in pairwise(spans)):
                raise ValueError("days: two periods of a day overlap")
        return self


class Shifts(Answer):
    """`owner`: `team:…` or `advisor:…`."""

    owner: str
    days: dict[str, list[list[str]]]


class AllShifts(Answer):
    """`house`: the hours of the configuration, null = round the clock; who has no shifts works by them."""

    items: list[Shifts]
    house: dict[str, list[list[str]]] | None
    next: str | None


class NewHoliday(Request):
    """`works`: a day off of the configuration on which people work after all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"day": "2027-02-06", "name": "Tết Đinh Mùi"}]})
    day: Day
    name: Label
    works: bool = False


class Holiday(Answer):
    """`source`: config or desk. `off`: nobody works on it."""

    day: str
    name: str
    off: bool
    source: Literal["config", "desk"]


class Holidays(Answer):
    items: list[Holiday]
    next: str | None


class Presence(Answer):
    """`online`: his desk is open, or his token is in use. `away`: he takes nothing new. `open`: conversations he has;
    `capacity` 0 = as the house."""

    id: Id
    name: str
    role: str
    online: bool
    away: bool
    away_at: Time | None
    on_shift: bool
    open: int
    capacity: int
    teams: list[str]
    certificates: int = Field(description="in force today")


class Presences(Answer):
    """`gated`: certificates are recorded here, so that advice needs one."""

    items: list[Presence]
    gated: bool
    next: str | None


class PresenceChange(Request):
    away: bool


class CapacityChange(Request):
    capacity: int = Field(ge=0, le=1000, description="conversations at once; 0 = as the house")
