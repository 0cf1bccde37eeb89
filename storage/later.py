"""Words that an advisor wrote to be sent later: kept, changed, and taken when their time has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from channels.windows import C1_WITHDRAWN, STOPPED
from storage import audit, contacts, may_say
from storage.ids import new_id
from storage.keys import KeyMissing
from storage.tx import Row, Tx

MOST: Final = 20  # that wait in one conversation
FORGOTTEN_MS: Final = 30 * 86_400_000
ENDED: Final = {STOPPED: "stopped", C1_WITHDRAWN: "withdrawn"}  # reasons of what he has said since it was written
_SELECT: Final = """
SELECT l.id, l.conversation_id, l.contact_id, l.advisor_id, a.name, l.body_sealed, l.state, l.reason, l.due_at, l.created_at
FROM later_message l LEFT JOIN advisor a ON a.id = l.advisor_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """`body` -- text, file_ids, quote; empty once the person was erased. `state` -- waiting, sent, expired, cancelled;
    `reason` -- why it expired. `due_at` UTC ms. `known` -- what he had ended when it was written (`may_say.ended`)."""

    id: str
    conversation_id: str
    contact_id: str
    advisor: tuple[str, str]
    state: str
    reason: str
    due_at: int
    created_at: int
    body: Mapping[str, Any] = field(repr=False)
    known: frozenset[str] = frozenset()


def add(
    tx: Tx, *, conversation_id: str, contact_id: str, advisor_id: str, body: Mapping[str, Any], due_at: int
) -> str | None:
    """Its id; None when too many wait here already."""
    waiting = tx.value(
        "SELECT COUNT(*) FROM later_message WHERE conversation_id = :id AND state = 'waiting'", id=conversation_id
    )
    if waiting >= MOST:
        return None
    made = new_id()
    tx.insert(
        "later_message",
        id=made,
        conversation_id=conversation_id,
        contact_id=contact_id,
        advisor_id=advisor_id,
        body_sealed=tx.keys.seal_json(
            tx, contact_id, "later_message", "body_sealed", made, _written(tx, contact_id, body)
        ),
        state="waiting",
        reason="",
        due_at=due_at,
        created_at=tx.now_ms,
        ended_at=None,
    )
    tx.hint("later", conversation_id)
    return made


def change(tx: Tx, one: Later, *, body: Mapping[str, Any], due_at: int) -> bool:
    """Other words, another moment; what has expired waits again. False when it is no longer there to be changed."""
    written = _written(tx, one.contact_id, body)
    sealed = tx.keys.seal_json(tx, one.contact_id, "later_message", "body_sealed", one.id, written)
    done = tx.run(
        "UPDATE later_message SET body_sealed = :body, due_at = :due, state = 'waiting', reason = '', ended_at = NULL"
        " WHERE id = :id AND state IN ('waiting', 'expired')",
        id=one.id,
        body=sealed,
        due=due_at,
    )
    tx.hint("later", one.conversation_id)
    return done > 0


def end(tx: Tx, one: Later, state: str, reason: str = "") -> bool:
    """`sent`, `expired` or `cancelled`. False when somebody was faster."""
    done = tx.run(
        "UPDATE later_message SET state = :state, reason = :reason, ended_at = :now WHERE id = :id AND state = :was",
        id=one.id,
        state=state,
        reason=reason,
        now=tx.now_ms,
        was=one.state,
    )
    tx.hint("later", one.conversation_id)
    return done > 0


def stop(tx: Tx, contact_id: str, reason: str) -> None:
    """He wants nothing more: what waits for him anywhere expires now, in sight. reason -- stopped or withdrawn."""
    person = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    rows = tx.among(
        "UPDATE later_message SET state = 'expired', reason = :reason, ended_at = :now"
        " WHERE contact_id IN (:among) AND state = 'waiting' RETURNING id, conversation_id",
        person,
        reason=reason,
        now=tx.now_ms,
    )
    for row in rows:
        told(tx, row.id, reason)
        tx.hint("later", row.conversation_id)


