"""The proof of a delivery: what was sent, to whom, when, and how we know that it arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from storage import deliveries
from storage.deliveries import Delivery
from storage.policies import Policy
from storage.times import rfc3339
from storage.tx import Tx


def of(tx: Tx, policy: Policy) -> dict[str, Any]:
    """What was sent, to whom, when, and how we know that it arrived; `hash` is the SHA-256 of all the rest in canonical
    JSON (keys in order, no spaces)."""
    told = [_evidence(tx, each) for each in deliveries.of_policy(tx, policy.id)]
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
