"""The inbox: every event once, committed before it is acknowledged.

The unique key (account, hash of the platform's key) is the only thing that decides what is a duplicate: no cache, no
look-up before the insert.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from channels.contract import SAID, Kind
from channels.quick import quick
from storage.ids import new_id
from storage.keys import seal
from storage.lanes import NOW, QUIET
from storage.tx import Tx

DAY_MS: Final = 86_400_000
MAX_ERRORS: Final = 5
ERASED: Final = "erased"  # reason of an event of which only the hash of its key is left
# What opens a platform's window. Not what it tells of us (receipts, echoes), nor that he left, nor what he takes back.
HIS_WORD: Final = frozenset(kind.value for kind in (*SAID, Kind.FOLLOW, Kind.REACTION, Kind.FORM, Kind.CALL))
OF_OURS: Final = frozenset({Kind.RECEIPT.value, Kind.ECHO.value})  # what became of our own words is heard of everybody
BLOCKED: Final = "blocked by us"
LATEST_MS: Final = 3 * DAY_MS  # a delivery later than this is none: the longest retry that a platform tells of is 36 h
STATS: Final = (
    "deliveries",
    "duplicates",
    "rejected",
    "events",
    "messages",
    "receipts",
    "ignored",
    "quarantined",
    "pending",
)


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One item of a POST. thread '' = belongs to no conversation. `wait_ms` -- how long its turn may wait for more;
    0 = thought about at once. `window_ms` -- how long the key counts, 0 = for ever. `state` new, ignored or quarantined (unreadable)."""

    account_id: str
    key: str
    kind: str
    thread: str
    body: bytes = field(repr=False)
    wait_ms: int = 0
    window_ms: int = 0
    state: str = "new"
    reason: str = ""
    source: str = "platform"
    by_us: bool = False  # one of ours did it: no word of his
    said_ms: int = 0  # the platform's time of the act, Unix ms; 0 = it does not tell
    id: str = field(default_factory=new_id)


def key_hash(key: str) -> bytes:
    """What the unique key is made of: hashes live on when the key itself is erased."""
    return hashlib.sha256(key.encode()).digest()[:16]


def ingest(tx: Tx, arrivals: Sequence[Arrival]) -> list[bool]:
    """Insert many events in a handful of statements; True where the event is new."""
    lanes = _lanes(tx, arrivals)
    awaited = _awaited(tx, arrivals, lanes)
    day = tx.now_ms // DAY_MS
    key = tx.keys.day(day)
    if key is None:
        key = tx.keys.open_day(day, day_key(tx, day))
    rows: list[dict[str, Any]] = []
    arrivals = [_heard(arrival, lanes.get((arrival.account_id, arrival.thread))) for arrival in arrivals]
    for arrival in arrivals:
        lane = lanes.get((arrival.account_id, arrival.thread))
        wait_ms = 0 if lane is not None and lane[0] in awaited else arrival.wait_ms
        own_key = _windowed(tx, arrival) if arrival.window_ms else arrival.key
        rows.append(
            {
                "id": arrival.id,
                "account_id": arrival.account_id,
                "key_hash": key_hash(own_key),
                "key": own_key,
                "kind": arrival.kind,
                "source": arrival.source,
                "point_id": lane[0] if lane else None,
                "seq": _next(lane) if lane else 0,
                "state": arrival.state,
                "reason": arrival.reason,
                "attempts": 0,
                "day": day,
                "body_sealed": seal(key, f"inbox_event|body_sealed|{arrival.id}", arrival.body),
                "body_hash": hashlib.sha256(arrival.body).digest()[:16],
                "received_at": tx.now_ms,
                "due_at": tx.now_ms + wait_ms,
            }
        )
    kept = tx.rows(
        "INSERT INTO inbox_event", tuple(rows[0]), rows, "ON CONFLICT (account_id, key_hash) DO NOTHING RETURNING id"
    )
    new = {row[0] for row in kept}
    _count(tx, arrivals, new)
    if len(new) < len(rows):
        _conflicts(tx, [row for row in rows if row["id"] not in new])
    for arrival, row in zip(arrivals, rows, strict=True):
        if row["id"] in new and row["point_id"] and arrival.state == "new":
            tx.after.append((row["point_id"], QUIET if row["due_at"] > tx.now_ms else NOW, row["due_at"]))
    return [arrival.id in new for arrival in arrivals]


def _heard(arrival: Arrival, lane: Sequence[Any] | None) -> Arrival:
    """Of whom we have blocked nothing is read: kept, counted, and that is all."""
    if lane is None or lane[2] is None or arrival.source != "platform" or arrival.kind in OF_OURS:
        return arrival
    return replace(arrival, state="ignored", reason=BLOCKED) if arrival.state == "new" else arrival


