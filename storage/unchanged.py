"""A change of what we said that did not reach the platform: the transcript says again what the customer sees."""

from __future__ import annotations

from typing import Final

from storage import search
from storage.tx import Tx

TAKEN_BACK: Final = "taken back"  # why a file of ours is gone from the transcript
OPEN: Final = ("queued", "sending", "retry_wait", "unknown")  # a change of which nobody knows yet what becomes of it


def open_(tx: Tx, message_id: str) -> bool:
    """Whether a change of it is still on its way. Holds the message until the transaction ends."""
    if tx.postgres:
        tx.one("SELECT id FROM message WHERE id = :id FOR UPDATE", id=message_id)
    return bool(
        tx.among(
            "SELECT 1 FROM outbox WHERE message_id = :id AND step < 0 AND state IN (:among) LIMIT 1",
            OPEN,
            id=message_id,
        )
    )


def undo(tx: Tx, message_id: str) -> None:
    """Back to what it said before the last change, which is the one that failed: none begins while one is open."""
    row = tx.one("SELECT contact_id, conversation_id, body_sealed FROM message WHERE id = :id", id=message_id)
    if row is None:
        return
    body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", message_id, row.body_sealed)
    if not body.get("before"):
        return
    was = str(body.get("text", ""))
    body["text"] = body["before"].pop()
    if body.pop("taken_back", None):
        tx.run(
            "UPDATE attachment SET state = 'stored', reason = '' WHERE message_id = :id AND state = 'gone' AND reason = :taken"
            " AND file_id IN (SELECT id FROM file WHERE deleted_at IS NULL)",
            id=message_id,
            taken=TAKEN_BACK,
        )
    tx.run(
        "UPDATE message SET body_sealed = :body WHERE id = :id",
        body=tx.keys.seal_json(tx, row.contact_id, "message", "body_sealed", message_id, body),
        id=message_id,
    )
    search.retold(tx, row.conversation_id, was, body["text"])
    tx.hint("message", row.conversation_id)
    tx.hint("retold", row.conversation_id)
