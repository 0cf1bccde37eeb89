"""Policies that were issued through us, and the way of each certificate to its customer, with proof.

Policy data counts as sensitive: the number is sealed, with a blind index for exact look-up, and so is the premium. A
delivery follows the message that carries the document: to_send, sent, delivered, confirmed, or failed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

import orjson

from storage import audit, care, contacts, files, search
from storage.ids import new_id
from storage.keys import KeyMissing
from storage.times import at, rfc3339
from storage.tx import Tx

PDF: Final = "application/pdf"
CHAT: Final = "chat"
State = Literal["issued", "delivered", "active", "expired", "cancelled"]
ALIVE: Final = ("issued", "delivered", "active")
DEAREST: Final = 10**13  # VND; beyond it somebody typed a number into the wrong field
SYSTEM: Final = "system"


class Wrong(Exception):
    """What was given cannot become a policy. `fields` -- name -> what is wrong with it."""

    def __init__(self, **fields: str) -> None:
        super().__init__("; ".join(f"{name}: {what}" for name, what in fields.items()))
        self.fields = fields


class Conflict(Exception):
    """It cannot be done now; `code` conflict, wrong_state or not_found."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What a person gives for a policy. premium -- VND · starts_on, ends_on -- ISO dates."""

    conversation_id: str
    contact_id: str = ""
    insurer: str
    product: str
    number: str = field(repr=False)
    starts_on: str
    ends_on: str
    premium: int = field(repr=False)
    document_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy. Number and premium are plain here: the caller masks."""

    id: str
    contact_id: str
    conversation_id: str
    insurer: str
    product: str
    number: str = field(repr=False)
    premium: int | None = field(repr=False)
    starts_on: str
    ends_on: str
    document_id: str | None
    state: State
    test: bool
    created_by: str
    issued_at: int
    delivered_at: int | None
    version: int


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


def today(tx: Tx) -> str:
    """The date in Viet Nam."""
    return at(tx.now_ms + care.ZONE_MS).date().isoformat()


# ---- issue


def create(tx: Tx, new: New, *, by: str, may_take: bool = False) -> str:
    """The policy with its care plan; its id. `may_take` -- another person's upload may be the document.

    :raises Wrong: a field that cannot stand
    :raises Conflict: this insurer's number is here already
    """
    owner = _owner(tx, new)
    _dates(tx, new)
    insurer, number = _line(new.insurer), _line(new.number)
    if not 0 <= new.premium < DEAREST:
        raise Wrong(premium="an amount in VND, not below 0")
    _document(tx, new.document_id, owner.contact_id, by=by, may_take=may_take)
    policy_id, blind = new_id(), blind_of(tx, number)
    if any(
        _same(row.insurer, insurer)
        for row in tx.all("SELECT insurer FROM policy WHERE number_blind = :blind", blind=blind)
    ):
        raise _taken(insurer)
    made = tx.run(
        "INSERT INTO policy (id, contact_id, conversation_id, insurer, product, number_sealed, number_blind, starts_on, ends_on,"
        " premium_sealed, document_id, state, test, created_by, issued_at, version) VALUES (:id, :contact, :conversation, :insurer, :product,"
        " :number, :blind, :starts, :ends, :premium, :document, 'issued', :test, :by, :now, 0) ON CONFLICT (insurer, number_blind) DO NOTHING",
        id=policy_id,
        contact=owner.contact_id,
        conversation=new.conversation_id,
        insurer=insurer,
        product=new.product,
        number=tx.keys.seal_for(tx, owner.contact_id, "policy", "number_sealed", policy_id, number),
        blind=blind,
        starts=new.starts_on,
        ends=new.ends_on,
        premium=tx.keys.seal_for(tx, owner.contact_id, "policy", "premium_sealed", policy_id, str(new.premium)),
        document=new.document_id,
        test=bool(owner.test),
        by=by,
        now=tx.now_ms,
    )
    if not made:
        raise _taken(insurer)
    care.plan(tx, policy_id, owner.contact_id)
    search.put(tx, new.conversation_id, owner.contact_id, search.of_value(number))
    audit.write(
        tx,
        actor=by,
        action="policy.create",
        object_type="policy",
        object_id=policy_id,
        fields=("insurer", "product", "number", "starts_on", "ends_on", "premium", "document_id"),
    )
    tx.hint("policy", policy_id)
    tx.hint("conversation", new.conversation_id)
    return policy_id


def _owner(tx: Tx, new: New) -> Any:
    """The conversation, and the person who must be the policy's."""
    row = tx.one("SELECT id, contact_id, test FROM conversation WHERE id = :id", id=new.conversation_id)
    if row is None:
        raise Wrong(conversation_id="there is no such conversation")
    if contacts.resolve(tx, row.contact_id) is None:
        raise Wrong(conversation_id="this person's data was erased")
    if new.contact_id and contacts.resolve(tx, new.contact_id) != contacts.resolve(tx, row.contact_id):
        raise Wrong(contact_id="is not the customer of this conversation")
    return row