def _windowed(tx: Tx, arrival: Arrival) -> str:
    """The key of what is the same only for a while: with the number of the window, the last one's where that came within
    the time. So the unique key decides here too, and a repetition over a window's end is one."""
    at = tx.now_ms // arrival.window_ms
    before = f"{arrival.key}@{at - 1}"
    since = tx.value(
        "SELECT received_at FROM inbox_event WHERE account_id = :account AND key_hash = :hash",
        account=arrival.account_id,
        hash=key_hash(before),
    )
    return before if since is not None and since > tx.now_ms - arrival.window_ms else f"{arrival.key}@{at}"


def _lanes(tx: Tx, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], list[Any]]:
    """[contact point id, next seq, since when we have blocked it] of every thread; the row's own counter gives the order, on PostgreSQL under its
    lock (sorted, so that two batches cannot wait for each other)."""
    wanted = Counter((a.account_id, a.thread) for a in arrivals if a.thread)
    if not wanted:
        return {}
    spoke: dict[tuple[str, str], int] = {}
    for a in arrivals:
        if a.source == "platform" and a.kind in HIS_WORD and not a.by_us:
            lane = (a.account_id, a.thread)
            spoke[lane] = max(spoke.get(lane, 0), _acted(a, tx.now_ms))
    rows = [
        {
            "id": new_id(),
            "account_id": account_id,
            "thread": thread,
            "seq": count,
            "message_seq": 0,
            "out_seq": 0,
            "reachable": True,
            "unreachable_reason": "",
            "last_inbound_at": spoke.get((account_id, thread)),
            "created_at": tx.now_ms,
        }
        for (account_id, thread), count in sorted(wanted.items())
    ]
    found = tx.rows(
        "INSERT INTO contact_point",
        tuple(rows[0]),
        rows,
        "ON CONFLICT (account_id, thread) DO UPDATE SET seq = contact_point.seq + excluded.seq, "
        "last_inbound_at = CASE WHEN excluded.last_inbound_at IS NULL OR contact_point.last_inbound_at > excluded.last_inbound_at "
        "THEN contact_point.last_inbound_at ELSE excluded.last_inbound_at END "
        "RETURNING id, account_id, thread, seq, blocked_at",
    )
    return {
        (row.account_id, row.thread): [row.id, row.seq - wanted[row.account_id, row.thread] + 1, row.blocked_at]
        for row in found
    }


def _acted(arrival: Arrival, now_ms: int) -> int:
    """When he did it, as the platform counts its window."""
    return acted(arrival.said_ms, now_ms)


def acted(said_ms: int, received_ms: int) -> int:
    """By the platform's clock, which may not run before ours. What is older than any retry of a platform is the time of
    a sample or of a wrong clock, not of a late delivery: then, and where none is told (0), it is ours. Unix ms."""
    return said_ms if received_ms - LATEST_MS <= said_ms < received_ms else received_ms


def _awaited(tx: Tx, arrivals: Sequence[Arrival], lanes: Mapping[tuple[str, str], list[Any]]) -> set[str]:
    """The contact points with which an advisor speaks: nothing is answered there at once, so nothing is waited for, and he
    sees each message as it comes."""
    asked = {lane[0] for a in arrivals if a.wait_ms and (lane := lanes.get((a.account_id, a.thread)))}
    rows = tx.among(
        "SELECT point_id FROM conversation WHERE point_id IN (:among) AND status = 'with_advisor'", sorted(asked)
    )
    return {row.point_id for row in rows}


def _next(lane: list[Any]) -> int:
    lane[1] += 1
    return int(lane[1] - 1)


