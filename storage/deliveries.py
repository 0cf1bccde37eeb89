"""The way of each certificate to its customer: to_send, sent, delivered, confirmed, or failed.

It follows the message that carries the document, and what the customer says of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from storage import announcements, audit, care, contacts, cooling, files, policies
from storage.ids import new_id
from storage.policies import ALIVE, Conflict, Policy
from storage.tx import Tx

CHAT: Final = "chat"
EMAIL: Final = "email"
SYSTEM: Final = "system"
_DELIVERY: Final = "id, policy_id, contact_id, means, state, route, reason, message_id, document_sha256, created_by, created_at, sent_at, delivered_at, confirmed_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One way of a certificate. `route` -- account by which it goes; times in ms."""

    id: str
    policy_id: str
    contact_id: str
    means: Literal["chat", "email", "pickup_ibaohiem", "pickup_insurer", "courier"]
    state: Literal["to_send", "sent", "delivered", "confirmed", "failed"]
    route: str
    reason: str
    message_id: str | None
    document_sha256: str
    created_by: str
    created_at: int
    sent_at: int | None
    delivered_at: int | None
    confirmed_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery that may begin: to whom it goes and what. `conversation_id` -- in which he is told, '' for a letter, which
    has its own · `values` -- what the customer is told of the policy."""

    delivery_id: str
    conversation_id: str
    contact_id: str
    document_id: str
    size: int
    values: Mapping[str, str] = field(repr=False)


def begin(tx: Tx, policy_id: str, *, by: str, letter_by: str = "") -> Parcel:
    """A new delivery by chat. Its recipient follows from the policy alone: its own conversation's contact point, and
    only while that and the document are its own customer's. `letter_by` -- the account by which a letter goes in its
    place, to the same customer. Raises Conflict."""
    means = EMAIL if letter_by else CHAT
    policy = policies.find(tx, policy_id, lock=True)
    if policy is None:
        raise Conflict("not_found", "no such policy")
    if policy.state not in ALIVE:
        raise Conflict("wrong_state", f"it is {policy.state}")
    if tx.value(
        "SELECT 1 FROM delivery WHERE policy_id = :id AND means = :means AND state = 'to_send' AND reason = ''",
        id=policy_id,
        means=means,
    ):
        raise Conflict("wrong_state", "it is on its way already")
    conversation_id, account_id = target(tx, policy)
    file = files.find(tx, policy.document_id or "")
    if (
        file is None
        or file.contact_id is None
        or contacts.resolve(tx, file.contact_id) != contacts.resolve(tx, policy.contact_id)
    ):
        raise Conflict("wrong_state", "its document is not there")
    delivery_id = new_id()
    tx.insert(
        "delivery",
        id=delivery_id,
        policy_id=policy_id,
        contact_id=policy.contact_id,
        means=means,
        state="to_send",
        route=letter_by or account_id,
        reason="",
        document_sha256=file.sha256,
        created_by=by,
        created_at=tx.now_ms,
    )
    audit.write(
        tx, actor=by, action="policy.deliver", object_type="policy", object_id=policy_id, fields=(means, delivery_id)
    )
    tx.hint("policy", policy_id)
    announcements.delivery_changed(tx, delivery_id)
    values = {
        "number": policy.number,
        "insurer": policy.insurer,
        "product": policy.product,
        "starts_on": policy.starts_on,
        "ends_on": policy.ends_on,
    }
    return Parcel(
        delivery_id=delivery_id,
        conversation_id="" if letter_by else conversation_id,
        contact_id=policy.contact_id,
        document_id=file.id,
        size=file.size,
        values=values,
    )


def target(tx: Tx, policy: Policy) -> tuple[str, str]:
    """(conversation, account) in which the policy's customer is spoken to today, on the contact point where it was
    agreed. Raises Conflict when that is no longer his."""
    row = tx.one(
        "SELECT p.account_id, p.contact_id AS point_contact, c.id, c.contact_id FROM conversation o JOIN contact_point p ON p.id = o.point_id"
        " JOIN conversation c ON c.id = COALESCE(p.conversation_id, o.id) WHERE o.id = :id",
        id=policy.conversation_id,
    )
    if (
        row is None
        or {row.point_contact, row.contact_id} != {policy.contact_id}
        or contacts.resolve(tx, policy.contact_id) is None
    ):
        raise Conflict("wrong_state", "its conversation is not its customer's any more")
    return row.id, row.account_id


def carried(tx: Tx, delivery_id: str, message_id: str, contact_id: str) -> None:
    """This message carries the document. The last look before it is written: a message to anybody else than the
    policy's own customer is a bug, and nothing of the act remains."""
    row = tx.one("SELECT contact_id FROM delivery WHERE id = :id", id=delivery_id)
    mine = row is not None and contacts.resolve(tx, row.contact_id) == contacts.resolve(tx, contact_id) is not None
    changed = mine and tx.run(
        "UPDATE delivery SET message_id = :message WHERE id = :id AND state = 'to_send' AND message_id IS NULL",
        message=message_id,
        id=delivery_id,
    )
    if not changed:
        raise RuntimeError("a certificate on its way to somebody else")


