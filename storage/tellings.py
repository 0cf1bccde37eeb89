"""How each notice is told: one row a way and a person, sent at least once. A process that dies in between leaves a row
whose lease ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage import notices
from storage.ids import new_id
from storage.tx import Row, Tx

LEASE_MS: Final = 60_000  # longer than any call may take
PAGE_MS: Final = 3_600_000  # how long a page may still tell: what is older stands in its lists anyway
DESK: Final = "desk"
SPEAKS: Final = "speaks"  # code of the one telling whose line is being said to a group
AGAIN_MS: Final = 2000  # until a group is asked for again, while a line to it is under way
_BY: Final = "SELECT id, notice_id, way, advisor_id, target, state, attempts, code, created_at, told_at FROM telling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A row. way, state -- storage.tables.notices."""

    id: str
    notice_id: str
    way: str
    advisor_id: str
    target: str
    state: str
    attempts: int
    code: str
    created_at: int
    told_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A way that is to be taken."""

    way: str
    advisor_id: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A telling that this process now does. `kind`, `conversation_id`, `urgent`, `created_at` -- of its notice; `key` of it;
    `channel` -- of the conversation, '' where there is none."""

    id: str
    notice_id: str
    key: str
    kind: str
    conversation_id: str
    channel: str
    urgent: bool
    way: str
    advisor_id: str
    target: str
    attempts: int
    created_at: int


def of(tx: Tx, notice_ids: Sequence[str]) -> dict[str, list[Telling]]:
    """By notice."""
    found: dict[str, list[Telling]] = {one: [] for one in notice_ids}
    for row in tx.among(f"{_BY} WHERE notice_id IN (:among) ORDER BY created_at, id", list(notice_ids)):
        found[row.notice_id].append(Telling(**row._mapping))
    return found


def plan(tx: Tx, notice_id: str, plans: Sequence[Plan]) -> None:
    """These ways are to be taken now. One that failed before is taken anew; one that is under way, or was taken, is not."""
    tx.many(
        "INSERT INTO telling (id, notice_id, way, advisor_id, target, state, attempts, code, created_at, next_at)"
        " VALUES (:id, :notice, :way, :advisor, :target, 'waiting', 0, '', :now, :now)"
        " ON CONFLICT (notice_id, way, advisor_id, target) DO UPDATE SET state = 'waiting', attempts = 0, code = '',"
        " created_at = excluded.created_at, next_at = excluded.next_at WHERE telling.state IN ('failed', 'gone', 'dropped')",
        [
            {
                "id": new_id(),
                "notice": notice_id,
                "way": one.way,
                "advisor": one.advisor_id,
                "target": one.target,
                "now": tx.now_ms,
            }
            for one in plans
        ],
    )
    for advisor_id in {one.advisor_id for one in plans if one.way == DESK}:
        tx.hint(notices.HINT, advisor_id)


def claim(tx: Tx, *, limit: int) -> list[Errand]:
    """What is to be told now, and is no page's own business; each is this process's until its lease ends. What concerns
    nobody any more is dropped."""
    lock = "FOR UPDATE OF t SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        "SELECT t.id, t.notice_id, n.key, n.kind, n.conversation_id, COALESCE(c.channel, '') AS channel, n.urgent, t.way,"  # noqa: S608
        " t.advisor_id, t.target, t.attempts, n.created_at, n.state, h.state AS asked FROM telling t JOIN notice n ON n.id = t.notice_id"
        " LEFT JOIN handoff h ON h.id = n.handoff_id LEFT JOIN conversation c ON c.id = n.conversation_id"
        " WHERE t.state IN ('waiting', 'sending') AND t.next_at <= :now AND t.way <> 'desk'"
        f" ORDER BY t.next_at, t.id LIMIT {int(limit)} {lock}",
        now=tx.now_ms,
    )
    dead = [one.id for one in rows if one.state == "over" or one.asked not in (None, "waiting")]
    tx.run_among("UPDATE telling SET state = 'dropped' WHERE id IN (:among)", dead)
    live = [one for one in rows if one.id not in dead]
    tx.run_among(
        "UPDATE telling SET state = 'sending', attempts = attempts + 1, next_at = :lease WHERE id IN (:among)",
        [one.id for one in live],
        lease=tx.now_ms + LEASE_MS,
    )
    return [_errand(one) for one in live]


def _errand(row: Row) -> Errand:
    values: dict[str, Any] = dict(row._mapping)
    del values["state"], values["asked"]
    values["urgent"] = bool(row.urgent)
    values["attempts"] = row.attempts + 1
    return Errand(**values)


def record(tx: Tx, errand: Errand, state: str, *, code: str = "", next_at: int = 0) -> None:
    """What came of it: told, failed, gone, or waiting until `next_at`."""
    tx.run(
        "UPDATE telling SET state = :state, code = :code, next_at = :next, told_at = COALESCE(:told, told_at) WHERE id = :id"
        " AND state <> 'told'",
        id=errand.id,
        state=state,
        code=code[:80],
        next=next_at,
        told=tx.now_ms if state == "told" else None,
    )
    if state != "waiting":
        notices.look_now(tx, errand.notice_id)
        tx.hint(notices.WAKE, errand.notice_id)
        tx.hint(notices.TOLD, errand.conversation_id)


def drop_unheard(tx: Tx) -> int:
    """What no page has told in its time: the claims need not look past it for ever. How many."""
    return tx.run(
        "UPDATE telling SET state = 'dropped' WHERE state IN ('waiting', 'sending') AND next_at <= :before AND way = 'desk'",
        before=tx.now_ms - PAGE_MS,
    )


