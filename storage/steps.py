"""What was done about a thing, line by line: one shape for cases and for requests. Append-only; the words are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from storage.ids import new_id
from storage.keys import KeyMissing
from storage.tx import Tx

SHOWN: Final = 200
# Of each table, the column that names what its lines are about.
_OF: Final = {"case_step": "case_id", "privacy_step": "request_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line: `act`, the state `before` and `after` it, `by` -- (id, name), `note` -- what was said with it, `at` -- ms."""

    act: str
    before: str
    after: str
    by: tuple[str, str]
    note: Mapping[str, Any] = field(repr=False)
    at: int


def add(
    tx: Tx,
    table: str,
    of: str,
    contact_id: str,
    act: str,
    before: str,
    after: str,
    by: str,
    note: Mapping[str, Any],
    **more: Any,
) -> None:
    """Another line. `more` -- columns of this table alone."""
    step_id = new_id()
    tx.insert(
        table,
        id=step_id,
        **{_OF[table]: of},
        contact_id=contact_id,
        act=act,
        from_state=before,
        to_state=after,
        by_id=by,
        note_sealed=tx.keys.seal_json(tx, contact_id, table, "note_sealed", step_id, dict(note)) if note else None,
        at=tx.now_ms,
        **more,
    )


def listed(tx: Tx, table: str, of: str) -> list[Step]:
    """The newest SHOWN of them, the oldest first."""
    found = tx.all(
        f"SELECT s.*, a.name AS by_name FROM {table} s LEFT JOIN advisor a ON a.id = s.by_id"  # noqa: S608 -- ours
        f" WHERE s.{_OF[table]} = :id ORDER BY s.at DESC, s.id DESC LIMIT :limit",
        id=of,
        limit=SHOWN,
    )
    return [
        Step(
            act=row.act,
            before=row.from_state,
            after=row.to_state,
            by=(row.by_id, row.by_name or ""),
            note=opened(tx, table, "note_sealed", row),
            at=row.at,
        )
        for row in reversed(found)
    ]


def opened(tx: Tx, table: str, column: str, row: Any) -> Mapping[str, Any]:
    """What this column of a person's row holds; nothing of who was erased."""
    try:
        found: Mapping[str, Any] = tx.keys.open_json(tx, row.contact_id, table, column, row.id, getattr(row, column))
    except KeyMissing:
        return {}
    return found
