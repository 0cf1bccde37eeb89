"""A request that is said in a chat: one row however often, in however many chats and processes at once, he says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from storage import contacts
from storage.privacy import STEP, add, noted, write_step
from storage.steps import opened
from storage.tx import Tx

CODES: Final = 20  # of one request: who says it again is told one each time


def heard(
    tx: Tx,
    *,
    contact_id: str,
    conversation_id: str,
    message_id: str | None,
    kind: str,
    code: str,
    words: str,
    received_at: int,
    ack_due_at: int,
    due_at: int,
    told: bool,
) -> str:
    """He said it in a chat; its id. Said again while it is open, it is the same request under one more code: the first
    clock counts, whichever of his merged lives he says it in. `told` -- he was answered at once that it has come in."""
    open_ = min(
        tx.among(
            "SELECT id, code, state, due_at FROM privacy_request WHERE contact_id IN (:among) AND kind = :kind"
            " AND closed_at IS NULL ORDER BY due_at, id LIMIT 1",
            _one_at_a_time(tx, contact_id),
            kind=kind,
        ),
        key=lambda row: (row.due_at, row.id),
        default=None,
    )
    if open_ is not None:
        tx.run(
            "UPDATE privacy_request SET code = :code, changed_at = :now,"
            " acknowledged_at = CASE WHEN acknowledged_at IS NULL AND :told THEN :now ELSE acknowledged_at END WHERE id = :id",
            code=_with(open_.code, code),
            told=told,
            now=tx.now_ms,
            id=open_.id,
        )
        _again(tx, open_.id, contact_id, open_.state, {"code": code, "words": words})
        return str(open_.id)
    return add(
        tx,
        contact_id=contact_id,
        conversation_id=conversation_id,
        message_id=message_id,
        kind=kind,
        code=code,
        source="chat",
        way="chat",
        words=words,
        received_at=received_at,
        ack_due_at=ack_due_at,
        due_at=due_at,
        acknowledged_at=tx.now_ms if told else None,
        by="customer",
    )


def _one_at_a_time(tx: Tx, contact_id: str) -> list[str]:
    """The ids of this person. Who asks second, in another process or a chat that was merged, waits for the first: he would
    not see the row that is being made."""
    while True:
        head = contacts.resolve(tx, contact_id) or contact_id
        if not tx.postgres:
            break
        tx.one("SELECT id FROM contact WHERE id = :id FOR UPDATE", id=head)
        if head == (contacts.resolve(tx, contact_id) or contact_id):  # not merged while we waited
            break
    return contacts.family(tx, head)


def _with(codes: str, code: str) -> str:
    """The first one says when it began; of the others the last ones are kept."""
    known = codes.split()
    return codes if code in known else " ".join([known[0], *[*known[1:], code][1 - CODES :]])


def _again(tx: Tx, request_id: str, contact_id: str, state: str, note: Mapping[str, Any]) -> None:
    """Said again and again is one line of evidence: the last time, and how many there were."""
    last = tx.one(
        "SELECT * FROM privacy_step WHERE request_id = :id AND contact_id = :contact AND act = 'again' AND NOT emptied"
        " ORDER BY at DESC, id DESC LIMIT 1",
        id=request_id,
        contact=contact_id,
    )
    if last is None:
        write_step(tx, request_id, contact_id, "again", state, state, "customer", note)
        return
    told = {**note, "times": int(opened(tx, STEP, "note_sealed", last).get("times", 1)) + 1}
    tx.run(
        "UPDATE privacy_step SET note_sealed = :note, at = :now, from_state = :state, to_state = :state WHERE id = :id",
        note=tx.keys.seal_json(tx, contact_id, STEP, "note_sealed", last.id, told),
        now=tx.now_ms,
        state=state,
        id=last.id,
    )
    noted(tx, request_id, "again", "customer", told)
