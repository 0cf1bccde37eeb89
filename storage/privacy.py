"""Requests of those whose data we hold: what was asked, the law's clock, what was done about it. Steps are append-only, but
who says the same again adds to the one that tells so.

A request is sealed under the key of whom it is about and outlives his erasure without words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage import audit, contacts
from storage import steps as lines
from storage.ids import new_id
from storage.keys import KeyMissing
from storage.tx import Tx

MOMENTS: Final = ("due_at", "acknowledged_at", "verified_at", "extended_at", "decided_at", "closed_at")
KEPT: Final = ("state", "legal", "handler_id", "erasure_id", "processor", *MOMENTS)
SYSTEM: Final = "system"
ERASED: Final = "erased"  # the state of what cannot be answered any more
STEP: Final = "privacy_step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request. `words`, `answer` are plain: the caller masks. `codes` -- as he was told them, the first one first;
    `handler` -- (id, name); `erasure` -- the state of the job that it led to, ''."""

    id: str
    codes: tuple[str, ...]
    contact_id: str
    conversation_id: str | None
    message_id: str | None
    kind: str
    source: str
    way: str
    words: str = field(repr=False)
    state: str
    legal: str
    processor: bool
    handler: tuple[str, str]
    received_at: int
    ack_due_at: int
    due_at: int
    acknowledged_at: int | None
    verified_at: int | None
    extended_at: int | None
    decided_at: int | None
    closed_at: int | None
    answer: str = field(repr=False)
    erasure_id: str
    erasure: str
    erasure_by: str
    emptied: bool
    created_by: str
    version: int


# ---- it is asked


def add(
    tx: Tx,
    *,
    contact_id: str,
    conversation_id: str | None,
    message_id: str | None = None,
    kind: str,
    code: str,
    source: str,
    way: str,
    words: str,
    received_at: int,
    ack_due_at: int,
    due_at: int,
    acknowledged_at: int | None = None,
    processor: bool = False,
    handler: str = "",
    by: str,
) -> str:
    """A new one, `received`; its id."""
    row_id = new_id()
    tx.insert(
        "privacy_request",
        id=row_id,
        code=code or f"DL-{row_id[-6:].upper()}",
        contact_id=contact_id,
        conversation_id=conversation_id,
        message_id=message_id,
        kind=kind,
        source=source,
        way=way,
        words_sealed=tx.keys.seal_for(tx, contact_id, "privacy_request", "words_sealed", row_id, words)
        if words
        else None,
        state="received",
        legal="",
        processor=processor,
        handler_id=handler,
        received_at=received_at,
        ack_due_at=ack_due_at,
        due_at=due_at,
        acknowledged_at=acknowledged_at,
        erasure_id="",
        emptied=False,
        created_by=by,
        changed_at=tx.now_ms,
        version=0,
    )
    write_step(tx, row_id, contact_id, "receive", "", "received", by, {"way": way})
    return row_id


# ---- something is done about it


def change(
    tx: Tx, row: Row, act: str, to: Mapping[str, Any], *, note: Mapping[str, Any], by: str, answer: str = ""
) -> bool:
    """What a step made of it; False when somebody else was faster. `to` -- of KEPT; `answer` -- what he is told by it."""
    known: dict[str, Any] = {
        "state": row.state, "legal": row.legal, "handler_id": row.handler[0], "erasure_id": row.erasure_id,
        "processor": row.processor, **{name: getattr(row, name) for name in MOMENTS}, **to,
    }  # fmt: skip
    sealed = _seal(tx, row, "privacy_request", "answer_sealed", row.id, answer) if answer else None
    changed = tx.run(
        f"UPDATE privacy_request SET {', '.join(f'{name} = :{name}' for name in KEPT)},"  # noqa: S608 -- ours
        " answer_sealed = COALESCE(:answer, answer_sealed), changed_at = :now, version = version + 1"
        " WHERE id = :id AND version = :version",
        **{name: known[name] for name in KEPT},
        answer=sealed,
        now=tx.now_ms,
        id=row.id,
        version=row.version,
    )
    if not changed:
        return False
    told = {**note, **({"answer": answer} if answer else {})}
    write_step(tx, row.id, row.contact_id, act, row.state, str(known["state"]), by, told, emptied=row.emptied)
    return True


def erased(tx: Tx, job_id: str, people: Sequence[str]) -> None:
    """These people are erased: what answers a request to delete ends it, in part where the law keeps something. Whatever
    else they had asked for ends with them: nothing is left to show, to mend or to be told, and nobody to tell."""
    kept = bool(tx.among("SELECT 1 FROM held WHERE contact_id IN (:among) LIMIT 1", list(people)))
    for row in tx.among(
        "SELECT id FROM privacy_request WHERE contact_id IN (:among) AND closed_at IS NULL", list(people)
    ):
        one_ = one(tx, row.id, lock=True)
        assert one_ is not None
        of_it = one_.kind == "delete"
        state = ("partly_done" if kept else "done") if of_it else ERASED
        to = {
            "state": state,
            "closed_at": tx.now_ms,
            "erasure_id": job_id,
            "legal": "legal_duty" if kept and of_it else "",
            "decided_at": one_.decided_at or tx.now_ms,
        }
        change(tx, one_, state, to, note={}, by=SYSTEM)


