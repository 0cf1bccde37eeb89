"""What becomes of each announcement at each subscription: claimed, told, told again later, given up; and its log.

At least once: a row is `calling` under a lease before the first byte leaves, and whoever finds the lease over tells it
again, by the same id. In one lane the next waits for the one before as long as that is still in its quick tries; after
that it goes on, for a day without news of a conversation is worse than news out of order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from storage import announcements, audit, subscriptions
from storage.ids import new_id
from storage.times import ms
from storage.tx import Row, Tx

LEASE_MS: Final = 60_000  # three times the longest call
IN_ORDER: Final = 3  # tries of the one before for which the next of its lane waits
LOOKED_AT: Final = 64
FAR: Final = 512  # rows that were never tried, of one subscription, that one look passes over
ANSWER: Final = 1024  # characters
KEPT_MS: Final = 30 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One that this process may tell now. `number` -- of the try, from 1 · `secrets` -- to sign with, the newest first ·
    `data` -- JSON text without what is personal."""

    id: str
    subscription_id: str
    url: str
    include: tuple[str, ...]
    type: str
    about: str
    data: str
    at: int
    number: int
    failing_since: int | None
    secrets: tuple[str, ...] = field(repr=False)
    personal: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a call brought. `state` -- done, waiting (again at `next_at`) or failed · `off` -- why the whole subscription
    ends here, '' it does not · `rest_until` -- it asked to be left alone so long."""

    telling: Telling
    state: str
    started_at: int
    took_ms: int
    status: int | None = None
    error: str = ""
    answer: str = ""
    next_at: int = 0
    off: str = ""
    rest_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the log. `status`, `took_ms`, `error`, `answer`, `tried_at` -- of the last try."""

    id: str
    type: str
    about: str
    at: int
    state: str
    attempts: int
    next_at: int
    status: int | None
    error: str
    took_ms: int | None
    tried_at: int | None
    answer: str
    done_at: int | None


IS_OPEN: Final = "state IN ('waiting','calling')"  # word for word as in the indexes of open rows
_FRESH: Final = "d.state = 'waiting' AND d.attempts = 0"  # and so are these two, each of its own index
_TRIED: Final = (
    f"d.{IS_OPEN} AND d.attempts > 0 AND d.next_at <= :now AND (d.state = 'waiting' OR d.lease_until <= :now)"
)
# Never more is walked through than what is due: of what was tried by its time, of the rest only so far as the edge. A row
# whose lane waits is passed over, and those of one lane that waits may be many.
_DUE: Final = f"""
SELECT d.announcement_id, d.attempts FROM announced d WHERE d.subscription_id = :subscription AND {{which}}
AND NOT EXISTS (
  SELECT 1 FROM announced e WHERE e.subscription_id = d.subscription_id AND e.lane = d.lane
  AND e.announcement_id < d.announcement_id AND e.{IS_OPEN} AND e.attempts < :in_order)
ORDER BY {{order}} LIMIT :limit {{lock}}"""  # noqa: S608
_DUE_TRIED: Final = (_TRIED, "d.next_at")
_DUE_FRESH: Final = (f"{_FRESH} AND d.announcement_id <= :edge", "d.announcement_id")
_EDGE: Final = (
    f"SELECT d.announcement_id FROM announced d WHERE d.subscription_id = :subscription AND {_FRESH}"  # noqa: S608
    " ORDER BY d.announcement_id LIMIT 1 OFFSET :far"
)
_END: Final = "z"  # after every id, in any collation
# For states of which there are few: `||` keeps SQLite from walking through all that was ever told to this one.
_WHOSE: Final = "d.subscription_id || '' = :subscription"


def due(tx: Tx, *, room: int, busy: Mapping[str, int]) -> list[Telling]:
    """Claim what may be told now, each subscription for itself. room -- how many one may have under way; one that fails
    has one · busy -- under way by subscription, here."""
    found: list[Telling] = []
    if tx.value(f"SELECT 1 FROM announced WHERE {IS_OPEN} AND next_at <= :now LIMIT 1", now=tx.now_ms) is None:  # noqa: S608
        return []
    listening = tx.all(
        "SELECT id, url, include, failing_since FROM subscription WHERE enabled"
        " AND (paused_until IS NULL OR paused_until <= :now) ORDER BY id",
        now=tx.now_ms,
    )
    for one in listening:
        free = min((room if one.failing_since is None else 1) - busy.get(one.id, 0), LOOKED_AT)
        if free <= 0:
            continue
        rows = [
            *_next(tx, one.id, _DUE_TRIED, free, now=tx.now_ms),
            *_next(tx, one.id, _DUE_FRESH, free, edge=tx.value(_EDGE, subscription=one.id, far=FAR) or _END),
        ]
        if rows:
            found += _claim(tx, one, sorted(rows, key=lambda row: str(row.announcement_id))[:free])
    return found


