"""A platform told us back what we sent: the row whose answer was lost, or is still awaited, learns that it arrived.

Platforms that do so are asked in this way before anything is sent twice. An echo may come before the answer itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from storage import deliveries, outbox, parked
from storage.tx import Row, Tx

LOST: Final = "answer_lost"
RECENT_MS: Final = 10 * 60_000  # so long after a send that told us no id an echo of its words is taken for its own
CALLS: Final = 100  # our last messages in a lane, whose calls are looked through


def ours(tx: Tx, point_id: str, *, external_id: str, text: str, files: bool, unsigned: bool) -> str | None:
    """Whether an echo that does not say so tells back what the transcript holds already: '' when something of that id
    stands there, the outbox row when it is known by its words alone (`unsigned` echoes only), None when a person typed it."""
    if _stands(tx, point_id, external_id):
        return ""
    rows = tx.all(
        "SELECT id, message_id, contact_id, state, error, external_id, done_at, body_sealed FROM outbox WHERE message_id IN"
        " (SELECT id FROM message WHERE point_id = :point AND direction = 'outbound' ORDER BY seq DESC LIMIT :calls)"
        " ORDER BY out_seq",
        point=point_id,
        calls=CALLS,
    )
    if external_id and any(row.external_id == external_id for row in rows):
        return ""  # a message of several calls goes by the id of its last
    nameless = (row for row in rows if unsigned and row.external_id is None and _left(row, tx.now_ms))
    return next((row.id for row in nameless if _says(outbox.body_of(tx, row), text, files=files)), None)


def _stands(tx: Tx, point_id: str, external_id: str) -> bool:
    return bool(external_id) and bool(
        tx.value(
            "SELECT 1 FROM message WHERE external_id = :external AND point_id = :point AND direction = 'outbound' LIMIT 1",
            external=external_id,
            point=point_id,
        )
    )


def _left(row: Row, now_ms: int) -> bool:
    """A call that is under way, whose fate nobody knows, or that ended just now."""
    if row.state == "sent":
        return bool(row.done_at > now_ms - RECENT_MS)
    return row.state in ("sending", "unknown", "unconfirmed") or (row.state == "retry_wait" and row.error == LOST)


def _says(body: Mapping[str, Any], text: str, *, files: bool) -> bool:
    """Whether a call said just this. Platforms may tell addresses under its buttons as lines of their own."""
    mine, told = _plain(body.get("text") or ""), _plain(text)
    if not mine:
        return files and not told and bool(body.get("file"))
    shown = [one for _, label, url, *_ in body.get("buttons") or () for one in (label, url) if one]
    rest = told.removeprefix(mine) if told.startswith(mine) else "else"
    return not rest.strip() or (rest[0] == "\n" and all(line in shown for line in rest.strip().split("\n")))


def _plain(text: str) -> str:
    lines = unicodedata.normalize("NFC", text).replace("\r", "").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def heard(tx: Tx, point_id: str, *, external_id: str, text: str, files: bool = False, row_id: str = "") -> None:
    """Settle the oldest open row of this lane that says so: its words are all there is to know it by, where the
    platform does not tell back the row itself."""
    rows = tx.all(
        "SELECT id, point_id, message_id, contact_id, conversation_id, klass, state, error, last_part, body_sealed FROM outbox"
        " WHERE point_id = :point AND external_id IS NULL AND (state IN ('sending','unknown','unconfirmed')"
        " OR (state = 'retry_wait' AND error = :lost) OR (id = :row AND state = 'sent')) ORDER BY out_seq LIMIT 32",
        point=point_id,
        lost=LOST,
        row=row_id,
    )
    if rows and not row_id and _stands(tx, point_id, external_id):
        return  # it tells again what is known: what says the same and is still open is another
    for row in rows:
        if row.id == row_id if row_id else _says(outbox.body_of(tx, row), text, files=files):
            _arrived(tx, row, external_id)
            return


def _arrived(tx: Tx, row: Row, external_id: str) -> None:
    if row.state == "sending":  # its answer is on the way, or lost: then `outbox.record` finds this
        tx.run("UPDATE outbox SET external_id = :external WHERE id = :id", id=row.id, external=external_id or None)
        return
    tx.run(
        "UPDATE outbox SET state = 'sent', error = '', external_id = :external, done_at = :now, version = version + 1"
        " WHERE id = :id",
        id=row.id,
        external=external_id or None,
        now=tx.now_ms,
    )
    if row.last_part:
        tx.run(
            "UPDATE message SET status = 'sent', error = '', external_id = COALESCE(:external, external_id)"
            " WHERE id = :id AND status IN ('queued','sending','unknown','unconfirmed')",
            id=row.message_id,
            external=external_id or None,
        )
    if row.klass == outbox.DOCUMENT:
        deliveries.fate(tx, row.message_id, "sent", "")
    parked.wake(tx, [(row.point_id, external_id)])
    tx.hint("message", row.conversation_id)