def put_off(tx: Tx, errand: Errand, until_ms: int) -> None:
    """Not now, and no attempt."""
    tx.run(
        "UPDATE telling SET state = 'waiting', attempts = attempts - 1, next_at = :until WHERE id = :id AND state = 'sending'",
        id=errand.id,
        until=until_ms,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a group is told at once: how many wait, and the tellings of those that are among them."""

    waiting: int
    counted: tuple[str, ...]


def is_told(tx: Tx, errand: Errand) -> bool:
    """Another line told it meanwhile."""
    return bool(tx.value("SELECT state FROM telling WHERE id = :id", id=errand.id) == "told")


def turn(tx: Tx, errand: Errand, *, spoken_at: int, rest_ms: int) -> int:
    """0: this telling's line may be said to its group now, and no other process says one until it is recorded, put off, or
    its lease ends. Else until when it is put off. `spoken_at` -- when this process spoke there last; `rest_ms` -- between
    two lines."""
    if tx.postgres:
        tx.value("SELECT pg_advisory_xact_lock(7434)")
    speaks = tx.value(
        "SELECT 1 FROM telling WHERE way = 'group' AND target = :target AND state = 'sending' AND code = :speaks"
        " AND next_at > :now AND id <> :id",
        target=errand.target,
        speaks=SPEAKS,
        now=tx.now_ms,
        id=errand.id,
    )
    if speaks:
        return tx.now_ms + AGAIN_MS
    free_at = max(last(tx, errand.target), spoken_at) + rest_ms
    if tx.now_ms < free_at:
        return free_at
    tx.run("UPDATE telling SET code = :speaks WHERE id = :id AND state = 'sending'", speaks=SPEAKS, id=errand.id)
    return 0


def line(tx: Tx, errand: Errand) -> Line:
    """The tellings before the count, so that each of them is in it: what comes to wait after it is no part of the line. What
    is urgent is no part of one that does not say so."""
    rows = tx.all(
        "SELECT t.id, n.urgent FROM telling t JOIN notice n ON n.id = t.notice_id WHERE t.way = 'group'"
        " AND t.target = :target AND t.state IN ('waiting', 'sending') AND t.id <> :id LIMIT 500",
        target=errand.target,
        id=errand.id,
    )
    return Line(
        waiting=int(tx.value("SELECT COUNT(*) FROM handoff WHERE state = 'waiting'") or 0),
        counted=tuple(one.id for one in rows if errand.urgent or not one.urgent),
    )


def together(tx: Tx, said: Line) -> None:
    """One line to a group counted all who waited: what was to come behind it is told too."""
    counted = list(said.counted)
    tx.run_among(
        "UPDATE telling SET state = 'told', told_at = :now, code = 'together' WHERE state IN ('waiting', 'sending')"
        " AND id IN (:among)",
        counted,
        now=tx.now_ms,
    )
    for one in tx.among("SELECT DISTINCT notice_id FROM telling WHERE state = 'told' AND id IN (:among)", counted):
        notices.look_now(tx, one.notice_id)


def last(tx: Tx, target: str) -> int:
    """When that group heard of anything last, in ms; 0 = never."""
    return int(tx.value("SELECT MAX(told_at) FROM telling WHERE target = :target", target=target) or 0)


def seen(tx: Tx, advisor_id: str, notice_ids: Sequence[str], how: str) -> int:
    """His page told him. `how` -- visible, system, sound."""
    done = tx.run_among(
        "UPDATE telling SET state = 'told', told_at = :now, code = :how WHERE way = 'desk' AND advisor_id = :advisor"
        " AND state = 'waiting' AND notice_id IN (:among)",
        list(notice_ids),
        now=tx.now_ms,
        how=how,
        advisor=advisor_id,
    )
    for notice_id in notice_ids if done else ():
        notices.look_now(tx, notice_id)
        tx.hint(notices.WAKE, notice_id)
    return done


def for_page(tx: Tx, advisor_id: str, *, limit: int = 50) -> Sequence[Row]:
    """What his pages are to tell him: id, key, kind, conversation_id, channel, urgent, created_at."""
    return tx.all(
        "SELECT n.id, n.key, n.kind, n.conversation_id, COALESCE(c.channel, '') AS channel, n.urgent, n.created_at FROM telling t"
        " JOIN notice n ON n.id = t.notice_id LEFT JOIN handoff h ON h.id = n.handoff_id LEFT JOIN conversation c"
        " ON c.id = n.conversation_id WHERE t.state IN ('waiting', 'sending') AND t.next_at > :since"
        " AND t.way = 'desk' AND t.advisor_id = :advisor AND n.state <> 'over' AND (h.id IS NULL OR h.state = 'waiting')"
        " ORDER BY n.created_at, n.id LIMIT :limit",
        advisor=advisor_id,
        since=tx.now_ms - PAGE_MS,
        limit=limit,
    )


def of_conversation(tx: Tx, conversation_id: str, *, limit: int = 200) -> Sequence[Row]:
    """Who was told what, when and how, the newest first: kind, way, state, code, told_at, created_at, advisor_id, name, target."""
    return tx.all(
        "SELECT n.kind, n.state AS notice, n.alarmed_at, t.way, t.state, t.code, t.told_at, t.created_at, t.advisor_id, a.name, t.target"
        " FROM notice n JOIN telling t ON t.notice_id = n.id LEFT JOIN advisor a ON a.id = t.advisor_id"
        " WHERE n.conversation_id = :id ORDER BY t.created_at DESC, t.id DESC LIMIT :limit",
        id=conversation_id,
        limit=limit,
    )