def _next(tx: Tx, subscription_id: str, which: tuple[str, str], limit: int, **binds: Any) -> Sequence[Row]:
    lock = "FOR UPDATE OF d SKIP LOCKED" if tx.postgres else ""
    return tx.all(
        _DUE.format(which=which[0], order=which[1], lock=lock),
        subscription=subscription_id,
        in_order=IN_ORDER,
        limit=limit,
        **binds,
    )


def _claim(tx: Tx, to: Row, rows: Sequence[Row]) -> list[Telling]:
    tx.many(
        "UPDATE announced SET state = 'calling', attempts = attempts + 1, lease_until = :lease, boot_id = :boot"
        " WHERE subscription_id = :subscription AND announcement_id = :id",
        [
            {"subscription": to.id, "id": row.announcement_id, "lease": tx.now_ms + LEASE_MS, "boot": tx.boot}
            for row in rows
        ],
    )
    secrets = tuple(subscriptions.signs_with(tx, to.id))
    about = {
        row.id: row
        for row in tx.among(
            "SELECT id, type, about, data, at FROM announcement WHERE id IN (:among)",
            [row.announcement_id for row in rows],
        )
    }
    return [_telling(tx, to, row, about[row.announcement_id], secrets) for row in rows if row.announcement_id in about]


def _telling(tx: Tx, to: Row, row: Row, what: Row, secrets: tuple[str, ...]) -> Telling:
    include = tuple(orjson.loads(to.include))
    return Telling(
        id=what.id,
        subscription_id=to.id,
        url=to.url,
        include=include,
        type=what.type,
        about=what.about,
        data=what.data,
        at=what.at,
        number=row.attempts + 1,
        failing_since=to.failing_since,
        secrets=secrets,
        personal=announcements.personal(tx, what.type, what.about, include),
    )


def record(tx: Tx, told: Told) -> None:
    """Write the fate of a call down, in the log too. A row that is another's meanwhile stays as it is."""
    telling = told.telling
    tx.insert(
        "announced_try",
        id=new_id(),
        subscription_id=telling.subscription_id,
        announcement_id=telling.id,
        at=told.started_at,
        took_ms=told.took_ms,
        status=told.status,
        error=told.error,
        answer=told.answer[:ANSWER],
    )
    tx.run(
        "UPDATE announced SET state = :state, next_at = :next, lease_until = NULL, status = :status, error = :error,"
        " took_ms = :took, done_at = :done WHERE subscription_id = :subscription AND announcement_id = :id"
        " AND state = 'calling' AND boot_id = :boot",
        subscription=telling.subscription_id,
        id=telling.id,
        state=told.state,
        next=told.next_at or tx.now_ms,
        status=told.status,
        error=told.error,
        took=told.took_ms,
        done=tx.now_ms if told.state in ("done", "failed") else None,
        boot=tx.boot,
    )
    if told.state == "done":
        tx.run(
            "UPDATE subscription SET failing_since = NULL, last_ok_at = :now WHERE id = :id",
            id=telling.subscription_id,
            now=tx.now_ms,
        )
    elif not told.off:
        tx.run(
            "UPDATE subscription SET failing_since = COALESCE(failing_since, :now), paused_until = COALESCE(:rest, paused_until)"
            " WHERE id = :id",
            id=telling.subscription_id,
            now=tx.now_ms,
            rest=told.rest_until,
        )
    else:
        switched = tx.run(
            "UPDATE subscription SET enabled = FALSE, reason = :reason, updated_at = :now, version = version + 1"
            " WHERE id = :id AND enabled",
            id=telling.subscription_id,
            reason=told.off,
            now=tx.now_ms,
        )
        if switched:
            audit.write(
                tx,
                actor="system",
                action="webhook.off",
                object_type=subscriptions.TABLE,
                object_id=telling.subscription_id,
                fields=(told.off,),
            )
    tx.hint("announced", telling.subscription_id)


def oldest(tx: Tx) -> int | None:
    """Since when the oldest waits that a webhook that is on is still to be told, UTC ms; None when nothing does."""
    moments = tx.all(
        "SELECT (SELECT a.at FROM announcement a WHERE a.id = ("  # noqa: S608
        f"SELECT MIN(d.announcement_id) FROM announced d WHERE d.subscription_id = s.id AND {_FRESH})) AS fresh,"
        " (SELECT MIN(d.created_at) FROM announced d WHERE d.subscription_id = s.id"
        f" AND d.{IS_OPEN} AND d.attempts > 0) AS tried FROM subscription s WHERE s.enabled"
    )
    return min((at for row in moments for at in row if at is not None), default=None)


