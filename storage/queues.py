"""How full the desk's queues are, and since when the one waits who waits longest. No count tells more than `MOST`.

What is the same for everybody is counted once for all (`house`), what is somebody's own by his index (`full`).
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Conversations of one team that wait, or that somebody has."""

    waiting: bool
    team: str
    count: int
    oldest_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What everybody's column shows alike."""

    held: Sequence[Held]
    all: int
    closed: int


def house(tx: Tx) -> House:
    """One look at all that waits and all that somebody has."""
    rows = tx.all(
        "SELECT status, team, COUNT(*) AS n, MIN(waiting_since) AS waits,"  # noqa: S608 -- our own words
        f" MIN(CASE WHEN {_UNANSWERED} THEN last_inbound_at END) AS unanswered"
        " FROM conversation WHERE status IN ('waiting', 'with_advisor') GROUP BY status, team"
    )
    held = [
        Held(
            waiting=row.status == "waiting",
            team=row.team,
            count=row.n,
            oldest_at=row.waits if row.status == "waiting" else row.unanswered,
        )
        for row in rows
    ]
    return House(held=held, all=_some(tx, ""), closed=_some(tx, "WHERE status = 'closed'"))


def full(tx: Tx, advisor_id: str, house: House) -> list[Queue]:
    """mine, waiting, team (only for members of one), snoozed (mine), all, closed."""
    mine = tx.one(
        f"SELECT SUM(CASE WHEN {_HERE} THEN 1 ELSE 0 END) AS here,"  # noqa: S608 -- our own words
        f" MIN(CASE WHEN {_HERE} AND {_UNANSWERED} THEN last_inbound_at END) AS oldest,"
        f" SUM(CASE WHEN {_HERE} THEN 0 ELSE 1 END) AS off,"
        f" MIN(CASE WHEN {_HERE} OR NOT {_UNANSWERED} THEN NULL ELSE last_inbound_at END) AS oldest_off"
        " FROM conversation WHERE assignee_id = :me AND status || '' = 'with_advisor'",
        me=advisor_id,
        now=tx.now_ms,
    )
    ours = set(teams(tx, advisor_id))
    return [
        Queue(name="mine", count=_n(mine, "here"), oldest_at=mine.oldest if mine else None),
        _of("waiting", [each for each in house.held if each.waiting]),
        *([_of("team", [each for each in house.held if each.team in ours])] if ours else []),
        Queue(name="snoozed", count=_n(mine, "off"), oldest_at=mine.oldest_off if mine else None),
        Queue(name="all", count=house.all, oldest_at=_of("all", house.held).oldest_at),
        Queue(name="closed", count=house.closed, oldest_at=None),
    ]


def teams(tx: Tx, advisor_id: str) -> list[str]:
    """Ids of the teams that he is of."""
    rows = tx.all("SELECT team_id FROM team_member WHERE advisor_id = :me ORDER BY team_id", me=advisor_id)
    return [row.team_id for row in rows]


def _of(name: str, some: Sequence[Held]) -> Queue:
    since = [each.oldest_at for each in some if each.oldest_at is not None]
    return Queue(name=name, count=min(MOST, sum(each.count for each in some)), oldest_at=min(since, default=None))


def _n(row: Any, name: str) -> int:
    return min(MOST, int(getattr(row, name) or 0)) if row is not None else 0


def _some(tx: Tx, where: str) -> int:
    return int(tx.value(f"SELECT COUNT(*) FROM (SELECT 1 FROM conversation {where} LIMIT {MOST}) AS few"))  # noqa: S608