def _dates(tx: Tx, new: New) -> None:
    for name in ("starts_on", "ends_on"):
        if not is_date(getattr(new, name)):
            raise Wrong(**{name: "a date as 2026-11-22"})
    if new.ends_on < new.starts_on:
        raise Wrong(ends_on="lies before starts_on")
    if new.starts_on < today(tx):
        raise Wrong(starts_on="lies in the past: a policy is never backdated, by nobody")


def is_date(text: str) -> bool:
    """2026-11-22, and a day that there is."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _document(tx: Tx, document_id: str, contact_id: str, *, by: str, may_take: bool) -> None:
    """An uploaded PDF of this customer, or one of nobody's yet: it becomes his."""
    file = files.find(tx, document_id)
    if file is not None and file.contact_id is None and (file.created_by == by or may_take):
        files.bind(tx, document_id, contact_id)
    elif (
        file is None
        or file.contact_id is None
        or contacts.resolve(tx, file.contact_id) != contacts.resolve(tx, contact_id)
    ):
        raise Wrong(document_id="there is no such file for this customer: upload it first")
    if file.mime != PDF:
        raise Wrong(document_id="a certificate is a PDF")


def _taken(insurer: str) -> Conflict:
    return Conflict("conflict", f"{insurer} has a policy with this number already")


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def blind_of(tx: Tx, number: str) -> bytes:
    """For exact look-up: a number is the same with other spaces and in small letters."""
    return tx.keys.blind("policy", "".join(unicodedata.normalize("NFKC", number).split()).casefold())


def cancel(tx: Tx, policy_id: str, *, by: str, reason: str) -> str:
    """It ended before its time: nothing more is asked or sent. reason -- a code. Raises Conflict."""
    row = tx.one("SELECT state FROM policy WHERE id = :id", id=policy_id)
    if row is None:
        raise Conflict("not_found", "no such policy")
    if row.state not in ALIVE:
        raise Conflict("wrong_state", f"it is {row.state}")
    tx.run("UPDATE policy SET state = 'cancelled', version = version + 1 WHERE id = :id", id=policy_id)
    care.cancel(tx, policy_id, "policy cancelled")
    audit.write(tx, actor=by, action="policy.cancel", object_type="policy", object_id=policy_id, fields=(reason,))
    tx.hint("policy", policy_id)
    return policy_id


def turn(tx: Tx, *, limit: int = 500) -> int:
    """By the date in Viet Nam: what has begun is active, delivered or not; what has ended is expired. How many."""
    day = today(tx)
    changed = 0
    for state, which in (
        ("expired", "state IN ('issued','delivered','active') AND ends_on < :today"),
        ("active", "state IN ('issued','delivered') AND starts_on <= :today"),
    ):
        rows = tx.all(
            f"UPDATE policy SET state = '{state}', version = version + 1"  # noqa: S608
            f" WHERE id IN (SELECT id FROM policy WHERE {which} ORDER BY id LIMIT :limit) RETURNING id",
            today=day,
            limit=limit,
        )
        changed += len(rows)
        for row in rows:
            tx.hint("policy", row.id)
    return changed


# ---- reading

_COLUMNS: Final = (
    "id, contact_id, conversation_id, insurer, product, number_sealed, premium_sealed, starts_on, ends_on, document_id, state, test, created_by,"
    " issued_at, delivered_at, version"
)


def find(tx: Tx, policy_id: str, *, lock: bool = False) -> Policy | None:
    held = "FOR UPDATE" if lock and tx.postgres else ""
    row = tx.one(f"SELECT {_COLUMNS} FROM policy WHERE id = :id {held}", id=policy_id)  # noqa: S608
    return None if row is None else _policy(tx, row)


