"""How much comes in and goes out on each account, and when: for people, and for noticing that nothing comes any more.

What comes in is counted by the hour in one row of `setting` an account, from the loss accounting: nothing is added to
the path that events take. What goes out is read from a bounded window of the newest calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from storage.outbox import IS_OPEN
from storage.tx import Tx

PREFIX: Final = "activity:"
HOUR_MS: Final = 3_600_000
KEPT_HOURS: Final = 14 * 24
WINDOW: Final = 2000  # newest calls, of all accounts together


@dataclass(frozen=True, slots=True)
class Came:
    """What came in. `hours` -- events by hour since 1970 · times in ms, 0 = not since we look."""

    events: int = 0
    rejected: int = 0
    since_ms: int = 0
    last_ms: int = 0
    rejected_ms: int = 0
    hours: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Went:
    """What goes out: calls and failed ones of the last hour, the last that was taken, what waits and since when."""

    calls: int = 0
    failed: int = 0
    last_ms: int = 0
    waiting: int = 0
    oldest_ms: int = 0


def note(tx: Tx) -> None:
    """At the start, and then once a minute: what has come since the last look."""
    known = came(tx)
    hour = tx.now_ms // HOUR_MS
    for row in tx.all("SELECT account_id, events, rejected FROM account_stat"):
        before = known.get(row.account_id)
        if before is None:
            after = Came(row.events, row.rejected, since_ms=tx.now_ms)
        elif (row.events, row.rejected) == (before.events, before.rejected):
            continue
        else:
            new = row.events - before.events
            hours = {at: count for at, count in before.hours.items() if at > hour - KEPT_HOURS}
            if new:
                hours[hour] = hours.get(hour, 0) + new
            after = Came(
                row.events,
                row.rejected,
                since_ms=before.since_ms,
                last_ms=tx.now_ms if new else before.last_ms,
                rejected_ms=tx.now_ms if row.rejected > before.rejected else before.rejected_ms,
                hours=hours,
            )
        tx.run(
            "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            name=PREFIX + row.account_id,
            value=orjson.dumps(after, option=orjson.OPT_NON_STR_KEYS).decode(),
            now=tx.now_ms,
        )


def came(tx: Tx) -> dict[str, Came]:
    """By account; those at which nobody has looked yet are not there."""
    found = {}
    for row in tx.all("SELECT name, value FROM setting WHERE name LIKE :names", names=f"{PREFIX}%"):
        told = orjson.loads(row.value)
        told["hours"] = {int(at): count for at, count in told["hours"].items()}
        found[row.name.removeprefix(PREFIX)] = Came(**told)
    return found


def went(tx: Tx) -> dict[str, Went]:
    """By account; those of which nothing is known are not there."""
    found: dict[str, Went] = {}
    calls = tx.all(
        "SELECT o.account_id, a.started_at, a.outcome FROM (SELECT outbox_id, started_at, outcome FROM attempt ORDER BY id DESC LIMIT :window) a "
        "JOIN outbox o ON o.id = a.outbox_id",
        window=WINDOW,
    )
    for call in calls:
        mine = found.setdefault(call.account_id, Went())
        if call.outcome == "sent":
            mine.last_ms = max(mine.last_ms, call.started_at)
        if call.started_at > tx.now_ms - HOUR_MS:
            mine.calls += 1
            mine.failed += call.outcome != "sent"
    waiting = f"SELECT account_id, COUNT(*) AS waiting, MIN(created_at) AS oldest FROM outbox WHERE {IS_OPEN} GROUP BY account_id"  # noqa: S608
    for row in tx.all(waiting):
        mine = found.setdefault(row.account_id, Went())
        mine.waiting, mine.oldest_ms = row.waiting, row.oldest
    return found


def closing(tx: Tx, windows: Mapping[str, int], *, within_ms: int) -> Counter[str]:
    """Messages that wait while the platform's window closes soon or has closed. `windows` -- account to its hours."""
    found: Counter[str] = Counter()
    for account_id, hours in windows.items():
        found[account_id] = int(
            tx.value(
                f"SELECT COUNT(*) FROM outbox o JOIN contact_point p ON p.id = o.point_id WHERE o.{IS_OPEN} "  # noqa: S608
                "AND o.account_id = :account AND COALESCE(p.last_inbound_at, 0) < :edge",
                account=account_id,
                edge=tx.now_ms - hours * HOUR_MS + within_ms,
            )
        )
    return found


def tokens(tx: Tx) -> dict[str, tuple[str, int]]:
    """State and, in ms, the end of the tokens that change with every use."""
    return {
        row.account_id: (row.state, row.expires_at)
        for row in tx.all("SELECT account_id, state, expires_at FROM credential")
    }
