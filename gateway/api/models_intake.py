"""Models of the intake: tries to reach somebody, screening, calls logged by hand, records that may be one person."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Line, Name, Paged, Person, Request, Time
from gateway.api.models_contacts import Contact

Result = Literal["reached", "no_answer", "busy", "wrong_number"]
Outcome = Literal["need", "no_need", "spam"]


class NewAttempt(Request):
    """A call that was tried. `consent`: what was answered when C1 was read out, to somebody who was reached."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"result": "no_answer"}]})
    result: Result
    note: Line = ""
    consent: Literal["", "given", "refused"] = ""


class Attempt(Answer):
    """`number` of those that failed in a row, 0 = it reached him; `next_at`: when the next one was planned."""

    id: Id
    number: int
    result: Result
    note: str
    by: Person
    at: Time
    next_at: Time | None


class Attempts(Answer):
    items: list[Attempt]
    next: str | None


class Answers(Request):
    """What screening asks (R-SCR-1). What is left out was not asked."""

    real_person: bool | None = None
    need: Line = ""
    product: Annotated[str, StringConstraints(max_length=40)] = Field("", description="a code of the catalogue")
    area: Line = ""
    time: Line = ""
    existing_policy: bool | None = None


class NewScreening(Request):
    """need: it goes on to advice. no_need (with its reason) and spam: it ends."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"outcome": "need", "answers": {"real_person": True, "product": "tnds_xe_may"}}]
        }
    )
    outcome: Outcome
    answers: Answers = Field(default_factory=lambda: Answers.model_validate({}))
    reason: Line = ""


class Screening(Answer):
    """`by` null: the bot, of what the customer confirmed."""

    id: Id
    outcome: Outcome
    answers: dict[str, Any]
    by: Person | None
    at: Time


class ScreeningView(Answer):
    """`needed`: until there is one, it may not go to advice; `prefill`: what is known of the answers. The bot's record follows
    what the customer puts right; a person's stays as it was saved, and `product_since` is the product that was captured
    after that, empty when it has not changed."""

    needed: bool
    record: Screening | None
    prefill: dict[str, Any]
    product_since: str


class NewCall(Request):
    """A call of which only a person knows."""

    direction: Literal["inbound", "outbound"] = "inbound"
    answered: bool = True
    duration_s: int = Field(0, ge=0, le=86_400)
    note: Line = ""


class NewCaller(NewCall):
    """Of a number that may be new to us. `account`: of the hotline; left out, the only one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "0912345678", "note": "hỏi bảo hiểm xe máy"}]})
    phone: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    name: Name | None = None
    account: str = Field("", max_length=80)


class Duplicate(Answer):
    """Two records that may be one person. `reason`: what they share."""

    id: Id
    reason: Literal["phone", "email"]
    state: Literal["open", "dismissed", "merged"]
    contacts: list[Contact]
    created_at: Time


class Duplicates(Answer):
    items: list[Duplicate]
    next: str | None


class DuplicateQuery(Paged):
    contact: str = Field("", max_length=40, description="id of a contact: only what is offered for him")


class Accept(Request):
    """`into`: who remains; left out, the one whom we knew first. `why` is kept with the merge."""

    into: AnyId | None = None
    why: Line = ""
