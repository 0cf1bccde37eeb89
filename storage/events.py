"""Events of the inbox as people look at them, and setting a quarantined one free again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from storage import audit, inbox
from storage.keys import KeyMissing
from storage.lanes import NOW
from storage.tx import Tx

WINDOW: Final = 500  # rows that one statement may look at
_COLUMNS: Final = (
    "id, account_id, key, kind, source, state, reason, attempts, received_at, done_at, point_id, conversation_id"
)


def page(
    tx: Tx, *, state: str, channel: str, source: str, after: str | None, limit: int
) -> tuple[Sequence[Any], str | None]:
    """Events, the newest first, and the id to go on from. A page may be short and yet not the last."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM inbox_event {'WHERE id < :after' if after else ''} ORDER BY id DESC LIMIT :window",  # noqa: S608
        window=limit + 1 if not (state or channel or source) else WINDOW,
        **({"after": after} if after else {}),
    )
    hits = [
        row
        for row in rows
        if state in ("", row.state)
        and (not channel or row.account_id.partition(":")[0] == channel)
        and source in ("", row.source)
    ]
    shown = hits[:limit]
    if len(hits) > limit:
        return shown, str(shown[-1].id)
    return shown, str(rows[-1].id) if len(rows) == WINDOW else None


def bad(
    tx: Tx, *, channel: str, source: str, after: tuple[int, str] | None, limit: int
) -> tuple[Sequence[Any], tuple[int, str] | None]:
    """Quarantined events through their own index, the last received first, and (received_at, id) to go on from."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM inbox_event WHERE state = 'quarantined'"  # noqa: S608 -- ours
        f" {'AND (received_at, id) < (:at, :id)' if after else ''}"
        " AND (:channel = '' OR account_id LIKE :prefix) AND (:source = '' OR source = :source)"
        " ORDER BY received_at DESC, id DESC LIMIT :limit",
        channel=channel,
        prefix=f"{channel}:%",
        source=source,
        limit=limit + 1,
        **({"at": after[0], "id": after[1]} if after else {}),
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], (last.received_at, str(last.id)) if last is not None else None


def one(tx: Tx, event_id: str) -> Any | None:
    return tx.one(f"SELECT {_COLUMNS} FROM inbox_event WHERE id = :id", id=event_id)  # noqa: S608


def replay(tx: Tx, event_id: str, *, by: str) -> str:
    """A quarantined event is thought about again, after everything that is open in its lane. '' when done, else why
    not: not_found, wrong_state (not quarantined), unreadable (it belongs to no lane), gone (its bytes are)."""
    row = tx.one(
        "SELECT id, account_id, state, source, point_id, day, body_sealed FROM inbox_event WHERE id = :id", id=event_id
    )
    if row is None:
        return "not_found"
    if row.state != "quarantined":
        return "wrong_state"
    if row.point_id is None:
        return "unreadable"
    try:
        if row.body_sealed is None:
            return "gone"
        inbox.body(tx, row.id, row.day, row.body_sealed)
    except KeyMissing:
        return "gone"
    seq = tx.value("UPDATE contact_point SET seq = seq + 1 WHERE id = :id RETURNING seq", id=row.point_id)
    tx.run(
        "UPDATE inbox_event SET state = 'new', reason = '', attempts = 0, seq = :seq, due_at = :now, done_at = NULL"
        " WHERE id = :id AND state = 'quarantined'",
        seq=seq,
        now=tx.now_ms,
        id=row.id,
    )
    if row.source == "platform":
        inbox.count(tx, {row.account_id: {"quarantined": -1, "pending": 1}})
    audit.write(tx, actor=by, action="event.replay", object_type="inbox_event", object_id=row.id)
    tx.after.append((row.point_id, NOW, tx.now_ms))
    return ""
