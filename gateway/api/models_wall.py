"""Models of the supervisor's wall, and of what leaves the house as a table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from gateway.api.fields import Answer, Id, Paged, Query, Request, Time
from gateway.api.models_finding import Narrowed

Period = Literal["today", "7d", "30d"]
Figure = Literal[
    "waiting", "late", "active", "his_turn", "later", "asked", "answered", "unanswered", "step", "lost", "score"
]
Purpose = Literal["contact", "advise", "issue", "deliver", "care", "claim", "complaint", "legal", "security"]


Tests = Annotated[bool, Field(description="test conversations too")]


class WallQuery(Query):
    period: Period = "today"
    tests: Tests = False


class WallTests(Request):
    """Whether your wall at the desk counts test conversations."""

    tests: bool


class WallTestsKept(Answer):
    tests: bool


class Behind(Paged):
    """One figure: `of` a channel (`channel:zalo`), a team (`team:claims`), an advisor's id, a step of the funnel, a reason's
    key or a score, as the wall names them; empty = all."""

    period: Period = "today"
    figure: Figure
    of: str = Field("", max_length=80)
    tests: Tests = False


class Part(Answer):
    of: str
    count: int


class Oldest(Answer):
    conversation_id: Id
    since: Time


class WaitingNow(Answer):
    count: int
    late: int
    oldest: Oldest | None
    channels: list[Part]
    teams: list[Part]


class Load(Answer):
    """What somebody has now. `active`: without what is put off; `his_turn`: the customer has the last word; `capacity` 0 =
    any number."""

    id: Id
    name: str
    teams: list[str]
    away: bool
    active: int
    his_turn: int
    later: int
    capacity: int
    state: Literal["easy", "full", "over"]


class AnswerTimes(Answer):
    """Conversations that asked for a person, and those that were answered; minutes of working time until then."""

    of: str
    asked: int
    answered: int
    median_minutes: float | None
    p90_minutes: float | None


class Answered(Answer):
    all: AnswerTimes
    channels: list[AnswerTimes]
    teams: list[AnswerTimes]


class Reason(Answer):
    key: str
    words: str
    count: int


class Scores(Answer):
    average: float | None
    count: int
    by_score: list[Part]


class Wall(Answer):
    """Now and of a period. Test conversations are left out unless you ask for them with `tests`. Each figure's conversations: `GET /wall/conversations`."""

    at: Time
    period: Period
    since: Time
    until: Time
    waiting: WaitingNow
    people: list[Load]
    answers: Answered
    funnel: list[Part]
    lost: list[Reason]
    scores: Scores


# ---- tables


class ExportOf(Request):
    """`purpose` of R-PUR: nothing leaves without one. `separator` of the table's columns: what Excel expects depends on
    the computer's region."""

    purpose: Purpose
    separator: Literal["semicolon", "comma"] = "semicolon"
    lang: Literal["vi", "en"] = "vi"


class WallExport(ExportOf):
    model_config = ConfigDict(json_schema_extra={"examples": [{"purpose": "care", "period": "7d"}]})
    period: Period = "today"
    tests: Tests = False


class ConversationsExport(ExportOf):
    """`personal`: names, phones and needs as they are, where your role sees them, when a second person has let exactly this go
    (`ask`: the id of `POST /exports/asks`); else masked."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"purpose": "care", "query": {"status": "waiting"}, "personal": False}]}
    )
    query: Narrowed = Field(default_factory=lambda: Narrowed.model_validate({}))
    personal: bool = False
    ask: str | None = Field(None, max_length=26)
