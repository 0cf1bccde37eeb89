"""Models of putting right and asking for what is known of a customer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from gateway.api.fields import Answer, AnyId, Id, Person, Request, Text, Time

FieldName = Literal[
    "name", "phone", "email", "province", "need", "product", "occupation", "plate", "dob", "gender", "nationality", "id_number",
    "id_issue_date", "id_expiry", "residence", "mailing_address", "chassis_no", "engine_no", "vehicle_kind", "use", "seats", "payload_t", "term_years",
]  # fmt: skip


class Correction(Request):
    """As it was typed: it is brought into its normal form, or refused with why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"field": "phone", "value": "0912 345 678"}]})
    field: FieldName
    value: Text


class ChangeView(Answer):
    """`source`: desk (somebody put it right) or form (the customer filled it in; `by` asked him)."""

    id: Id
    field: str
    before: Any
    after: Any
    source: Literal["desk", "form"]
    by: Person
    at: Time


class Changes(Answer):
    items: list[ChangeView]
    next: str | None


class Question(Request):
    """What may be asked in a chat. Without the customer's consent C1 that is asked for first."""

    field: Literal["name", "phone", "email", "need", "time", "province"]


class NewForm(Request):
    """The fields of a form that only he may see, by a link that works once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fields": ["dob", "id_number"]}]})
    fields: list[FieldName] = Field(min_length=1, max_length=12)


class Move(Request):
    """`account`: to which he is led, as `channel:name`."""

    account: AnyId


class Place(Answer):
    """`carries`: its link tells who he is; else he sends a line that does."""

    account: str
    channel: str
    name: str
    carries: bool


class Places(Answer):
    items: list[Place]
    next: str | None


class TicketView(Answer):
    """A door that was given to the customer. `fields`: of a form; `account`: to which a move leads."""

    id: Id
    kind: Literal["form", "move"]
    fields: list[str]
    account: str
    by: Person
    created_at: Time
    expires_at: Time
    opened_at: Time | None
    used_at: Time | None


class Tickets(Answer):
    items: list[TicketView]
    next: str | None