def recover(tx: Tx) -> int:
    """At the start of the only process: what the last one was telling may be told again at once. How many."""
    if tx.postgres:
        return 0  # another process may be at it; its lease ends by itself
    return tx.run("UPDATE announced SET lease_until = 0 WHERE state = 'calling' AND boot_id <> :boot", boot=tx.boot)


# ---- the log


def log(
    tx: Tx, subscription_id: str, *, state: str = "", before: str = "", limit: int = 50
) -> tuple[list[Entry], str | None]:
    """What this subscription was told, the newest first, and where to go on. before -- an id."""
    where = "d.subscription_id = :subscription" if state in ("", "done") else _WHOSE
    where += (" AND d.state = :state" if state else "") + (" AND d.announcement_id < :before" if before else "")
    binds = ({"state": state} if state else {}) | ({"before": before} if before else {})
    rows = tx.all(
        f"{_ENTRY} WHERE {where} ORDER BY d.announcement_id DESC LIMIT :limit",
        subscription=subscription_id,
        limit=limit + 1,
        **binds,
    )
    found = _entries(tx, subscription_id, rows[:limit])
    return found, found[-1].id if len(rows) > limit else None


def one(tx: Tx, subscription_id: str, announcement_id: str) -> Entry | None:
    where = "WHERE d.subscription_id = :subscription AND d.announcement_id = :id"
    rows = tx.all(f"{_ENTRY} {where}", subscription=subscription_id, id=announcement_id)
    return next(iter(_entries(tx, subscription_id, rows)), None)


_ENTRY: Final = (
    "SELECT d.announcement_id AS id, a.type, a.about, a.at, d.state, d.attempts, d.next_at, d.status, d.error, d.took_ms, d.done_at"
    " FROM announced d JOIN announcement a ON a.id = d.announcement_id"
)


def _entries(tx: Tx, subscription_id: str, rows: Sequence[Row]) -> list[Entry]:
    tries = tx.among(
        "SELECT announcement_id, at, answer FROM announced_try WHERE subscription_id = :subscription"
        " AND announcement_id IN (:among) ORDER BY at, id",
        [row.id for row in rows],
        subscription=subscription_id,
    )
    last = {row.announcement_id: (row.at, row.answer) for row in tries}
    made = []
    for row in rows:
        tried_at, answer = last.get(row.id, (None, ""))
        made.append(Entry(**row._mapping, tried_at=tried_at, answer=answer))
    return made


def again(tx: Tx, subscription_id: str, announcement_id: str, *, by: str) -> bool:
    """Tell this one again, now. False when there is none, or it is being told."""
    done = tx.run(
        f"{_AGAIN} WHERE subscription_id = :subscription AND announcement_id = :id AND state <> 'calling'",
        subscription=subscription_id,
        id=announcement_id,
        now=tx.now_ms,
    )
    if done:
        _resent(tx, subscription_id, (announcement_id,), by)
    return bool(done)


def failed_again(tx: Tx, subscription_id: str, *, since: datetime, by: str) -> int:
    """Tell all again that failed since then. How many."""
    done = tx.run(
        f"{_AGAIN} WHERE subscription_id || '' = :subscription AND state = 'failed' AND created_at >= :since",
        subscription=subscription_id,
        since=ms(since),
        now=tx.now_ms,
    )
    if done:
        _resent(tx, subscription_id, (f"failed:{done}",), by)
    return done


_AGAIN: Final = (
    "UPDATE announced SET state = 'waiting', attempts = 0, next_at = :now, lease_until = NULL, done_at = NULL"
)


def _resent(tx: Tx, subscription_id: str, fields: tuple[str, ...], by: str) -> None:
    audit.write(
        tx,
        actor=by,
        action="webhook.resend",
        object_type=subscriptions.TABLE,
        object_id=subscription_id,
        fields=fields,
    )
    tx.hint("announcement", subscription_id)


def forget(tx: Tx, *, limit: int = 500) -> int:
    """What happened a month ago, and what became of telling it. How many."""
    gone = [
        row.id
        for row in tx.all(
            "SELECT id FROM announcement WHERE at < :before ORDER BY at LIMIT :limit",
            before=tx.now_ms - KEPT_MS,
            limit=limit,
        )
    ]
    for row in tx.among("SELECT DISTINCT subscription_id FROM announced WHERE announcement_id IN (:among)", gone):
        tx.run_among(
            "DELETE FROM announced_try WHERE subscription_id = :subscription AND announcement_id IN (:among)",
            gone,
            subscription=row.subscription_id,
        )
    tx.run_among("DELETE FROM announced WHERE announcement_id IN (:among)", gone)
    tx.run_among("DELETE FROM announcement WHERE id IN (:among)", gone)
    return len(gone)
