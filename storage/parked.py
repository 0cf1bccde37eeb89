"""News of a message that is not here yet: what its customer made of it, what became of ours. It waits a day for the message and
is told when that comes; else it is counted among what was ignored, with the reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import inbox
from storage.errors import Raced
from storage.ids import new_id
from storage.keys import seal
from storage.lanes import NOW
from storage.tx import Tx

KEPT_MS: Final = 86_400_000
EDIT, RETRACT, RECEIPT = "edit", "retract", "receipt"
MOVE: Final = "move"  # of a place that is shared live
WAITS: Final = "waits for its message"  # reasons of an event
ORPHAN: Final = "its message never came"
OVERTAKEN: Final = "a later place came"
PARTS: Final = 50  # of our last messages whose calls are looked through
SWEPT: Final = 500  # receipts, the last, that a sweep looks at: a millisecond or two


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An edit or an unsend of the customer. `text` -- what it says now, without secrets · `place` -- latitude and longitude
    that it names now · `said_at` -- the platform's time, UTC ms · `event_id` -- that brought it."""

    event_id: str
    kind: str
    ref: str
    said_at: int
    text: str = field(default="", repr=False)
    place: tuple[float, float] | None = field(default=None, repr=False)


def of_points(tx: Tx, points: Sequence[str]) -> dict[str, dict[str, list[News]]]:
    """What customers made of messages that are not here: by contact point and the platform's id, in the order in which it was
    done."""
    found: dict[str, dict[str, list[News]]] = {point: defaultdict(list) for point in points}
    rows = tx.among(
        "SELECT id, event_id, point_id, contact_id, kind, ref, body_sealed, said_at, parked_at FROM parked"
        " WHERE point_id IN (:among) AND kind <> 'receipt' ORDER BY said_at, seq",
        points,
    )
    for row in rows:
        told = _told(tx, row)
        place = told.get("place")
        found[row.point_id][row.ref].append(
            News(
                event_id=row.event_id,
                kind=row.kind,
                ref=row.ref,
                said_at=row.said_at,
                text=str(told.get("text", "")),
                place=(place[0], place[1]) if place else None,
            )
        )
    return found


