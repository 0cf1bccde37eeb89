"""What outgoing webhooks tell, for the OpenAPI document: the shapes of `storage.announcements`, and what is told besides
where a webhook asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from gateway.api.fields import Answer, Id, Person, Sent, Status, Time

WITH_TEXT: Final = "only where the webhook includes `text`"
WITH_PERSON: Final = "only where the webhook includes `person`"


class ToldConversation(Answer):
    """A `Conversation` without what is personal."""

    id: Id
    channel: str
    account: str
    thread: str
    contact_id: Id
    stage: str
    status: Status
    assignee: Person | None
    labels: list[str]
    test: bool
    opened_at: Time
    last_message_at: Time
    version: int
    outcome: str
    waiting_since: Time | None
    closed_at: Time | None
    slots: dict[str, Any] = Field(default_factory=dict, description=WITH_PERSON)


class ToldFile(Answer):
    id: Id
    kind: str
    mime: str
    size: int
    state: Literal["pending", "stored", "refused", "gone"]


class ToldMessage(Answer):
    """A `Message` without its words, and whose it is."""

    id: Id
    conversation_id: Id
    contact_id: Id
    channel: str
    account: str
    thread: str
    seq: int
    direction: Literal["inbound", "outbound"]
    author: Literal["customer", "bot", "advisor", "system"]
    advisor: Person | None
    kind: str
    status: Sent
    error: str | None
    route: str | None
    external_id: str | None
    said_at: Time
    received_at: Time
    attachments: list[ToldFile]
    text: str = Field("", description=WITH_TEXT)
    payload: str | None = Field(None, description=WITH_TEXT)


class ToldPolicy(Answer):
    """A `Policy` without number and premium."""

    id: Id
    contact_id: Id
    conversation_id: Id
    insurer: str
    product: str
    starts_on: str
    ends_on: str
    document_id: Id | None
    state: Literal["issued", "delivered", "active", "expired", "cancelled"]
    test: bool
    number: str = Field("", description=WITH_PERSON)
    premium: int | None = Field(None, description=WITH_PERSON)


class ToldDelivery(Answer):
    """A `Delivery`, and whose it is."""

    id: Id
    policy_id: Id
    contact_id: Id
    means: Literal["chat", "email", "pickup_ibaohiem", "pickup_insurer", "courier"]
    state: Literal["to_send", "sent", "delivered", "confirmed", "failed"]
    route: str
    reason: str
    message_id: Id | None
    document_sha256: str
    created_at: Time
    sent_at: Time | None
    delivered_at: Time | None
    confirmed_at: Time | None


class ToldCare(Answer):
    """A `Care` without the answer."""

    id: Id
    policy_id: Id
    contact_id: Id
    kind: str
    due_at: Time
    state: Literal["planned", "sent", "answered", "skipped", "expired", "cancelled"]
    route: str | None
    reason: str | None
    sent_at: Time | None
    answered_at: Time | None
    answer: str | None = Field(None, description=WITH_TEXT)
    comment: str | None = Field(None, description=WITH_TEXT)


TOLD: Final[Mapping[str, tuple[type[Answer], str]]] = {
    "conversation.opened": (ToldConversation, "somebody writes for the first time, or long after the end"),
    "conversation.waiting": (ToldConversation, "it begins to wait for a person"),
    "conversation.closed": (ToldConversation, "it ends"),
    "message.created": (ToldMessage, "there is a message, either way; never a note"),
    "policy.issued": (ToldPolicy, "a policy is registered"),
    "delivery.changed": (ToldDelivery, "a certificate's way begins, or is another than it was"),
    "care.answered": (ToldCare, "the customer answered a question of the care plan"),
}
