"""Calls that advisors promised: what is open, by when, whose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from storage.ids import new_id
from storage.keys import KeyMissing
from storage.tx import Tx

_SELECT: Final = (
    "SELECT t.*, a.name AS owner_name FROM task t LEFT JOIN advisor a ON a.id = t.owner_id"  # whose it is, by name
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`note` is plain here: the caller masks. `owner` -- (id, name) · `state` open, done, cancelled."""

    id: str
    conversation_id: str
    owner: tuple[str, str]
    note: str = field(repr=False)
    state: str
    due_at: int
    created_by: str
    created_at: int
    rang_at: int | None
    ended_at: int | None


def add(tx: Tx, *, conversation_id: str, owner_id: str, due_at: int, note: str, by: str) -> str:
    """Its id. Its reminder is the conversation's (`handlers.promises`)."""
    task_id = new_id()
    contact_id = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=conversation_id)
    tx.insert(
        "task",
        id=task_id,
        conversation_id=conversation_id,
        contact_id=contact_id,
        owner_id=owner_id,
        note_sealed=_seal(tx, contact_id, task_id, note),
        state="open",
        due_at=due_at,
        created_by=by,
        created_at=tx.now_ms,
        ended_by="",
    )
    tx.hint("task", task_id)
    return task_id


def change(tx: Tx, task: Task, *, owner_id: str, due_at: int, note: str) -> None:
    contact_id = tx.value("SELECT contact_id FROM task WHERE id = :id", id=task.id)
    tx.run(
        "UPDATE task SET owner_id = :owner, due_at = :due, note_sealed = :note, rang_at = NULL WHERE id = :id",
        owner=owner_id,
        due=due_at,
        note=_seal(tx, contact_id, task.id, note),
        id=task.id,
    )
    tx.hint("task", task.id)


def end(tx: Tx, task_id: str, state: str, *, by: str) -> bool:
    """done or cancelled; False when it had ended."""
    changed = tx.run(
        "UPDATE task SET state = :state, ended_at = :now, ended_by = :by WHERE id = :id AND state = 'open'",
        state=state,
        now=tx.now_ms,
        by=by,
        id=task_id,
    )
    if changed:
        tx.hint("task", task_id)
    return bool(changed)


def rang(tx: Tx, task_id: str) -> None:
    """Its time has come, and whoever listens is told."""
    if tx.run("UPDATE task SET rang_at = :now WHERE id = :id AND state = 'open'", now=tx.now_ms, id=task_id):
        tx.hint("task", task_id)


def one(tx: Tx, task_id: str) -> Task | None:
    row = tx.one(f"{_SELECT} WHERE t.id = :id", id=task_id)
    return None if row is None else _task(tx, row)


def page(
    tx: Tx,
    *,
    state: str,
    owner: str,
    conversation: str,
    due_before: int | None,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Task]:
    """By the time that each is due. '' and None = any. after -- (due_at, id) of the last one seen."""
    at, task_id = after or (-1, "")
    where = ["(t.due_at, t.id) > (:at, :task)"]
    if state == "open":
        where.append("t.state = 'open'")  # word for word as in the index of open ones
    elif state:
        where.append("t.state = :state")
    if owner:
        where.append("t.owner_id = :owner")
    if conversation:
        where.append("t.conversation_id = :conversation")
    if due_before is not None:
        where.append("t.due_at < :before")
    rows = tx.all(
        f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY t.due_at, t.id LIMIT :limit",
        at=at,
        task=task_id,
        limit=limit,
        **({"state": state} if state and state != "open" else {}),
        **({"owner": owner} if owner else {}),
        **({"conversation": conversation} if conversation else {}),
        **({"before": due_before} if due_before is not None else {}),
    )
    return [_task(tx, row) for row in rows]


def _seal(tx: Tx, contact_id: str, task_id: str, note: str) -> bytes | None:
    return tx.keys.seal_for(tx, contact_id, "task", "note_sealed", task_id, note) if note else None


def _task(tx: Tx, row: Any) -> Task:
    return Task(
        id=row.id,
        conversation_id=row.conversation_id,
        owner=(row.owner_id, row.owner_name or ""),
        note=_note(tx, row),
        state=row.state,
        due_at=row.due_at,
        created_by=row.created_by,
        created_at=row.created_at,
        rang_at=row.rang_at,
        ended_at=row.ended_at,
    )


def _note(tx: Tx, row: Any) -> str:
    if row.note_sealed is None:
        return ""
    try:
        return tx.keys.open_for(tx, row.contact_id, "task", "note_sealed", row.id, row.note_sealed).decode()
    except KeyMissing:  # erased: nothing is left to show
        return ""
