"""What intake writes down of a lead: by when it is due, calls that were tried, what screening found, the lines of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from channels.contract import Kind
from handlers.model import CallBy, CallLine, CallTold, LogAttempt, Screened
from storage.ids import new_id
from storage.keys import pack
from storage.times import ms
from storage.tx import Tx

if TYPE_CHECKING:
    from handlers.drafting import LaneDraft

Act = Callable[[Tx], None]


def add(effect: CallBy | LogAttempt | Screened | CallTold | CallLine, draft: LaneDraft) -> None:
    """Write one of them down."""
    match effect:
        case CallBy():
            draft.rows.later.append(call_by(draft.state.handoff, effect.at))
        case LogAttempt():
            draft.rows.later.append(attempt(effect, draft))
        case Screened():
            draft.rows.later.append(screened(effect, draft))
        case CallTold():
            draft.rows.later.append(call_told(effect, draft))
        case CallLine():
            call_line(effect, draft)


def call_by(handoff_id: str, at: datetime) -> Act:
    def write(tx: Tx) -> None:
        tx.run("UPDATE handoff SET due_at = :due, late_at = NULL WHERE id = :id", due=ms(at), id=handoff_id)

    return write


def attempt(effect: LogAttempt, draft: LaneDraft) -> Act:
    row_id = new_id()
    row = {
        "id": row_id,
        "conversation_id": draft.conversation_id,
        "contact_id": draft.contact_id,
        "number": effect.number,
        "result": effect.result,
        "note_sealed": draft.seal("contact_attempt", "note_sealed", row_id, effect.note.encode())
        if effect.note
        else None,
        "by_id": effect.by.id,
        "next_at": ms(effect.next_at) if effect.next_at else None,
    }
    return lambda tx: tx.insert("contact_attempt", **row, at=tx.now_ms)


def screened(effect: Screened, draft: LaneDraft) -> Act:
    row_id = new_id()
    row = {
        "id": row_id,
        "conversation_id": draft.conversation_id,
        "contact_id": draft.contact_id,
        "outcome": effect.outcome,
        "answers_sealed": draft.seal("screening", "answers_sealed", row_id, pack(dict(effect.answers))),
        "by_id": effect.by.id,
    }
    return lambda tx: tx.insert("screening", **row, at=tx.now_ms)


def call_told(effect: CallTold, draft: LaneDraft) -> Act:
    sealed = draft.seal(
        "message", "body_sealed", effect.message_id, pack({"text": effect.text, "extra": dict(effect.fields)})
    )

    def write(tx: Tx) -> None:
        tx.run("UPDATE message SET body_sealed = :body WHERE id = :id", body=sealed, id=effect.message_id)
        tx.hint("message", draft.conversation_id)

    draft.preview_of(effect.text, Kind.CALL)
    if _reached(effect.fields):
        draft.answered()
    return write


def call_line(effect: CallLine, draft: LaneDraft) -> None:
    inbound = effect.direction == "inbound"
    draft.transcript(
        new_id(),
        effect.direction,
        "customer" if inbound else "advisor",
        Kind.CALL.value,
        {"text": effect.text, "extra": dict(effect.fields)},
        status="received" if inbound else "sent",
        said_at=draft.now_ms,
        advisor_id=effect.by.id,
    )
    draft.preview_of(effect.text, Kind.CALL)
    if _reached(effect.fields):
        draft.answered()


def _reached(call: Mapping[str, str]) -> bool:
    """We called and he took it: only that is a word to him, not that it rang."""
    return call.get("direction") == "outbound" and call.get("state") == "answered"
