"""The clocks of data-subject requests: what is open since when and until when, which alarms rang, and what has had its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from storage.privacy import SYSTEM, write_step
from storage.tx import Tx

ALARM: Final = "alarm_"
KEPT_MS: Final = 5 * 365 * 86_400_000


def counts(tx: Tx, *, near: float) -> tuple[int, int, int]:
    """(open, near, over): `near` -- that share of the time has gone, and not all of it."""
    row = tx.one(
        "SELECT count(*) AS open, COALESCE(SUM(CASE WHEN due_at < :now THEN 1 ELSE 0 END), 0) AS over_,"
        " COALESCE(SUM(CASE WHEN due_at >= :now AND (:now - received_at) * 100 >= (due_at - received_at) * :near"
        " THEN 1 ELSE 0 END), 0) AS near_ FROM privacy_request WHERE closed_at IS NULL",
        now=tx.now_ms,
        near=_percent(near),
    )
    assert row is not None
    return int(row.open), int(row.near_), int(row.over_)


def _percent(share: float) -> int:
    return round(share * 100)


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


def alone(tx: Tx) -> bool:
    """May this process ring now? One does at a time, until the end of its transaction: what it rang is seen by the next."""
    return not tx.postgres or bool(tx.value("SELECT pg_try_advisory_xact_lock(7435)"))


def _rang(act: str) -> str:
    return f"EXISTS (SELECT 1 FROM privacy_step s WHERE s.request_id = r.id AND s.act = {act} AND s.at >= COALESCE(r.extended_at, 0))"  # noqa: S608 -- ours


def ringing(tx: Tx, alarms: Sequence[tuple[float, str]], *, limit: int = 200) -> list[Clock]:
    """Open ones whose clock has something to tell that it has not told: those that rang are not in anybody's way.
    `alarms` -- (share of the time that has gone, its name), the largest share first."""
    gone = " ".join(
        f"WHEN (:now - r.received_at) * 100 >= (r.due_at - r.received_at) * {_percent(share)} THEN '{ALARM}{name}'"
        for share, name in alarms
    )
    stands = f"CASE WHEN :now > r.due_at THEN '{ALARM}over' {gone} END"
    unanswered = f"'{ALARM}unanswered'"
    rows = tx.all(
        "SELECT r.id, r.contact_id, r.state, r.emptied, r.received_at, r.ack_due_at, r.due_at, r.acknowledged_at, r.extended_at"  # noqa: S608 -- ours
        " FROM privacy_request r WHERE r.closed_at IS NULL AND"
        f" ((r.acknowledged_at IS NULL AND r.ack_due_at < :now AND NOT {_rang(unanswered)})"
        f" OR ({stands} IS NOT NULL AND NOT {_rang(stands)}))"
        " ORDER BY r.due_at, r.id LIMIT :limit",
        now=tx.now_ms,
        limit=limit,
    )
    told: dict[str, set[str]] = {row.id: set() for row in rows}
    since = {row.id: row.extended_at or 0 for row in rows}
    for each in tx.among(
        "SELECT request_id, act, at FROM privacy_step WHERE request_id IN (:among) AND act LIKE 'alarm_%'", list(told)
    ):
        if each.at >= since[each.request_id]:
            told[each.request_id].add(each.act.removeprefix(ALARM))
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
            rung=frozenset(told[row.id]),
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
    """Class R6: as long as what they were about, and five years more: counted from his erasure. While he is with us, or
    the law keeps anything of him (storage.holds), they stay. How many."""
    old = tx.all(
        "SELECT r.id FROM privacy_request r JOIN contact k ON k.id = r.contact_id WHERE r.closed_at IS NOT NULL AND r.emptied"
        " AND k.erased_at < :old AND NOT EXISTS (SELECT 1 FROM held h WHERE h.contact_id = r.contact_id)"
        " LIMIT 100",
        old=tx.now_ms - KEPT_MS,
    )
    ids = [row.id for row in old]
    tx.run_among("DELETE FROM privacy_step WHERE request_id IN (:among)", ids)
    return tx.run_among("DELETE FROM privacy_request WHERE id IN (:among)", ids)