def page(
    tx: Tx,
    *,
    contact: str = "",
    conversation: str = "",
    number: str = "",
    state: str = "",
    after: str | None = None,
    limit: int,
) -> list[Policy]:
    """Policies, the newest first. `contact` -- he and those who were merged into him; `number` -- exactly."""
    binds: dict[str, Any] = {}
    where = []
    if contact:
        family = contacts.family(tx, contacts.resolve(tx, contact) or contact)
        binds |= {f"contact_{number_}": each for number_, each in enumerate(family)}
        where.append(f"contact_id IN ({', '.join(f':contact_{number_}' for number_ in range(len(family)))})")
    for column, value in (("conversation_id", conversation), ("state", state)):
        if value:
            where.append(f"{column} = :{column}")
            binds[column] = value
    if number:
        where.append("number_blind = :blind")
        binds["blind"] = blind_of(tx, number)
    if after:
        where.append("id < :after")
        binds["after"] = after
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM policy WHERE {' AND '.join(where) or 'TRUE'} ORDER BY id DESC LIMIT :limit",  # noqa: S608
        **binds,
        limit=limit,
    )
    return [_policy(tx, row) for row in rows]


def _policy(tx: Tx, row: Any) -> Policy:
    values = dict(row._mapping)
    for column in ("number", "premium"):
        sealed = values.pop(f"{column}_sealed")
        try:
            values[column] = tx.keys.open_for(tx, row.contact_id, "policy", f"{column}_sealed", row.id, sealed).decode()
        except KeyMissing:  # erased: nothing is left to show
            values[column] = ""
    values["premium"] = int(values["premium"]) if values["premium"] else None
    values["test"] = bool(row.test)
    return Policy(**values)


# ---- delivery

_DELIVERY: Final = "id, policy_id, contact_id, means, state, route, reason, message_id, document_sha256, created_by, created_at, sent_at, delivered_at, confirmed_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery that may begin: to whom it goes and what. `values` -- what the customer is told of the policy."""

    delivery_id: str
    conversation_id: str
    document_id: str
    size: int
    values: Mapping[str, str] = field(repr=False)


