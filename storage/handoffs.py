"""The queue: who waits for a person, since when, and what is known of the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage.tx import Tx

_SELECT: Final = """
SELECT h.id, h.conversation_id, h.contact_id, h.code, h.reason, h.priority, h.state, h.test, h.opened_at, h.due_at, h.late_at, h.taken_at, h.taken_by,
       a.name AS taken_name, h.closed_at, h.outcome, h.first_reply_at,
       h.team, h.escalated_at, h.offered_to, o.name AS offered_name, h.offered_until
FROM handoff h LEFT JOIN advisor a ON a.id = h.taken_by LEFT JOIN advisor o ON o.id = h.offered_to
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    id: str
    conversation_id: str
    contact_id: str
    code: str
    reason: str
    priority: int
    state: str
    test: bool
    opened_at: int
    due_at: int
    late_at: int | None
    taken_at: int | None
    taken_by: tuple[str, str] | None
    closed_at: int | None
    outcome: str
    first_reply_at: int | None
    team: str
    escalated_at: int | None
    offered_to: tuple[str, str] | None
    offered_until: int | None


def _handoff(row: Any) -> Handoff:
    values = dict(row._mapping)
    name = values.pop("taken_name")
    values["taken_by"] = (row.taken_by, name or "") if row.taken_by else None
    offered = values.pop("offered_name")
    values["offered_to"] = (row.offered_to, offered or "") if row.offered_to else None
    values["test"] = bool(row.test)
    return Handoff(**values)


def queue(tx: Tx, *, after: tuple[int, int, str] | None, limit: int) -> list[Handoff]:
    """Who waits: the more urgent first, then by when each is to hear from a person. `after` -- (priority, due_at, id)
    seen last."""
    where, binds = "", {}
    if after is not None:
        where = (
            "AND (h.priority < :priority OR (h.priority = :priority AND (h.due_at > :due"
            " OR (h.due_at = :due AND h.id > :id))))"
        )
        binds = {"priority": after[0], "due": after[1], "id": after[2]}
    rows = tx.all(
        f"{_SELECT} WHERE h.state = 'waiting' {where} ORDER BY h.priority DESC, h.due_at, h.id LIMIT :limit",
        **binds,
        limit=limit,
    )
    return [_handoff(row) for row in rows]


def overdue(tx: Tx, *, limit: int) -> list[Any]:
    """Who should have heard from a person by now and is not known to be late: noted in the same breath, so that each is
    told of once."""
    lock = "FOR UPDATE OF h SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        "SELECT h.id, h.conversation_id, c.point_id, c.account_id FROM handoff h JOIN conversation c ON c.id = h.conversation_id"  # noqa: S608
        f" WHERE h.state = 'waiting' AND h.late_at IS NULL AND h.due_at <= :now ORDER BY h.due_at LIMIT {int(limit)} {lock}",
        now=tx.now_ms,
    )
    tx.run_among("UPDATE handoff SET late_at = :now WHERE id IN (:among)", [row.id for row in rows], now=tx.now_ms)
    return list(rows)


def of_conversation(tx: Tx, conversation_id: str) -> Handoff | None:
    """The last time this conversation asked for a person."""
    row = tx.one(
        f"{_SELECT} WHERE h.conversation_id = :id ORDER BY h.opened_at DESC, h.id DESC LIMIT 1", id=conversation_id
    )
    return None if row is None else _handoff(row)


def of_conversations(tx: Tx, conversation_ids: Sequence[str]) -> dict[str, Handoff]:
    """The last handoff of each."""
    rows = tx.among(f"{_SELECT} WHERE h.conversation_id IN (:among) ORDER BY h.opened_at, h.id", list(conversation_ids))
    return {row.conversation_id: _handoff(row) for row in rows}


_PLACES: Final = """
SELECT h.conversation_id, (SELECT COUNT(*) FROM handoff e WHERE e.state = 'waiting' AND (e.priority > h.priority
  OR (e.priority = h.priority AND (e.due_at < h.due_at OR (e.due_at = h.due_at AND e.id <= h.id))))) AS place
FROM handoff h WHERE h.state = 'waiting' AND h.conversation_id IN (:among)"""


def places(tx: Tx, conversation_ids: Sequence[str]) -> dict[str, int]:
    """Where those of these conversations that wait stand in the queue, 1 = next; in the order of `waiting`."""
    return {row.conversation_id: int(row.place) for row in tx.among(_PLACES, conversation_ids)}
