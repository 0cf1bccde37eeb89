"""A change of what we said that did not reach the platform: the transcript says again what the customer sees."""

from __future__ import annotations

from storage.tx import Tx


def undo(tx: Tx, message_id: str) -> None:
    """Back to what it said before the last change."""
    row = tx.one("SELECT contact_id, conversation_id, body_sealed FROM message WHERE id = :id", id=message_id)
    if row is None:
        return
    body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", message_id, row.body_sealed)
    if not body.get("before"):
        return
    body["text"] = body["before"].pop()
    body.pop("taken_back", None)
    tx.run(
        "UPDATE message SET body_sealed = :body WHERE id = :id",
        body=tx.keys.seal_json(tx, row.contact_id, "message", "body_sealed", message_id, body),
        id=message_id,
    )
    tx.hint("message", row.conversation_id)
    tx.hint("retold", row.conversation_id)