def begin(tx: Tx, policy_id: str, *, by: str) -> Parcel:
    """A new delivery by chat. Its recipient follows from the policy alone: its own conversation's contact point, and
    only while that and the document are its own customer's. Raises Conflict."""
    policy = find(tx, policy_id, lock=True)
    if policy is None:
        raise Conflict("not_found", "no such policy")
    if policy.state not in ALIVE:
        raise Conflict("wrong_state", f"it is {policy.state}")
    if tx.value("SELECT 1 FROM delivery WHERE policy_id = :id AND state = 'to_send' AND reason = ''", id=policy_id):
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
        means=CHAT,
        state="to_send",
        route=account_id,
        reason="",
        document_sha256=file.sha256,
        created_by=by,
        created_at=tx.now_ms,
    )
    audit.write(
        tx, actor=by, action="policy.deliver", object_type="policy", object_id=policy_id, fields=(CHAT, delivery_id)
    )
    tx.hint("policy", policy_id)
    values = {
        "number": policy.number,
        "insurer": policy.insurer,
        "product": policy.product,
        "starts_on": policy.starts_on,
        "ends_on": policy.ends_on,
    }
    return Parcel(
        delivery_id=delivery_id, conversation_id=conversation_id, document_id=file.id, size=file.size, values=values
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
    changed = tx.run(
        "UPDATE delivery SET message_id = :message WHERE id = :id AND contact_id = :contact AND state = 'to_send' AND message_id IS NULL",
        message=message_id,
        id=delivery_id,
        contact=contact_id,
    )
    if not changed:
        raise RuntimeError("a certificate on its way to somebody else")


def deliveries(tx: Tx, policy_id: str) -> list[Delivery]:
    """Every way that was tried, the oldest first."""
    rows = tx.all(
        f"SELECT {_DELIVERY} FROM delivery WHERE policy_id = :id ORDER BY created_at, id LIMIT 200",  # noqa: S608
        id=policy_id,
    )
    return [Delivery(**row._mapping) for row in rows]


def delivery(tx: Tx, delivery_id: str) -> Delivery | None:
    row = tx.one(f"SELECT {_DELIVERY} FROM delivery WHERE id = :id", id=delivery_id)  # noqa: S608
    return None if row is None else Delivery(**row._mapping)


# ---- what becomes of it


def fate(tx: Tx, message_id: str, state: str, reason: str) -> None:
    """What a platform call of this message brought, in the transaction that records it. `state` -- of its outbox row.
    After a lost answer nobody knows: it stays to_send, and tomorrow's question asks the one who does."""
    row = tx.one("SELECT id, policy_id, contact_id FROM delivery WHERE message_id = :message", message=message_id)
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


def answered(tx: Tx, policy_id: str, answer: str) -> None:
    """What the customer said when he was asked: `received` confirms, `wrong_info` too, but somebody must correct it,
    `not_received` means that it must go out again."""
    row = tx.one(
        "SELECT id, state FROM delivery WHERE policy_id = :id AND state <> 'failed' ORDER BY created_at DESC, id DESC LIMIT 1",
        id=policy_id,
    )
    if row is None:
        return
    if answer == "not_received":
        state = row.state if row.state in ("delivered", "confirmed") else "failed"
        tx.run("UPDATE delivery SET state = :state, reason = 'not_received' WHERE id = :id", state=state, id=row.id)
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
    _received(tx, policy_id, row.id)


def _received(tx: Tx, policy_id: str, delivery_id: str) -> None:
    """He has his contract: the day counts for the cooling-off period, so the first proof of it stands."""
    first = tx.run(
        "UPDATE policy SET delivered_at = :now WHERE id = :id AND delivered_at IS NULL", now=tx.now_ms, id=policy_id
    )
    tx.run("UPDATE policy SET state = 'delivered' WHERE id = :id AND state = 'issued'", id=policy_id)
    tx.run("UPDATE policy SET version = version + 1 WHERE id = :id", id=policy_id)
    care.received(tx, policy_id)
    if first:
        audit.write(
            tx, actor=SYSTEM, action="policy.received", object_type="policy", object_id=policy_id, fields=(delivery_id,)
        )
    tx.hint("delivery", delivery_id)
    tx.hint("policy", policy_id)


# ---- proof


def proof(tx: Tx, policy: Policy) -> dict[str, Any]:
    """What was sent, to whom, when, and how we know that it arrived; `hash` is the SHA-256 of all the rest in canonical
    JSON (keys in order, no spaces)."""
    told = [_evidence(tx, each) for each in deliveries(tx, policy.id)]
    file = tx.one("SELECT sha256, size, mime FROM file WHERE id = :id", id=policy.document_id or "")
    document = (
        {"id": policy.document_id, "sha256": file.sha256, "size": file.size, "mime": file.mime}
        if file is not None
        else None
    )
    facts: dict[str, Any] = {
        "policy_id": policy.id,
        "contact_id": policy.contact_id,
        "document": document,
        "contract_received_at": rfc3339(policy.delivered_at),
        "deliveries": told,
    }
    return facts | {"hash": digest(facts)}


def digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _evidence(tx: Tx, each: Delivery) -> dict[str, Any]:
    """One delivery with the calls that it took and the receipts that came."""
    message = None
    if each.message_id:
        message = tx.one(
            "SELECT m.id, m.external_id, m.status, p.account_id, p.thread FROM message m JOIN contact_point p ON p.id = m.point_id WHERE m.id = :id",
            id=each.message_id,
        )
    account = (message.account_id if message is not None else each.route) or ""
    channel, _, name = account.partition(":")
    times: Sequence[tuple[str, int | None]] = (
        ("sent", each.sent_at),
        ("delivered", each.delivered_at),
        ("confirmed", each.confirmed_at),
    )
    return {
        "delivery_id": each.id,
        "means": each.means,
        "state": each.state,
        "reason": each.reason,
        "channel": channel,
        "account": name,
        "thread": message.thread if message is not None else None,
        "message_id": each.message_id,
        "external_id": message.external_id if message is not None else None,
        "document_sha256": each.document_sha256,
        "by": each.created_by,
        "created_at": rfc3339(each.created_at),
        "receipts": [{"status": status, "at": rfc3339(when)} for status, when in times if when is not None],
        "attempts": _attempts(tx, each.message_id) if each.message_id else [],
        "confirmation": _confirmation(tx, each) if each.confirmed_at else None,
    }


def _attempts(tx: Tx, message_id: str) -> list[dict[str, Any]]:
    rows = tx.all(
        "SELECT a.started_at, a.took_ms, a.outcome, a.code FROM outbox o JOIN attempt a ON a.outbox_id = o.id WHERE o.message_id = :id"
        " ORDER BY a.started_at, a.id LIMIT 50",
        id=message_id,
    )
    return [
        {"at": rfc3339(row.started_at), "took_ms": row.took_ms, "outcome": row.outcome, "code": row.code}
        for row in rows
    ]


def _confirmation(tx: Tx, each: Delivery) -> dict[str, Any] | None:
    """His own word: which question he answered, and when."""
    row = tx.one(
        "SELECT id, route, answered_at FROM care_task WHERE policy_id = :id AND kind = 'received' AND state = 'answered' ORDER BY answered_at DESC LIMIT 1",
        id=each.policy_id,
    )
    return None if row is None else {"care_id": row.id, "route": row.route, "at": rfc3339(row.answered_at)}
