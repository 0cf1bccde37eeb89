"""Canned answers: words that advisors say often, by a shortcut. Nobody's data: they hold variables, not values."""

from __future__ import annotations

from dataclasses import dataclass

from storage import audit
from storage.ids import new_id
from storage.tx import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """`shortcut` -- as it is typed after the stroke, lower case; `text` -- with {variables}."""

    id: str
    shortcut: str
    title: str
    text: str
    updated_at: int


def listed(tx: Tx) -> list[Canned]:
    """All of them, by shortcut."""
    rows = tx.all("SELECT id, shortcut, title, text, updated_at FROM canned_answer ORDER BY shortcut LIMIT 1000")
    return [_canned(row) for row in rows]


def one(tx: Tx, canned_id: str) -> Canned | None:
    row = tx.one("SELECT id, shortcut, title, text, updated_at FROM canned_answer WHERE id = :id", id=canned_id)
    return None if row is None else _canned(row)


def add(tx: Tx, *, shortcut: str, title: str, text: str, by: str) -> str:
    """Its id; '' when somebody has the shortcut already."""
    made = new_id()
    done = tx.run(
        "INSERT INTO canned_answer (id, shortcut, title, text, updated_by, updated_at)"
        " VALUES (:id, :shortcut, :title, :text, :by, :now) ON CONFLICT (shortcut) DO NOTHING",
        id=made,
        shortcut=shortcut,
        title=title,
        text=text,
        by=by,
        now=tx.now_ms,
    )
    if not done:
        return ""
    audit.write(tx, actor=by, action="canned.add", object_type="canned_answer", object_id=made)
    return made


def change(tx: Tx, canned_id: str, *, shortcut: str, title: str, text: str, by: str) -> bool:
    """False when another has the shortcut."""
    done = tx.run(
        "UPDATE canned_answer SET shortcut = :shortcut, title = :title, text = :text, updated_by = :by, updated_at = :now"
        " WHERE id = :id AND NOT EXISTS (SELECT 1 FROM canned_answer o WHERE o.shortcut = :shortcut AND o.id <> :id)",
        shortcut=shortcut,
        title=title,
        text=text,
        by=by,
        now=tx.now_ms,
        id=canned_id,
    )
    if not done:
        return False
    audit.write(tx, actor=by, action="canned.change", object_type="canned_answer", object_id=canned_id)
    return True


def remove(tx: Tx, canned_id: str, *, by: str) -> bool:
    gone = tx.run("DELETE FROM canned_answer WHERE id = :id", id=canned_id)
    if gone:
        audit.write(tx, actor=by, action="canned.remove", object_type="canned_answer", object_id=canned_id)
    return bool(gone)


def _canned(row: Row) -> Canned:
    return Canned(id=row.id, shortcut=row.shortcut, title=row.title, text=row.text, updated_at=row.updated_at)
