"""The clocks of data-subject requests: what is open since when and until when, which alarms rang, and what has had its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from storage.privacy import SYSTEM, write_step
from storage.tx import Tx

ALARM: Final = "alarm_"
KEPT_MS: Final = 5 * 365 * 86_400_000


def clocks(tx: Tx) -> list[tuple[int, int]]:
    """(received_at, due_at) of the open ones, the next that are due first."""
    rows = tx.all(
        "SELECT received_at, due_at FROM privacy_request WHERE closed_at IS NULL ORDER BY due_at, id LIMIT 1000"
    )
    return [(row.received_at, row.due_at) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Of an open request. `rung` -- alarms that rang since it was made, or extended."""

    id: str
    contact_id: str
    state: str
    emptied: bool
    received_at: int
    ack_due_at: int
    due_at: int
    acknowledged_at: int | None
    rung: frozenset[str]


def unanswered_or_late(tx: Tx) -> list[Clock]:
    """Open ones with the alarms that rang."""
    rows = tx.all(
        "SELECT id, contact_id, state, emptied, received_at, ack_due_at, due_at, acknowledged_at, extended_at"
        " FROM privacy_request WHERE closed_at IS NULL ORDER BY due_at, id LIMIT 1000"
    )
    told = tx.among(
        "SELECT request_id, act, at FROM privacy_step WHERE request_id IN (:among) AND act LIKE 'alarm_%'",
        [row.id for row in rows],
    )
    return [
        Clock(
            id=row.id,
            contact_id=row.contact_id,
            state=row.state,
            emptied=bool(row.emptied),
            received_at=row.received_at,
            ack_due_at=row.ack_due_at,
            due_at=row.due_at,
            acknowledged_at=row.acknowledged_at,
            rung=frozenset(
                each.act.removeprefix(ALARM)
                for each in told
                if each.request_id == row.id and each.at >= (row.extended_at or 0)
            ),
        )
        for row in rows
    ]


def ring(tx: Tx, one_: Clock, alarm: str) -> None:
    """Its time goes: a line of evidence."""
    write_step(
        tx, one_.id, one_.contact_id, f"{ALARM}{alarm}", one_.state, one_.state, SYSTEM, {}, emptied=one_.emptied
    )


def late(tx: Tx) -> int:
    """How many are past their date, or had no first answer in time."""
    found: int = tx.value(
        "SELECT count(*) FROM privacy_request WHERE closed_at IS NULL"
        " AND (due_at < :now OR (acknowledged_at IS NULL AND ack_due_at < :now))",
        now=tx.now_ms,
    )
    return found


def forget_old(tx: Tx) -> int:
    """Class R6: five years after what they were about is gone. How many."""
    old = tx.all("SELECT id FROM privacy_request WHERE closed_at < :old AND emptied LIMIT 100", old=tx.now_ms - KEPT_MS)
    ids = [row.id for row in old]
    tx.run_among("DELETE FROM privacy_step WHERE request_id IN (:among)", ids)
    tx.run_among("DELETE FROM privacy_request WHERE id IN (:among)", ids)
    return len(ids)
