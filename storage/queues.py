"""How full the desk's queues are, and since when the one waits who waits longest. Every count stops at `MOST`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from storage.tx import Tx

MOST: Final = 1000
# The customer has the last word, and nobody has put it off.
_UNANSWERED: Final = "last_inbound_at >= last_message_at"
_HERE: Final = "(snoozed_until IS NULL OR snoozed_until <= :now)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """`oldest_at` -- since when (UTC ms) the one waits who waits longest; None when nobody does."""

    name: str
    count: int
    oldest_at: int | None


def full(tx: Tx, advisor_id: str) -> list[Queue]:
    """mine, waiting, team (only for members of one), snoozed (mine), all, closed."""
    mine = tx.one(
        f"SELECT SUM(CASE WHEN {_HERE} THEN 1 ELSE 0 END) AS here,"  # noqa: S608 -- our own words
        f" MIN(CASE WHEN {_HERE} AND {_UNANSWERED} THEN last_inbound_at END) AS oldest,"
        f" SUM(CASE WHEN {_HERE} THEN 0 ELSE 1 END) AS off,"
        f" MIN(CASE WHEN {_HERE} OR NOT {_UNANSWERED} THEN NULL ELSE last_inbound_at END) AS oldest_off"
        " FROM conversation WHERE status = 'with_advisor' AND assignee_id = :me",
        me=advisor_id,
        now=tx.now_ms,
    )
    waiting = tx.one("SELECT COUNT(*) AS n, MIN(waiting_since) AS oldest FROM conversation WHERE status = 'waiting'")
    held = tx.value(f"SELECT MIN(last_inbound_at) FROM conversation WHERE status = 'with_advisor' AND {_UNANSWERED}")  # noqa: S608
    since = [at for at in (waiting and waiting.oldest, held) if at is not None]
    return [
        Queue(name="mine", count=_n(mine, "here"), oldest_at=mine.oldest if mine else None),
        Queue(name="waiting", count=_n(waiting, "n"), oldest_at=waiting.oldest if waiting else None),
        *_team(tx, advisor_id),
        Queue(name="snoozed", count=_n(mine, "off"), oldest_at=mine.oldest_off if mine else None),
        Queue(name="all", count=_some(tx, ""), oldest_at=min(since, default=None)),
        Queue(name="closed", count=_some(tx, "WHERE status = 'closed'"), oldest_at=None),
    ]


def teams(tx: Tx, advisor_id: str) -> list[str]:
    """Ids of the teams that he is of."""
    rows = tx.all("SELECT team_id FROM team_member WHERE advisor_id = :me ORDER BY team_id", me=advisor_id)
    return [row.team_id for row in rows]


def _team(tx: Tx, advisor_id: str) -> list[Queue]:
    ours = teams(tx, advisor_id)
    if not ours:
        return []
    rows = tx.among(
        "SELECT COUNT(*) AS n, MIN(CASE WHEN status = 'waiting' THEN waiting_since WHEN last_inbound_at >= last_message_at"
        " THEN last_inbound_at END) AS oldest FROM conversation"
        " WHERE status IN ('waiting', 'with_advisor') AND team IN (:among)",
        ours,
    )
    return [Queue(name="team", count=min(MOST, rows[0].n), oldest_at=rows[0].oldest)]


def _n(row: Any, name: str) -> int:
    return min(MOST, int(getattr(row, name) or 0)) if row is not None else 0


def _some(tx: Tx, where: str) -> int:
    return int(tx.value(f"SELECT COUNT(*) FROM (SELECT 1 FROM conversation {where} LIMIT {MOST}) AS found"))  # noqa: S608