def _count(tx: Tx, arrivals: Sequence[Arrival], new: set[str]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for arrival in arrivals:
        if arrival.source != "platform":
            continue
        mine = counts[arrival.account_id]
        mine["deliveries"] += 1
        if arrival.id not in new:
            mine["duplicates"] += 1
        else:
            mine["events"] += 1
            mine["pending" if arrival.state == "new" else arrival.state] += 1
    count(tx, counts)


def count(tx: Tx, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Add to the loss accounting of each account."""
    rows = [
        {"account_id": account_id, **{name: mine.get(name, 0) for name in STATS}}
        for account_id, mine in sorted(counts.items())
        if mine
    ]
    if rows:
        added = ", ".join(f"{name} = {name} + :{name}" for name in STATS)
        tx.many(f"UPDATE account_stat SET {added} WHERE account_id = :account_id", rows)  # noqa: S608


def _conflicts(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Same key, other body: the first counts; the other is kept for a person."""
    for row in rows:
        first = tx.one(
            "SELECT id, body_hash, reason FROM inbox_event WHERE account_id = :account_id AND key_hash = :key_hash",
            account_id=row["account_id"],
            key_hash=row["key_hash"],
        )
        if first is None or first.reason == ERASED or bytes(first.body_hash) == row["body_hash"]:
            continue
        tx.insert(
            "inbound_conflict",
            id=row["id"],
            account_id=row["account_id"],
            event_id=first.id,
            day=row["day"],
            body_sealed=row["body_sealed"],
            received_at=row["received_at"],
        )
        tx.hint("conflict", row["account_id"])


def body(tx: Tx, event_id: str, day: int, sealed: bytes, *, table: str = "inbox_event") -> bytes:
    """The stored bytes of an event. Raises storage.keys.KeyMissing once its day key is destroyed."""
    from storage.keys import unseal

    key = tx.keys.day(day)
    if key is None:
        key = tx.keys.open_day(day, tx.value("SELECT wrapped FROM day_key WHERE day = :day", day=day))
    return unseal(key, f"{table}|body_sealed|{event_id}", bytes(sealed))


def day_key(tx: Tx, day: int) -> bytes:
    """The wrapped key of a day, made at its first use."""
    tx.run(
        "INSERT INTO day_key (day, wrapped, created_at) VALUES (:day, :wrapped, :now) ON CONFLICT (day) DO NOTHING",
        day=day,
        wrapped=tx.keys.wrap_day_key(day),
        now=tx.now_ms,
    )
    return bytes(tx.value("SELECT wrapped FROM day_key WHERE day = :day", day=day))


def open_lanes(tx: Tx) -> list[tuple[str, str, int]]:
    """Every lane with open events: (lane, why, due)."""
    rows = tx.all(
        "SELECT point_id, MIN(due_at) AS first_due, MAX(due_at) AS last_due, MIN(due_at - received_at) AS wait, MAX(attempts) AS attempts "
        "FROM inbox_event WHERE state = 'new' AND point_id IS NOT NULL GROUP BY point_id LIMIT 5000"
    )
    return [
        (
            row.point_id,
            NOW if row.wait == 0 and not row.attempts else QUIET,
            row.first_due if row.wait == 0 or row.attempts else row.last_due,
        )
        for row in rows
    ]


def reject(tx: Tx, counts: Mapping[str, int]) -> None:
    """Count refused POSTs; a refused POST is one delivery."""
    count(tx, {account_id: {"deliveries": n, "rejected": n} for account_id, n in counts.items()})


# ---- acts and timers: events of our own making


def insert_own(
    tx: Tx,
    *,
    point_id: str,
    account_id: str,
    kind: str,
    source: str,
    key: str,
    body_: bytes,
    state: str,
    conversation_id: str | None = None,
) -> str | None:
    """An event of the desk, the clock or the system, in the lane's order. None when its key is known already."""
    seq = tx.value("UPDATE contact_point SET seq = seq + 1 WHERE id = :id RETURNING seq", id=point_id)
    day = tx.now_ms // DAY_MS
    key_ = tx.keys.day(day) or tx.keys.open_day(day, day_key(tx, day))
    event_id = new_id()
    inserted = tx.run(
        "INSERT INTO inbox_event (id, account_id, key_hash, key, kind, source, point_id, seq, state, reason, attempts, day, "
        "body_sealed, body_hash, received_at, due_at, done_at, conversation_id) VALUES (:id, :account_id, :key_hash, :key, :kind, :source, :point_id, "
        ":seq, :state, '', 0, :day, :body_sealed, :body_hash, :now, :now, :done_at, :conversation_id) ON CONFLICT (account_id, key_hash) DO NOTHING",
        id=event_id,
        account_id=account_id,
        key_hash=key_hash(key),
        key=key,
        kind=kind,
        source=source,
        point_id=point_id,
        seq=seq,
        state=state,
        day=day,
        body_sealed=seal(key_, f"inbox_event|body_sealed|{event_id}", body_),
        body_hash=hashlib.sha256(body_).digest()[:16],
        now=tx.now_ms,
        done_at=tx.now_ms if state == "done" else None,
        conversation_id=conversation_id,
    )
    if not inserted:
        return None
    if state == "new":
        tx.after.append((point_id, NOW, tx.now_ms))
    return event_id


def quarantine(tx: Tx, event_id: str, account_id: str, *, source: str, reason: str, attempts: int) -> None:
    """Set an event aside for a person; its lane goes on."""
    changed = tx.run(
        "UPDATE inbox_event SET state = 'quarantined', reason = :reason, attempts = :attempts, done_at = :now WHERE id = :id AND state = 'new'",
        id=event_id,
        reason=reason,
        attempts=attempts,
        now=tx.now_ms,
    )
    if changed and source == "platform":
        count(tx, {account_id: {"quarantined": 1, "pending": -1}})
    tx.hint("quarantine", event_id)
