"""What happened, for whoever outside wants to be told: noted in the transaction that made it happen.

Nothing personal is copied: an announcement holds ids and words of ours. What was said and what was captured is read
when it is told, from where it lives, so that what was erased or taken back since is told to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from storage import subscriptions
from storage.ids import new_id
from storage.keys import KeyMissing
from storage.times import rfc3339
from storage.tx import Row, Tx

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"  # of storage.ids
NOTE: Final = "internal"  # notes of ours: nobody else's business
_CONVERSATION: Final = """
SELECT c.id, c.channel, c.account_id, p.thread, c.contact_id, c.stage, c.status, c.assignee_id, a.name AS assignee_name, c.labels,
       c.test, c.opened_at, c.last_message_at, c.version, c.outcome, c.waiting_since, c.closed_at
FROM conversation c JOIN contact_point p ON p.id = c.point_id LEFT JOIN advisor a ON a.id = c.assignee_id
WHERE c.id IN (:among)"""
_MESSAGE: Final = """
SELECT m.id, m.conversation_id, m.contact_id, m.seq, m.direction, m.author, m.advisor_id, a.name AS advisor_name, m.kind, m.status,
       m.error, m.route, m.external_id, m.said_at, m.received_at, p.account_id, p.thread
FROM message m JOIN contact_point p ON p.id = m.point_id LEFT JOIN advisor a ON a.id = m.advisor_id
WHERE m.id IN (:among) ORDER BY m.seq"""
_ATTACHMENT: Final = (
    "SELECT id, message_id, kind, mime, size, state FROM attachment WHERE message_id IN (:among) ORDER BY id"
)


def statuses(tx: Tx, changed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What these conversations are before a turn is written; nothing where nobody listens."""
    if not tx.listening.anybody:
        return {}
    ids = [row["id"] for row in changed]
    return {row.id: row.status for row in tx.among("SELECT id, status FROM conversation WHERE id IN (:among)", ids)}


def of_turns(
    tx: Tx,
    before: Mapping[str, str],
    *,
    opened: Sequence[Mapping[str, Any]],
    changed: Sequence[Mapping[str, Any]],
    messages: Sequence[Mapping[str, Any]],
) -> None:
    """What a batch of turns brought. `before` -- of `statuses`. The order of one conversation is: opened, its messages,
    waiting or closed."""
    if not tx.listening.anybody:
        return
    begun = [row["id"] for row in opened]
    now = {row["id"]: row["status"] for row in (*opened, *changed)}
    turned = [key for key, status in now.items() if status in ("waiting", "closed") and before.get(key) != status]
    views = {row.id: row for row in tx.among(_CONVERSATION, sorted({*begun, *turned}))}
    made = [_announcement("conversation.opened", key, key, _conversation(views[key])) for key in begun]
    said = [row["id"] for row in messages if row["direction"] != NOTE]
    files: dict[str, list[dict[str, Any]]] = {}
    for row in tx.among(_ATTACHMENT, said):
        files.setdefault(row.message_id, []).append(
            {key: value for key, value in row._mapping.items() if key != "message_id"}
        )
    made += [
        _announcement("message.created", row.id, row.conversation_id, _message(row, files.get(row.id, [])))
        for row in tx.among(_MESSAGE, said)
    ]
    made += [_announcement(f"conversation.{now[key]}", key, key, _conversation(views[key])) for key in turned]
    _note(tx, made)


def policy_issued(tx: Tx, policy_id: str) -> None:
    if not tx.listening.anybody:
        return
    row = tx.one(
        "SELECT id, contact_id, conversation_id, insurer, product, starts_on, ends_on, document_id, state, test"
        " FROM policy WHERE id = :id",
        id=policy_id,
    )
    if row is not None:
        _note(tx, [_announcement("policy.issued", row.id, row.id, {**row._mapping, "test": bool(row.test)})])


def delivery_changed(tx: Tx, delivery_id: str) -> None:
    """Its state, or what is open about it, is another than it was."""
    if not tx.listening.anybody:
        return
    row = tx.one(
        "SELECT id, policy_id, contact_id, means, state, route, reason, message_id, document_sha256, created_at, sent_at,"
        " delivered_at, confirmed_at FROM delivery WHERE id = :id",
        id=delivery_id,
    )
    if row is not None:
        _note(tx, [_announcement("delivery.changed", row.id, row.policy_id, _timed(row._mapping))])


def care_answered(tx: Tx, task_id: str) -> None:
    if not tx.listening.anybody:
        return
    row = tx.one(
        "SELECT id, policy_id, contact_id, kind, due_at, state, route, reason, sent_at, answered_at FROM care_task WHERE id = :id",
        id=task_id,
    )
    if row is not None:
        _note(tx, [_announcement("care.answered", row.id, row.policy_id, _timed(row._mapping))])


def trial(tx: Tx, subscription_id: str) -> str:
    """One that means nothing, for this subscription alone. Its id."""
    made = _announcement(subscriptions.TRIAL, subscription_id, subscription_id, {"webhook_id": subscription_id})
    _write(tx, [made], [(subscription_id, made)])
    return str(made["id"])


def personal(tx: Tx, type_: str, about: str, include: Sequence[str]) -> dict[str, Any]:
    """What a subscription that asks for more than ids is told besides, as it is now. Nothing of whom was erased."""
    reader = _READERS.get(type_.partition(".")[0])
    if reader is None or not include:
        return {}
    try:
        return reader(tx, about, include)
    except KeyMissing:  # erased
        return {}


