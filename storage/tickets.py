"""Doors for one customer, good once and for a while: a form of ours, or the way to another channel. A token is signed by the
caller; here only what it hashes to is known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from storage.ids import new_id
from storage.tx import Tx

GOOD_MS: Final = 72 * 3_600_000
KEPT_MS: Final = 30 * 86_400_000  # after its end, for whoever asks what became of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """`kind` form or move · `data` -- form: fields; move: account · `created_by` an advisor."""

    id: str
    kind: str
    conversation_id: str
    contact_id: str
    data: Mapping[str, Any]
    created_by: str
    created_at: int
    expires_at: int
    opened_at: int | None
    used_at: int | None


def add(
    tx: Tx, *, ticket_id: str, kind: str, token: str, conversation_id: str, data: Mapping[str, Any], by: str
) -> int:
    """Until when it is good, Unix ms."""
    until = tx.now_ms + GOOD_MS
    tx.insert(
        "ticket",
        id=ticket_id,
        kind=kind,
        token_hash=_hash(token),
        conversation_id=conversation_id,
        contact_id=tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=conversation_id),
        data=orjson.dumps(dict(data)).decode(),
        created_by=by,
        created_at=tx.now_ms,
        expires_at=until,
    )
    return until


def find(tx: Tx, kind: str, token: str, *, lock: bool = False) -> Ticket | None:
    """One that is still good; None for all others. lock -- nobody else may use it up meanwhile."""
    row = tx.one(
        "SELECT t.id, t.kind, t.conversation_id, t.contact_id, t.data, t.created_by, t.created_at, t.expires_at, t.opened_at,"  # noqa: S608
        " t.used_at FROM ticket t JOIN contact k ON k.id = t.contact_id WHERE t.token_hash = :hash AND t.kind = :kind"
        f" AND t.used_at IS NULL AND t.expires_at > :now AND k.erased_at IS NULL{' FOR UPDATE OF t' if lock and tx.postgres else ''}",
        hash=_hash(token),
        kind=kind,
        now=tx.now_ms,
    )
    return None if row is None else _ticket(row)


def used(tx: Tx, kind: str, token: str) -> bool:
    """Whether it has done its work: whoever comes again is told so, and not that it failed."""
    return bool(
        tx.value(
            "SELECT 1 FROM ticket t JOIN contact k ON k.id = t.contact_id WHERE t.token_hash = :hash AND t.kind = :kind"
            " AND t.used_at IS NOT NULL AND k.erased_at IS NULL",
            hash=_hash(token),
            kind=kind,
        )
    )


def opened(tx: Tx, ticket_id: str) -> None:
    tx.run("UPDATE ticket SET opened_at = :now WHERE id = :id AND opened_at IS NULL", now=tx.now_ms, id=ticket_id)


def use(tx: Tx, ticket_id: str) -> bool:
    """Once: False when somebody was faster."""
    return bool(
        tx.run("UPDATE ticket SET used_at = :now WHERE id = :id AND used_at IS NULL", now=tx.now_ms, id=ticket_id)
    )


def of_conversation(tx: Tx, conversation_id: str) -> list[Ticket]:
    """The newest first."""
    rows = tx.all(
        "SELECT id, kind, conversation_id, contact_id, data, created_by, created_at, expires_at, opened_at, used_at FROM ticket"
        " WHERE conversation_id = :id ORDER BY created_at DESC, id DESC LIMIT 20",
        id=conversation_id,
    )
    return [_ticket(row) for row in rows]


def forget(tx: Tx, *, limit: int = 500) -> int:
    """Rows of tickets that ended a month ago. How many."""
    return tx.run(
        "DELETE FROM ticket WHERE id IN (SELECT id FROM ticket WHERE expires_at < :before LIMIT :limit)",
        before=tx.now_ms - KEPT_MS,
        limit=limit,
    )


def new() -> str:
    return new_id()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _ticket(row: Any) -> Ticket:
    return Ticket(**{**row._mapping, "data": orjson.loads(row.data)})