def _told(tx: Tx, row: Any) -> dict[str, Any]:
    """What an edit says. Of somebody whom nobody knows yet it is sealed as what he says is, under the key of the day."""
    if row.body_sealed is None:
        return {}
    found: dict[str, Any]
    if row.contact_id:
        found = tx.keys.open_json(tx, row.contact_id, "parked", "body_sealed", row.id, row.body_sealed)
    else:
        found = orjson.loads(inbox.body(tx, row.id, row.parked_at // inbox.DAY_MS, row.body_sealed, table="parked"))
    return found


def _sealed(tx: Tx, news: News, row_id: str, contact_id: str, since: int) -> bytes | None:
    told = ({"text": news.text} if news.text else {}) | ({"place": news.place} if news.place else {})
    if not told:
        return None
    if contact_id:
        return tx.keys.seal_json(tx, contact_id, "parked", "body_sealed", row_id, told)
    day = since // inbox.DAY_MS
    key = tx.keys.day(day) or tx.keys.open_day(day, inbox.day_key(tx, day))
    return seal(key, f"parked|body_sealed|{row_id}", orjson.dumps(told))


def park(tx: Tx, news: News, *, point_id: str, contact_id: str, whole: bool = True) -> None:
    """Until the message comes. `contact_id` -- '' where nobody has spoken · `whole` -- nothing of what the event told has been
    told yet."""
    event = tx.one("SELECT account_id, seq, received_at FROM inbox_event WHERE id = :id", id=news.event_id)
    if event is None or not news.ref:
        return
    if news.kind == MOVE:
        _overtake(tx, news, point_id)
    row_id = new_id()
    tx.run(
        "INSERT INTO parked (id, event_id, account_id, point_id, contact_id, kind, ref, body_sealed, seq, said_at, parked_at)"
        " VALUES (:id, :event, :account, :point, :contact, :kind, :ref, :body, :seq, :said_at, :since)"
        " ON CONFLICT (event_id, ref) DO NOTHING",
        id=row_id,
        event=news.event_id,
        account=event.account_id,
        point=point_id,
        contact=contact_id,
        kind=news.kind,
        ref=news.ref,
        body=_sealed(tx, news, row_id, contact_id, event.received_at),
        seq=event.seq,
        said_at=news.said_at,
        since=event.received_at,  # a receipt that is heard once more has not another day
    )
    if whole:
        tx.run("UPDATE inbox_event SET reason = :why WHERE id = :id", why=WAITS, id=news.event_id)


def _overtake(tx: Tx, news: News, point_id: str) -> None:
    """Somebody moves every few seconds for hours: of all places only the last one waits."""
    rows = tx.all(
        "DELETE FROM parked WHERE point_id = :point AND ref = :ref AND kind = 'move' AND said_at <= :at AND event_id <> :own"
        " RETURNING event_id, account_id, kind",
        point=point_id,
        ref=news.ref,
        at=news.said_at,
        own=news.event_id,
    )
    _lost(tx, rows, OVERTAKEN)


def wait_for_anybody(tx: Tx, news: News, point_id: str) -> None:
    """The same at an address where nobody has spoken.

    :raises Raced: somebody has, in another process: whose news it is, is known
    """
    spoke = "SELECT 1 FROM contact_point p JOIN conversation c ON c.id = p.conversation_id WHERE p.id = :id"
    if tx.value(spoke, id=point_id):
        raise Raced("somebody spoke")
    park(tx, news, point_id=point_id, contact_id="")


def all_known(tx: Tx, point_id: str, known: Collection[str]) -> None:
    """Where a conversation begins, no other process has parked anything that this turn has not seen: nobody would tell it.
    `known` -- ids of the events that it has.

    :raises Raced: one has
    """
    if tx.postgres:
        rows = tx.all("SELECT event_id FROM parked WHERE point_id = :id AND kind <> 'receipt'", id=point_id)
        if any(row.event_id not in known for row in rows):
            raise Raced("news came")


def forget_words(tx: Tx, point_id: str, ref: str) -> None:
    """It was taken back: what edits of it say is not kept, nor the bytes in which they came."""
    rows = tx.all(
        "UPDATE parked SET body_sealed = NULL WHERE point_id = :point AND ref = :ref AND kind IN ('edit', 'move') RETURNING event_id",
        point=point_id,
        ref=ref,
    )
    tx.run_among("UPDATE inbox_event SET body_sealed = NULL WHERE id IN (:among)", [row.event_id for row in rows])


def told(tx: Tx, event_ids: Sequence[str]) -> None:
    """The message is here, and says what they said."""
    tx.run_among("DELETE FROM parked WHERE event_id IN (:among)", event_ids)
    tx.run_among("UPDATE inbox_event SET reason = '' WHERE id IN (:among) AND reason = :why", event_ids, why=WAITS)


# ---- receipts


def unseen(tx: Tx, point_id: str, refs: Collection[str]) -> list[str]:
    """Those of these ids of the platform by which no call of ours in this lane is known. A message of several calls goes by the
    id of its last."""
    if not refs:
        return []
    rows = tx.among(
        "SELECT external_id FROM outbox WHERE external_id IN (:among) AND message_id IN (SELECT id FROM message"
        " WHERE point_id = :point AND direction = 'outbound' ORDER BY seq DESC LIMIT :parts)",
        sorted(refs),
        point=point_id,
        parts=PARTS,
    )
    return sorted(set(refs) - {row.external_id for row in rows})


def wake(tx: Tx, named: Sequence[tuple[str, str]]) -> None:
    """These messages of ours, (contact point, the platform's id), are known by it from now on: the receipts that came before are
    heard once more."""
    if not named:
        return
    rows = tx.among(
        "SELECT k.event_id, k.point_id, k.ref, k.account_id FROM parked k JOIN inbox_event e ON e.id = k.event_id"
        " WHERE k.point_id IN (:among) AND k.kind = 'receipt' AND e.body_sealed IS NOT NULL",
        sorted({point for point, _ in named}),
    )
    wanted = set(named)
    for event_id, (point_id, account_id) in {
        row.event_id: (row.point_id, row.account_id) for row in rows if (row.point_id, row.ref) in wanted
    }.items():
        tx.run("DELETE FROM parked WHERE event_id = :id", id=event_id)
        again = tx.run(
            "UPDATE inbox_event SET state = 'new', reason = '', done_at = NULL, due_at = :now WHERE id = :id AND state = 'done'",
            now=tx.now_ms,
            id=event_id,
        )
        if again:
            inbox.count(tx, {account_id: {"receipts": -1, "pending": 1}})
            tx.after.append((point_id, NOW, tx.now_ms))


def sweep(tx: Tx) -> int:
    """Receipts whose message is known by now: another process that recorded it does not see a receipt that is parked meanwhile,
    nor do we see its record. How many were named."""
    rows = tx.all(
        "SELECT k.point_id, k.ref FROM (SELECT point_id, ref FROM parked WHERE kind = 'receipt' ORDER BY parked_at DESC"  # noqa: S608
        f" LIMIT :most) AS k WHERE {_SAID}",
        most=SWEPT,
    )
    wake(tx, [(row.point_id, row.ref) for row in rows])
    return len(rows)


_SAID: Final = (
    "EXISTS (SELECT 1 FROM message m WHERE m.external_id = k.ref AND m.point_id = k.point_id AND m.direction = 'outbound'"
    " LIMIT 1 OFFSET 0)"
)
_CALLED: Final = (
    "EXISTS (SELECT 1 FROM outbox o WHERE o.external_id = k.ref AND o.message_id IN (SELECT m.id FROM message m"
    " WHERE m.point_id = k.point_id AND m.direction = 'outbound' ORDER BY m.seq DESC LIMIT :parts))"
)


# ---- what never came


def forget(tx: Tx, *, limit: int = 200) -> int:
    """News whose message did not come in a day. How many."""
    before = tx.now_ms - KEPT_MS
    known = tx.all(
        "SELECT k.point_id, k.ref FROM (SELECT point_id, ref, kind FROM parked WHERE parked_at < :before ORDER BY parked_at"  # noqa: S608
        f" LIMIT :limit) AS k WHERE k.kind = 'receipt' AND ({_SAID} OR {_CALLED})",
        before=before,
        limit=limit,
        parts=PARTS,
    )
    wake(tx, [(row.point_id, row.ref) for row in known])
    rows = tx.all(
        "SELECT id, event_id, account_id, kind FROM parked WHERE parked_at < :before ORDER BY parked_at LIMIT :limit",
        before=before,
        limit=limit,
    )
    tx.run_among("DELETE FROM parked WHERE id IN (:among)", [row.id for row in rows])
    _lost(tx, rows, ORPHAN)
    return len(rows)


def _lost(tx: Tx, rows: Sequence[Any], why: str) -> None:
    """Events that came to nothing: counted among what was ignored."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for event_id, row in {row.event_id: row for row in rows}.items():
        lost = tx.run(
            "UPDATE inbox_event SET state = 'ignored', reason = :why WHERE id = :id AND state = 'done' AND reason = :waits",
            id=event_id,
            why=why,
            waits=WAITS,
        )
        if lost:
            counts[row.account_id].update({"ignored": 1, "receipts" if row.kind == RECEIPT else "messages": -1})
    inbox.count(tx, counts)


def waiting(tx: Tx) -> int:
    """How much news waits for its message."""
    return int(tx.value("SELECT COUNT(*) FROM parked") or 0)
