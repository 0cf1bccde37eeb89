"""Messages of the customer that he changed or took back: what stands in the transcript then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from channels.contract import InboundEvent
from handlers.drafting import PREVIEW
from handlers.understanding import secrets
from storage.times import ms
from storage.tx import Tx

Act = Callable[[Tx], None]


def edit(event: InboundEvent, text: str, edited_at: datetime, point_id: str, conversation_id: str) -> Act:
    """The message that was edited now reads `text`; what it said before is kept beside it. Both without secrets."""

    def write(tx: Tx) -> None:
        row = _inbound(tx, point_id, event.ref)
        if row is None:
            return
        body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        if body.get("text") == text:
            return
        was = str(body.get("text", ""))
        body.setdefault("before", []).append(secrets.mask(was)[0])
        body["text"] = text
        _rewrite(tx, row, body, edited_at)
        _preview(tx, conversation_id, was, text)
        tx.hint("message", conversation_id)

    return write


def take_back(event: InboundEvent, at: datetime, point_id: str, conversation_id: str) -> Act:
    """The message that was taken back says nothing any more: its words, what it said before an edit, its files and the
    bytes in which it came are gone. That there was one stays."""

    def write(tx: Tx) -> None:
        row = _inbound(tx, point_id, event.ref)
        if row is None:
            return
        body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        _rewrite(tx, row, {"text": "", "taken_back": True}, at)
        _preview(tx, conversation_id, str(body.get("text", "")), "…")
        tx.run("UPDATE attachment SET state = 'gone', reason = 'taken back' WHERE message_id = :id", id=row.id)
        if row.event_id:
            tx.run("UPDATE inbox_event SET body_sealed = NULL WHERE id = :id", id=row.event_id)
        tx.hint("message", conversation_id)

    return write


def _preview(tx: Tx, conversation_id: str, was: str, text: str) -> None:
    """The line of the lists, where it shows this message."""
    row = tx.one("SELECT contact_id, preview_sealed FROM conversation WHERE id = :id", id=conversation_id)
    if row is None or not was or row.preview_sealed is None:
        return
    place = ("conversation", "preview_sealed", conversation_id)
    if tx.keys.open_for(tx, row.contact_id, *place, row.preview_sealed).decode() != was[:PREVIEW]:
        return
    sealed = tx.keys.seal_for(tx, row.contact_id, *place, text[:PREVIEW])
    tx.run("UPDATE conversation SET preview_sealed = :preview WHERE id = :id", preview=sealed, id=conversation_id)


def _inbound(tx: Tx, point_id: str, ref: str) -> Any:
    return tx.one(
        "SELECT id, contact_id, body_sealed, event_id FROM message WHERE point_id = :point AND external_id = :ref "
        "AND direction = 'inbound' ORDER BY seq DESC LIMIT 1",
        point=point_id,
        ref=ref,
    )


def _rewrite(tx: Tx, row: Any, body: dict[str, Any], at: datetime) -> None:
    sealed = tx.keys.seal_json(tx, row.contact_id, "message", "body_sealed", row.id, body)
    tx.run(
        "UPDATE message SET body_sealed = :body, edited_at = :at WHERE id = :id",
        id=row.id,
        body=sealed,
        at=ms(at),
    )
