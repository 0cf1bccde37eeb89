"""What was put right in a customer's captured data, by whom and when; what stood there before is kept. Append-only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from storage.ids import new_id
from storage.keys import KeyMissing
from storage.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Values are plain here: the caller masks. `source` desk or form · `by` -- (id, name) of the advisor."""

    id: str
    field: str
    source: str
    by: tuple[str, str]
    at: int
    before: Any = dataclasses.field(repr=False)
    after: Any = dataclasses.field(repr=False)


def add(tx: Tx, *, conversation_id: str, name: str, before: Any, after: Any, raw: str, source: str, by: str) -> None:
    """raw -- as it was typed."""
    contact_id = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=conversation_id)
    row_id = new_id()
    told = {"before": before, "after": after, "raw": raw}
    tx.insert(
        "field_change",
        id=row_id,
        conversation_id=conversation_id,
        contact_id=contact_id,
        field=name,
        source=source,
        by_id=by,
        value_sealed=tx.keys.seal_json(tx, contact_id, "field_change", "value_sealed", row_id, told),
        at=tx.now_ms,
    )


def forget(tx: Tx, conversation_id: str) -> None:
    """The values go; that something was entered, by whom and when, stays."""
    tx.run("UPDATE field_change SET value_sealed = NULL WHERE conversation_id = :id", id=conversation_id)


def of_conversation(tx: Tx, conversation_id: str) -> list[Change]:
    """The newest first."""
    rows = tx.all(
        "SELECT f.id, f.contact_id, f.field, f.source, f.by_id, f.value_sealed, f.at, a.name FROM field_change f"
        " LEFT JOIN advisor a ON a.id = f.by_id WHERE f.conversation_id = :id ORDER BY f.at DESC, f.id DESC LIMIT 100",
        id=conversation_id,
    )
    return [_change(tx, row) for row in rows]


def _change(tx: Tx, row: Any) -> Change:
    try:
        told = tx.keys.open_json(tx, row.contact_id, "field_change", "value_sealed", row.id, row.value_sealed)
    except KeyMissing:  # erased: nothing is left to show
        told = {}
    return Change(
        id=row.id,
        field=row.field,
        source=row.source,
        by=(row.by_id, row.name or ""),
        at=row.at,
        before=told.get("before"),
        after=told.get("after"),
    )