def of_policy(tx: Tx, policy_id: str) -> list[Delivery]:
    """Every way that was tried, the oldest first."""
    rows = tx.all(
        f"SELECT {_DELIVERY} FROM delivery WHERE policy_id = :id ORDER BY created_at, id LIMIT 200",  # noqa: S608
        id=policy_id,
    )
    return [Delivery(**row._mapping) for row in rows]


def find(tx: Tx, delivery_id: str) -> Delivery | None:
    row = tx.one(f"SELECT {_DELIVERY} FROM delivery WHERE id = :id", id=delivery_id)  # noqa: S608
    return None if row is None else Delivery(**row._mapping)


# ---- what becomes of it


def fate(tx: Tx, message_id: str, state: str, reason: str) -> None:
    """What a platform call of this message brought, in the transaction that records it. `state` -- of its outbox row.
    After a lost answer nobody knows: it stays to_send, and tomorrow's question asks the one who does."""
    row = tx.one(
        "SELECT id, policy_id, contact_id, state, reason FROM delivery WHERE message_id = :message", message=message_id
    )
    if row is None:
        return
    if state == "sent":
        tx.run(
            "UPDATE delivery SET state = CASE WHEN state IN ('to_send', 'failed') THEN 'sent' ELSE state END,"
            " reason = CASE WHEN state IN ('to_send', 'failed') THEN '' ELSE reason END, sent_at = COALESCE(sent_at, :now) WHERE id = :id",
            now=tx.now_ms,
            id=row.id,
        )
        care.sent(tx, row.policy_id, row.contact_id, row.id)
    elif state == "unknown":
        tx.run("UPDATE delivery SET reason = 'answer_lost' WHERE id = :id AND state = 'to_send'", id=row.id)
        care.sent(tx, row.policy_id, row.contact_id, row.id)
    elif state in ("failed", "failed_late", "expired", "cancelled"):
        tx.run(
            "UPDATE delivery SET state = 'failed', reason = :reason WHERE id = :id AND state IN ('to_send', 'sent')",
            reason=reason or state,
            id=row.id,
        )
    _changed(tx, row.id, (row.state, row.reason))
    tx.hint("delivery", row.id)
    tx.hint("policy", row.policy_id)


def arrived(tx: Tx, message_id: str) -> None:
    """The platform, or the customer's own page, says that the message is there."""
    row = tx.one(
        "UPDATE delivery SET state = 'delivered', reason = '', sent_at = COALESCE(sent_at, :now), delivered_at = COALESCE(delivered_at, :now)"
        " WHERE message_id = :message AND state IN ('to_send', 'sent') RETURNING id, policy_id",
        now=tx.now_ms,
        message=message_id,
    )
    if row is not None:
        announcements.delivery_changed(tx, row.id)
        _received(tx, row.policy_id, row.id)