def approved(tx: Tx, job_id: str, by: str) -> None:
    """The second person has let the erasure be done: that is evidence of the request, too."""
    for row in tx.all(
        "SELECT id, contact_id, state FROM privacy_request WHERE erasure_id = :job AND closed_at IS NULL", job=job_id
    ):
        write_step(tx, row.id, row.contact_id, "approve", row.state, row.state, by, {})


def kept_as_it_was(tx: Tx, job_id: str, by: str) -> None:
    """Nobody is erased after all: who has the request decides anew."""
    for row in tx.all("SELECT id FROM privacy_request WHERE erasure_id = :job AND closed_at IS NULL", job=job_id):
        one_ = one(tx, row.id, lock=True)
        assert one_ is not None
        change(tx, one_, "erase_declined", {"state": "verified", "erasure_id": "", "legal": ""}, note={}, by=by)


def _seal(tx: Tx, row: Row, table: str, column: str, row_id: str, value: str) -> bytes | None:
    """None for somebody who was erased: his key is gone, and with it the place for words."""
    return None if row.emptied else tx.keys.seal_for(tx, row.contact_id, table, column, row_id, value)


def write_step(
    tx: Tx,
    request_id: str,
    contact_id: str,
    act: str,
    before: str,
    after: str,
    by: str,
    note: Mapping[str, Any],
    *,
    emptied: bool = False,
) -> None:
    """A line of evidence, in the audit too. `note` -- sealed; `emptied` -- of somebody who was erased: there is no place for words."""
    said = {name: value for name, value in note.items() if value}
    kept = {} if emptied else said
    lines.add(tx, STEP, request_id, contact_id, act, before, after, by, kept, emptied=emptied)
    noted(tx, request_id, act, by, said)


def noted(tx: Tx, request_id: str, act: str, by: str, said: Mapping[str, Any]) -> None:
    """In the audit: the names of what was said, without it."""
    audit.write(
        tx,
        actor=by,
        action=f"privacy.{act}",
        object_type="privacy_request",
        object_id=request_id,
        fields=tuple(sorted(said)),
    )


# ---- reading


_SELECT: Final = (
    "SELECT r.*, a.name AS handler_name, e.state AS erasure_state, e.asked_by AS erasure_by FROM privacy_request r"
    " LEFT JOIN advisor a ON a.id = r.handler_id LEFT JOIN erasure e ON e.id = r.erasure_id"
)


def one(tx: Tx, request_id: str, *, lock: bool = False) -> Row | None:
    held = " FOR UPDATE OF r" if lock and tx.postgres else ""
    row = tx.one(f"{_SELECT} WHERE r.id = :id{held}", id=request_id)
    return None if row is None else _row(tx, row)


def page(tx: Tx, *, closed: bool, after: tuple[int, str] | None, limit: int) -> list[Row]:
    """Open ones by the day they are due; closed ones, the last first. after -- (that moment, id) of the last one seen."""
    if closed:
        where, order = "r.closed_at IS NOT NULL", "r.closed_at DESC, r.id DESC"
        more = "AND (r.closed_at < :at OR (r.closed_at = :at AND r.id < :last))"
    else:
        where, order = "r.closed_at IS NULL", "r.due_at, r.id"
        more = "AND (r.due_at > :at OR (r.due_at = :at AND r.id > :last))"
    rows = tx.all(
        f"{_SELECT} WHERE {where} {more if after else ''} ORDER BY {order} LIMIT :limit",
        limit=limit,
        **({"at": after[0], "last": after[1]} if after else {}),
    )
    return [_row(tx, row) for row in rows]


def of_person(tx: Tx, contact_id: str, *, limit: int = 50) -> list[Row]:
    """His, and of those who were merged into him; the newest first."""
    family = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    rows = tx.among(f"{_SELECT} WHERE r.contact_id IN (:among) ORDER BY r.id DESC LIMIT {int(limit)}", family)
    return sorted((_row(tx, row) for row in rows), key=lambda one_: one_.id, reverse=True)[:limit]


def steps(tx: Tx, row: Row) -> list[lines.Step]:
    """What was done about it, the oldest first."""
    return lines.listed(tx, STEP, row.id)


def _row(tx: Tx, row: Any) -> Row:
    return Row(
        id=row.id,
        codes=tuple(row.code.split()),
        contact_id=row.contact_id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        kind=row.kind,
        source=row.source,
        way=row.way,
        words=_text(tx, row, "words_sealed"),
        state=row.state,
        legal=row.legal,
        processor=bool(row.processor),
        handler=(row.handler_id, row.handler_name or ""),
        received_at=row.received_at,
        ack_due_at=row.ack_due_at,
        due_at=row.due_at,
        acknowledged_at=row.acknowledged_at,
        verified_at=row.verified_at,
        extended_at=row.extended_at,
        decided_at=row.decided_at,
        closed_at=row.closed_at,
        answer=_text(tx, row, "answer_sealed"),
        erasure_id=row.erasure_id,
        erasure=row.erasure_state or "",
        erasure_by=row.erasure_by or "",
        emptied=bool(row.emptied),
        created_by=row.created_by,
        version=row.version,
    )


def _text(tx: Tx, row: Any, column: str) -> str:
    try:
        return tx.keys.open_for(tx, row.contact_id, "privacy_request", column, row.id, getattr(row, column)).decode()
    except KeyMissing:  # erased: nothing is left to show
        return ""
