"""What an advisor said, said otherwise or taken back: in the transcript, where the earlier words stay, and on its way to the
platform as a row of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from storage import outbox, search, unchanged
from storage.ids import new_id
from storage.tx import Tx

STANDS: Final = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`parts` -- platform calls that said it · `files` -- how many it holds."""

    id: str
    direction: str
    author: str
    advisor_id: str | None
    status: str
    external_id: str | None
    said_at: int
    parts: int
    files: int


def find(tx: Tx, conversation_id: str, message_id: str) -> Said | None:
    row = tx.one(
        "SELECT m.id, m.direction, m.author, m.advisor_id, m.status, m.external_id, m.said_at,"
        " (SELECT COUNT(*) FROM outbox o WHERE o.message_id = m.id AND o.step >= 0) AS parts,"
        " (SELECT COUNT(*) FROM attachment f WHERE f.message_id = m.id) AS files"
        " FROM message m WHERE m.id = :id AND m.conversation_id = :conversation",
        id=message_id,
        conversation=conversation_id,
    )
    return None if row is None else Said(**row._mapping)


def retell(tx: Tx, message_id: str, text: str) -> bool:
    """It says `text` from now on; nothing, its files neither, when that is empty. False when it stood so already."""
    row = tx.one(
        "SELECT m.contact_id, m.conversation_id, m.point_id, m.external_id, m.body_sealed, c.account_id, p.thread FROM message m"
        " JOIN conversation c ON c.id = m.conversation_id JOIN contact_point p ON p.id = m.point_id WHERE m.id = :id",
        id=message_id,
    )
    assert row is not None
    body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", message_id, row.body_sealed)
    if body.get("taken_back") or (text and body.get("text", "") == text):  # a file may have come without a word
        return False
    was = str(body.get("text", ""))
    body.setdefault("before", []).append(was)
    body["text"] = text
    if not text:
        body["taken_back"] = True
    tx.run(
        "UPDATE message SET body_sealed = :body, edited_at = :now WHERE id = :id",
        body=tx.keys.seal_json(tx, row.contact_id, "message", "body_sealed", message_id, body),
        now=tx.now_ms,
        id=message_id,
    )
    search.retold(tx, row.conversation_id, was, text)
    if not text:
        tx.run(
            "UPDATE attachment SET state = 'gone', reason = :taken WHERE message_id = :id AND state <> 'gone'",
            id=message_id,
            taken=unchanged.TAKEN_BACK,
        )
    _send(tx, row, message_id, text)
    tx.hint("message", row.conversation_id)
    tx.hint("retold", row.conversation_id)
    return True


def _send(tx: Tx, row: Any, message_id: str, text: str) -> None:
    """One platform call, behind what is on its way already. It never grows too old: until it is done, he sees other words
    than we do."""
    row_id = new_id()
    call = {"thread": row.thread, "edits": row.external_id} | ({"text": text} if text else {})
    seq = tx.value("UPDATE contact_point SET out_seq = out_seq + 1 WHERE id = :id RETURNING out_seq", id=row.point_id)
    tx.insert(
        "outbox",
        id=row_id,
        cause=row_id,
        step=-1,
        account_id=row.account_id,
        point_id=row.point_id,
        contact_id=row.contact_id,
        conversation_id=row.conversation_id,
        message_id=message_id,
        part=0,
        last_part=True,
        out_seq=seq,
        klass="B",
        purpose="legal",  # a stop word takes back what we would say, not what we put right
        state="queued",
        body_sealed=tx.keys.seal_for(tx, row.contact_id, "outbox", "body_sealed", row_id, orjson.dumps(call)),
        not_before=tx.now_ms,
        not_after=None,
        attempts=0,
        boot_id="",
        error="",
        created_at=tx.now_ms,
        version=0,
    )
    outbox.claim(tx, points=[row.point_id])
