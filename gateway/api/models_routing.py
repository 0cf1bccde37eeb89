"""Models of the rules by which work is given out, and of what they would have done."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from gateway.api.fields import Answer, AnyId, Id, Person, Request, Time
from gateway.api.models_teams import MINUTES_MAX, Day, Minutes, Week

Mode = Literal["pull", "offer", "assign"]
Upto = Annotated[int, Field(ge=0, le=MINUTES_MAX)]


class RoutingChange(Request):
    """What is left out stays. Minutes are of working time; 0 switches off what may be off."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "assign", "sticky_days": 30, "capacity": 8}]})
    mode: Mode | None = Field(
        None, description="pull: people take what waits; offer: each is one's turn first; assign: given at once"
    )
    sticky_days: int | None = Field(
        None, ge=0, le=3650, description="who had the customer within so many days is first; 0 = nobody is"
    )
    offer_minutes: int | None = Field(None, ge=1, le=MINUTES_MAX, description="so long an offer stands")
    answer_minutes: Upto | None = Field(
        None, description="taken and not answered for so long: the next one; 0 = 30 minutes by the clock"
    )
    escalate_minutes: Upto | None = Field(None, description="waits so long: the supervisor is told; 0 = never")
    first_minutes: int | None = Field(None, ge=1, le=MINUTES_MAX, description="until a person is in touch")
    next_minutes: Upto | None = Field(None, description="until each next answer; 0 = not measured")
    capacity: int | None = Field(None, ge=0, le=1000, description="conversations at once; 0 = any number")


class Routing(Answer):
    """As it is now; see RoutingChange."""

    mode: Mode
    sticky_days: int
    offer_minutes: int
    answer_minutes: int
    escalate_minutes: int
    first_minutes: int
    next_minutes: int
    capacity: int


class TeamWould(Request):
    """A team as it would be; what is left out is as it is."""

    first_minutes: Minutes | None = None
    next_minutes: Minutes | None = None
    members: list[AnyId] | None = Field(None, max_length=500)


class PreviewWanted(RoutingChange):
    """The settings as they would be; what is left out is as it is. `day`: which day is played again, yesterday unless you
    say. `shifts`: by owner, as `PATCH /shifts/…` takes them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "assign", "first_minutes": 10}]})
    day: Day | None = None
    holidays: list[Day] = Field(default=[], max_length=100, description="days off beside those that there are")
    teams: dict[str, TeamWould] = Field(default={}, max_length=200)
    shifts: dict[str, Week] = Field(default={}, max_length=200)


class Sums(Answer):
    """`given`: by the rules; of them `sticky` to who knew the customer. `nobody`: no one was there. `late`: the first
    answer; `late_answers`: each next one. `returned`: taken and not answered in time."""

    handoffs: int
    given: int
    sticky: int
    nobody: int
    late: int
    escalated: int
    returned: int
    late_answers: int


class Fate(Answer):
    advisor: Person | None
    reason: Literal["pull", "sticky", "least_load", "nobody"]
    due_at: Time
    late: bool
    escalated: bool
    returned: bool


class Different(Answer):
    """One that would have gone another way."""

    id: Id
    conversation_id: Id
    code: str
    team: str
    opened_at: Time
    now: Fate
    then: Fate


class Preview(Answer):
    """The day under today's settings and under those that were asked for. Everybody who had a shift counts as there.
    `different`: how many would have gone another way, the first of them in `examples`."""

    day: str
    now: Sums
    then: Sums
    different: int
    examples: list[Different]
    cut: bool = Field(description="the day had more than are played again")