# ---- rows and words


def _announcement(type_: str, about: str, lane: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": type_, "about": about, "lane": lane, "data": orjson.dumps(data).decode()}


def _note(tx: Tx, made: Sequence[dict[str, Any]]) -> None:
    """Rows for whoever is on and asked for the type: by the table, not by what we remember of it."""
    listeners = [
        (row.id, orjson.loads(row.types)) for row in tx.all("SELECT id, types FROM subscription WHERE enabled")
    ]
    wanted = {type_ for _, types in listeners for type_ in types}
    told = [one for one in made if one["type"] in wanted]
    _write(tx, told, [(key, one) for one in told for key, types in listeners if one["type"] in types])


def _write(tx: Tx, made: Sequence[dict[str, Any]], wanted: Sequence[tuple[str, dict[str, Any]]]) -> None:
    for one in made:
        one.update(id=_id(tx), at=tx.now_ms)
    tx.insert_many("announcement", made)
    tx.insert_many(
        "announced",
        [
            {
                "subscription_id": subscription_id,
                "announcement_id": one["id"],
                "lane": one["lane"],
                "state": "waiting",
                "attempts": 0,
                "next_at": tx.now_ms,
                "boot_id": "",
                "error": "",
                "created_at": tx.now_ms,
            }
            for subscription_id, one in wanted
        ],
    )
    for subscription_id in {key for key, _ in wanted}:
        tx.hint("announcement", subscription_id)


def _id(tx: Tx) -> str:
    """Greater than any that this process gave before: ids of one millisecond have no order of their own."""
    made, last = new_id(), tx.listening.last
    if made <= last:
        left, made = int(last, len(_DIGITS)) + 1, ""
        for _ in last:
            left, digit = divmod(left, len(_DIGITS))
            made = _DIGITS[digit] + made
    tx.listening.last = made
    return made


def _conversation(row: Row) -> dict[str, Any]:
    channel, _, account = row.account_id.partition(":")
    return {
        "id": row.id,
        "channel": channel,
        "account": account,
        "thread": row.thread,
        "contact_id": row.contact_id,
        "stage": row.stage,
        "status": row.status,
        "assignee": {"id": row.assignee_id, "name": row.assignee_name or ""} if row.assignee_id else None,
        "labels": orjson.loads(row.labels),
        "test": bool(row.test),
        "opened_at": rfc3339(row.opened_at),
        "last_message_at": rfc3339(row.last_message_at),
        "version": row.version,
        "outcome": row.outcome,
        "waiting_since": rfc3339(row.waiting_since),
        "closed_at": rfc3339(row.closed_at),
    }


def _message(row: Row, files: list[dict[str, Any]]) -> dict[str, Any]:
    channel, _, account = row.account_id.partition(":")
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "contact_id": row.contact_id,
        "channel": channel,
        "account": account,
        "thread": row.thread,
        "seq": row.seq,
        "direction": row.direction,
        "author": row.author,
        "advisor": {"id": row.advisor_id, "name": row.advisor_name or ""} if row.advisor_id else None,
        "kind": row.kind,
        "status": row.status,
        "error": row.error or None,
        "route": row.route or None,
        "external_id": row.external_id,
        "said_at": rfc3339(row.said_at),
        "received_at": rfc3339(row.received_at),
        "attachments": files,
    }


def _timed(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {key: rfc3339(value) if key.endswith("_at") else value for key, value in columns.items()}


# ---- what is personal, read when it is told


def _of_conversation(tx: Tx, conversation_id: str, include: Sequence[str]) -> dict[str, Any]:
    row = tx.one("SELECT contact_id, state_sealed FROM conversation WHERE id = :id", id=conversation_id)
    if row is None or "person" not in include:
        return {}
    state = tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", conversation_id, row.state_sealed)
    return {"slots": state.get("slots", {})}


def _of_message(tx: Tx, message_id: str, include: Sequence[str]) -> dict[str, Any]:
    row = tx.one("SELECT contact_id, body_sealed FROM message WHERE id = :id", id=message_id)
    if row is None or "text" not in include:
        return {}
    body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", message_id, row.body_sealed)
    return {"text": body.get("text", ""), "payload": body.get("payload")}


def _of_policy(tx: Tx, policy_id: str, include: Sequence[str]) -> dict[str, Any]:
    row = tx.one("SELECT contact_id, number_sealed, premium_sealed FROM policy WHERE id = :id", id=policy_id)
    if row is None or "person" not in include:
        return {}
    number = tx.keys.open_for(tx, row.contact_id, "policy", "number_sealed", policy_id, row.number_sealed).decode()
    premium = tx.keys.open_for(tx, row.contact_id, "policy", "premium_sealed", policy_id, row.premium_sealed)
    return {"number": number, "premium": int(premium) if premium else None}


def _of_care(tx: Tx, task_id: str, include: Sequence[str]) -> dict[str, Any]:
    row = tx.one("SELECT contact_id, answer_sealed FROM care_task WHERE id = :id", id=task_id)
    if row is None or "text" not in include:
        return {}
    told = tx.keys.open_json(tx, row.contact_id, "care_task", "answer_sealed", task_id, row.answer_sealed)
    return {"answer": told.get("answer") or None, "comment": told.get("comment") or None}


_READERS: Final = {"conversation": _of_conversation, "message": _of_message, "policy": _of_policy, "care": _of_care}
