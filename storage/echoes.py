"""A platform told us back what we sent: the row whose answer was lost, or is still awaited, learns that it arrived.

Platforms that do so are asked in this way before anything is sent twice. An echo may come before the answer itself.
"""

from __future__ import annotations

from storage import deliveries, outbox, parked
from storage.tx import Row, Tx

LOST = "answer_lost"


def heard(tx: Tx, point_id: str, *, external_id: str, text: str, row_id: str = "") -> None:
    """Settle the oldest open row of this lane that says so: its words are all there is to know it by, where the
    platform does not tell back the row itself."""
    rows = tx.all(
        "SELECT id, point_id, message_id, contact_id, conversation_id, klass, state, error, last_part, body_sealed FROM outbox"
        " WHERE point_id = :point AND external_id IS NULL AND (state IN ('sending','unknown','unconfirmed')"
        " OR (state = 'retry_wait' AND error = :lost)) ORDER BY out_seq LIMIT 32",
        point=point_id,
        lost=LOST,
    )
    for row in rows:
        if row.id == row_id if row_id else outbox.body_of(tx, row).get("text", "") == text:
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
