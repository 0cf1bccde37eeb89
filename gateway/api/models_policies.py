"""Models of policies, their deliveries with proof, and the care plan."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from channels.reading import clean
from gateway.api.models import Answer, AnyId, Id, Moment, Paged, Request, Time

State = Literal["issued", "delivered", "active", "expired", "cancelled"]
CareState = Literal["planned", "sent", "answered", "skipped", "expired", "cancelled"]
Means = Literal["chat", "email", "pickup_ibaohiem", "pickup_insurer", "courier"]


def _line(value: Any) -> Any:
    """One line of what can be seen; a number may hold slashes, dots and dashes."""
    if not isinstance(value, str):
        return value
    return " ".join("".join(char for char in clean(value) if char.isprintable() or char.isspace()).split())


Date = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"),
    Field(description="ISO, a day in Viet Nam", examples=["2026-11-22"], json_schema_extra={"format": "date"}),
]
Insurer = Annotated[str, BeforeValidator(_line), StringConstraints(min_length=1, max_length=120)]
Number = Annotated[str, BeforeValidator(_line), StringConstraints(min_length=1, max_length=64)]


class Policy(Answer):
    """An insurance contract issued through us. `delivered_at`: when the customer had it (the cooling-off period counts
    from that day). `masked`: number and premium are not for you."""

    id: Id
    number: str
    insurer: str
    product: str
    contact_id: Id
    conversation_id: Id
    starts_on: Date
    ends_on: Date
    premium: int | None = Field(description="VND; null when it is not for you")
    document_id: Id | None
    state: State
    issued_at: Time
    delivered_at: Time | None
    test: bool
    version: int
    masked: bool


class Policies(Answer):
    items: list[Policy]
    next: str | None


class PolicyQuery(Paged):
    contact: str = Field("", max_length=40, description="id of a contact: all of his policies")
    conversation: str = Field("", max_length=40)
    number: str = Field("", max_length=64, description="the whole number")
    state: State | None = None


class NewPolicy(Request):
    """A policy that the insurer has issued. `conversation_id` says whose it is and where it will be delivered; `contact_id`
    alone means the conversation in which he wrote last."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversation_id": "0jq5v3f2k8c4h6m1n9p7r0s2t4",
                    "insurer": "Bảo Việt",
                    "product": "tnds_o_to",
                    "number": "BV-2026-000123",
                    "starts_on": "2026-11-23",
                    "ends_on": "2027-11-22",
                    "premium": 480_700,
                    "document_id": "0jq5v3f2k8c4h6m1n9p7r0s2t5",
                }
            ]
        }
    )
    conversation_id: AnyId | None = None
    contact_id: AnyId | None = None
    insurer: Insurer
    product: str = Field(max_length=40, description="a code of the catalogue")
    number: Number = Field(description="unique with its insurer")
    starts_on: Date = Field(description="today or later: a policy is never backdated")
    ends_on: Date
    premium: int = Field(ge=0, description="VND")
    document_id: AnyId = Field(description="an uploaded PDF, see POST /files")
    renews: AnyId | None = Field(
        None, description="id of his policy that this one goes on from: nobody reminds of its end"
    )


class Cancel(Request):
    reason: Literal["customer", "insurer", "replaced", "sold", "death", "mistake", "other"] = "other"


class Deliver(Request):
    """How it goes out. Today: `chat`, as a file on the channel of its conversation, or `email`, in a letter to an address
    that the customer left."""

    means: Means


class Delivery(Answer):
    """One way of a certificate. `route`: the account that it goes by; `reason`: why it failed, or what is open."""

    id: Id
    policy_id: Id
    means: Means
    state: Literal["to_send", "sent", "delivered", "confirmed", "failed"]
    route: str
    reason: str
    message_id: Id | None
    document_sha256: str
    created_at: Time
    sent_at: Time | None
    delivered_at: Time | None
    confirmed_at: Time | None


class Deliveries(Answer):
    items: list[Delivery]
    next: str | None


class ProofDocument(Answer):
    id: Id
    sha256: str
    size: int
    mime: str


class Receipt(Answer):
    status: Literal["sent", "delivered", "confirmed"]
    at: Time


class Try(Answer):
    """One platform call."""

    at: Time
    took_ms: int
    outcome: str
    code: str


class Confirmation(Answer):
    """The customer's own word."""

    care_id: Id
    route: str
    at: Time


class DeliveryProof(Answer):
    """`external_id`: the platform's message id; `document_sha256`: of the very bytes that were sent."""

    delivery_id: Id
    means: str
    state: str
    reason: str
    channel: str
    account: str
    thread: str | None
    message_id: Id | None
    external_id: str | None
    document_sha256: str
    by: str
    created_at: Time
    receipts: list[Receipt]
    attempts: list[Try]
    confirmation: Confirmation | None


class Proof(Answer):
    """What was sent, to whom, when, and how we know that it arrived. `hash`: SHA-256 of everything else here, as JSON
    with its keys in order and without spaces."""

    policy_id: Id
    contact_id: Id
    document: ProofDocument | None
    contract_received_at: Time | None
    deliveries: list[DeliveryProof]
    hash: str


# ---- care


class Care(Answer):
    """A touch of the care plan: `received` a day after the certificate was sent, `survey` a week after it arrived; of a
    term of more than a year `cooling_off` when it arrives and `cooling_off_14` on day 14; `midterm` of a
    term of half a year and more, `renewal_30` … `renewal_1` days before its end, `ended` the day after.
    `answer`: received, wrong_info, not_received, 1 to 5, or renew, later, declined, sold; `comment`: his own words."""

    id: Id
    policy_id: Id
    kind: Literal[
        "received", "survey", "cooling_off", "cooling_off_14", "midterm",
        "renewal_30", "renewal_15", "renewal_7", "renewal_1", "ended",
    ]  # fmt: skip
    due_at: Time
    state: CareState
    route: str | None
    reason: str | None
    answer: str | None
    comment: str | None
    sent_at: Time | None
    answered_at: Time | None


class Cares(Answer):
    items: list[Care]
    next: str | None


class CareQuery(Paged):
    policy: str = Field("", max_length=40, description="id of a policy")
    due_before: Moment | None = None
    state: CareState | None = None