def told(tx: Tx, later_id: str, reason: str) -> None:
    """In the audit trail: it expired."""
    audit.write(
        tx, actor="system", action="later.expire", object_type="later_message", object_id=later_id, fields=(reason,)
    )


def unwanted(tx: Tx, one: Later) -> str:
    """Why he does not want it, by what he has said since it was written: stopped, withdrawn or ''. It was cancelled when he
    said so; but he may have said so as somebody whom we know only now to be him."""
    since = may_say.ended(tx, one.contact_id) - one.known
    return next((reason for wish, reason in ENDED.items() if wish in since), "")


def one(tx: Tx, later_id: str) -> Later | None:
    row = tx.one(f"{_SELECT} WHERE l.id = :id", id=later_id)
    return None if row is None else _later(tx, row)


def listed(tx: Tx, conversation_id: str) -> list[Later]:
    """What waits in a conversation and what could not go, by its moment."""
    rows = tx.all(
        f"{_SELECT} WHERE l.conversation_id = :id AND l.state IN ('waiting', 'expired') ORDER BY l.due_at, l.id LIMIT 100",
        id=conversation_id,
    )
    return [_later(tx, row) for row in rows]


def take(tx: Tx, later_id: str) -> Later | None:
    """It, as it stands now, if it is to go now: nobody changes or cancels it until this transaction ends. None when it is
    not, or another process has it."""
    lock = "FOR UPDATE OF l SKIP LOCKED" if tx.postgres else ""
    row = tx.one(
        f"{_SELECT} WHERE l.id = :id AND l.state = 'waiting' AND l.due_at <= :now {lock}", id=later_id, now=tx.now_ms
    )
    return None if row is None else _later(tx, row)


def due(tx: Tx, *, limit: int = 20) -> list[Later]:
    """Those whose time has come; each is to be taken before it goes."""
    rows = tx.all(
        f"{_SELECT} WHERE l.state = 'waiting' AND l.due_at <= :now ORDER BY l.due_at, l.id LIMIT :limit",
        now=tx.now_ms,
        limit=limit,
    )
    return [_later(tx, row) for row in rows]


def of_advisor(tx: Tx, advisor_id: str) -> list[Later]:
    """What this advisor has waiting anywhere, and what could not go, by its moment."""
    rows = tx.all(
        f"{_SELECT} WHERE l.advisor_id = :id AND l.state IN ('waiting', 'expired') ORDER BY l.due_at, l.id LIMIT 200",
        id=advisor_id,
    )
    return [_later(tx, row) for row in rows]


def forget(tx: Tx, *, limit: int = 500) -> int:
    """What was sent is in the transcript, what was cancelled is nobody's any more: both go after 30 days."""
    rows = tx.all(
        "SELECT id FROM later_message WHERE state <> 'waiting' AND created_at < :before LIMIT :limit",
        before=tx.now_ms - FORGOTTEN_MS,
        limit=limit,
    )
    tx.run_among("DELETE FROM later_message WHERE id IN (:among)", [row.id for row in rows])
    return len(rows)


def _later(tx: Tx, row: Row) -> Later:
    try:
        body = tx.keys.open_json(tx, row.contact_id, "later_message", "body_sealed", row.id, row.body_sealed)
    except KeyMissing:  # erased
        body = {}
    return Later(
        id=row.id,
        conversation_id=row.conversation_id,
        contact_id=row.contact_id,
        advisor=(row.advisor_id, row.name or ""),
        state=row.state,
        reason=row.reason,
        due_at=row.due_at,
        created_at=row.created_at,
        body={key: value for key, value in body.items() if key != "known"},
        known=frozenset(body.get("known", ())),
    )


def _written(tx: Tx, contact_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "known": sorted(may_say.ended(tx, contact_id))}
