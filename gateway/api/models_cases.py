"""Models of cases: a policy on its way to its issue."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from gateway.api.fields import Answer, AnyId, Id, Line, Paged, Person, Request, Time

State = Literal[
    "requested", "info_complete", "declared", "agreed", "sent_to_insurer", "issued", "delivered", "active", "expired",
    "cancelled", "incomplete", "rejected", "withdrawn", "fraud_hold",
]  # fmt: skip
Act = Literal["complete", "declare", "agree", "send", "more", "issue", "reject", "withdraw", "hold", "decide"]
Date = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class NewCase(Request):
    """The customer wants this policy. `conversation_id` says who; `contact_id` alone means where he wrote last."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"conversation_id": "0jq5v3f2k8c4h6m1n9p7r0s2t4", "product": "tnds_o_to"}]}
    )
    conversation_id: AnyId | None = None
    contact_id: AnyId | None = None
    product: str = Field(max_length=40, description="a code of the catalogue")
    insurer: str = Field("", max_length=120)


class Complete(Request):
    """The checklist is looked at again: it is computed, not ticked off."""


class Declare(Request):
    """He declared that all of it is true. `documents`: what he opened and read before; `evidence`: how we know."""

    documents: list[Line] = Field(max_length=20)
    evidence: Line


class Agree(Request):
    """He agreed to this premium, in this form, from this day."""

    premium: int = Field(description="VND, as the insurer says")
    form: str = Field(max_length=20, description="electronic, hard_copy or both")
    starts_on: Date
    evidence: Line


class Send(Request):
    """It goes to the insurer, as he declared it."""


class Why(Request):
    reason: Line


class Issue(Request):
    """The insurer has issued it. `policy_id`: as registered with POST /policies."""

    policy_id: AnyId


class Decide(Request):
    """What becomes of a case that was held. A supervisor decides, and says why."""

    decision: str = Field(max_length=20, description="continue, end_service or report")
    reason: Line


class Step(Answer):
    act: str
    before: str = Field(description="the state before, '' at the beginning")
    after: str
    by: Person
    note: dict[str, Any]
    at: Time


class Case(Answer):
    """`missing`: what the checklist still lacks. `send_by`: by when the insurer is to have it. `may`: steps that can be
    tried now. After the issue `state` follows the policy's."""

    id: Id
    conversation_id: Id
    contact_id: Id
    product: str
    insurer: str
    state: State
    missing: list[str]
    documents: list[str]
    form: str
    premium: int | None
    starts_on: str
    reason: str
    policy_id: Id | None
    agreed_at: Time | None
    send_by: Time | None
    late: bool
    sent_at: Time | None
    created_at: Time
    changed_at: Time
    version: int
    may: list[Act]


class CaseView(Case):
    """One case, with what was done about it."""

    steps: list[Step]


class Cases(Answer):
    items: list[Case]
    next: str | None


class CaseQuery(Paged):
    conversation: str = Field("", max_length=40)
    contact: str = Field("", max_length=40)
    state: State | None = None