def awaited(tx: Tx, file_id: str, account_id: str, thread: str) -> list[str]:
    """Messages to this person that carry this file and of whose arrival nobody knows yet: he is just fetching it."""
    rows = tx.all(
        "SELECT d.message_id FROM attachment f JOIN delivery d ON d.message_id = f.message_id JOIN message m ON m.id = f.message_id"
        " JOIN contact_point p ON p.id = m.point_id WHERE f.file_id = :file AND d.state IN ('to_send', 'sent')"
        " AND p.account_id = :account AND p.thread = :thread",
        file=file_id,
        account=account_id,
        thread=thread,
    )
    return [row.message_id for row in rows]


def answered(tx: Tx, policy_id: str, answer: str, point_id: str) -> None:
    """What the customer said when he was asked: `received` confirms, `wrong_info` too, but somebody must correct it,
    `not_received` means that it must go out again. Of several deliveries the last one of the chat where he says so
    (`point_id`) is meant, and the last of all where none went there."""
    row = tx.one(
        "SELECT d.id, d.state, d.reason FROM delivery d LEFT JOIN message m ON m.id = d.message_id"
        " WHERE d.policy_id = :id AND d.state <> 'failed'"
        " ORDER BY CASE WHEN m.point_id = :point THEN 0 ELSE 1 END, d.created_at DESC, d.id DESC LIMIT 1",
        id=policy_id,
        point=point_id,
    )
    if row is None:
        return
    if answer == "not_received":
        state = row.state if row.state in ("delivered", "confirmed") else "failed"
        tx.run("UPDATE delivery SET state = :state, reason = 'not_received' WHERE id = :id", state=state, id=row.id)
        _changed(tx, row.id, (row.state, row.reason))
        tx.hint("policy", policy_id)
        return
    tx.run(
        "UPDATE delivery SET state = CASE WHEN state = 'confirmed' THEN state ELSE 'delivered' END, reason = :reason,"
        " sent_at = COALESCE(sent_at, created_at), delivered_at = COALESCE(delivered_at, :now) WHERE id = :id",
        reason="" if answer == "received" else answer,
        now=tx.now_ms,
        id=row.id,
    )
    if answer == "received":
        tx.run(
            "UPDATE delivery SET state = 'confirmed', confirmed_at = COALESCE(confirmed_at, :now) WHERE id = :id",
            now=tx.now_ms,
            id=row.id,
        )
    _changed(tx, row.id, (row.state, row.reason))
    _received(tx, policy_id, row.id)


def _changed(tx: Tx, delivery_id: str, before: tuple[str, str]) -> None:
    """Who listens outside is told when it is not what it was."""
    now = tx.one("SELECT state, reason FROM delivery WHERE id = :id", id=delivery_id) if tx.listening.anybody else None
    if now is not None and tuple(now) != before:
        announcements.delivery_changed(tx, delivery_id)


def _received(tx: Tx, policy_id: str, delivery_id: str) -> None:
    """He has his contract: the day counts for the cooling-off period, so the first proof of it stands."""
    first = tx.run(
        "UPDATE policy SET delivered_at = :now WHERE id = :id AND delivered_at IS NULL", now=tx.now_ms, id=policy_id
    )
    tx.run("UPDATE policy SET state = 'delivered' WHERE id = :id AND state = 'issued'", id=policy_id)
    tx.run("UPDATE policy SET version = version + 1 WHERE id = :id", id=policy_id)
    care.received(tx, policy_id)
    policies.touch(tx, policy_id)
    if first:
        cooling.plan(tx, policy_id)
        audit.write(
            tx, actor=SYSTEM, action="policy.received", object_type="policy", object_id=policy_id, fields=(delivery_id,)
        )
    tx.hint("delivery", delivery_id)
    tx.hint("policy", policy_id)
