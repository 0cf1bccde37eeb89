"""The daily letter of each who wants one: when it is due, and the figures in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from storage import listeners, notices
from storage.tx import Tx

DAY_MS: Final = 86_400_000
LATE_MINUTES: Final = 180  # a gateway that was away at the hour sends it this much later; then there is the next day's


def order(tx: Tx, *, day: str, minutes: int) -> int:
    """A notice for everybody whose hour has come today, once a day. day -- YYYY-MM-DD; minutes -- since midnight."""
    rows = []
    for one in listeners.everybody(tx):
        if one.wishes.digest:
            hour, minute = map(int, one.wishes.digest.split(":"))
            if 0 <= minutes - (60 * hour + minute) <= LATE_MINUTES:
                rows.append(notices.row("digest", f"{one.id}:{day}", advisor_id=one.id))
    return notices.add(tx, rows)


def figures(tx: Tx, advisor_id: str, *, today_ends: int) -> Mapping[str, int]:
    """taken, closed, won: his of the last 24 hours · mine: he has them · waiting, late: everybody's · today, overdue, tomorrow:
    calls that he promised. today_ends -- the midnight to come, ms."""

    def count(sql: str, **binds: int | str) -> int:
        return int(tx.value(sql, **binds) or 0)

    since = tx.now_ms - DAY_MS
    closed = "SELECT COUNT(*) FROM handoff WHERE taken_by = :id AND closed_at >= :since"
    tasks = "SELECT COUNT(*) FROM task WHERE owner_id = :id AND state = 'open' AND due_at >= :begin AND due_at < :end"
    return {
        "taken": count(
            "SELECT COUNT(*) FROM handoff WHERE taken_by = :id AND taken_at >= :since", id=advisor_id, since=since
        ),
        "closed": count(closed, id=advisor_id, since=since),
        "won": count(f"{closed} AND outcome = 'won'", id=advisor_id, since=since),
        "mine": count(
            "SELECT COUNT(*) FROM conversation WHERE assignee_id = :id AND status = 'with_advisor'", id=advisor_id
        ),
        "waiting": count("SELECT COUNT(*) FROM handoff WHERE state = 'waiting'"),
        "late": count("SELECT COUNT(*) FROM handoff WHERE state = 'waiting' AND late_at IS NOT NULL"),
        "today": count(tasks, id=advisor_id, begin=today_ends - DAY_MS, end=today_ends),
        "overdue": count(tasks, id=advisor_id, begin=0, end=tx.now_ms),
        "tomorrow": count(tasks, id=advisor_id, begin=today_ends, end=today_ends + DAY_MS),
    }
