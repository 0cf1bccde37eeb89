"""The audit trail as people look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from storage.tx import Tx

WINDOW: Final = 500  # rows that one statement may look at
_COLUMNS: Final = "id, at, actor, action, object_type, object_id, fields, result, chain_seq"


def page(tx: Tx, *, actor: str, object_id: str, after: str | None, limit: int) -> tuple[Sequence[Any], str | None]:
    """Entries, the newest first, and the id to go on from. A page may be short and yet not the last."""
    where = "WHERE id < :after" if after else ""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM audit_entry {where} ORDER BY id DESC LIMIT :window",  # noqa: S608 -- ours
        window=WINDOW,
        **({"after": after} if after else {}),
    )
    hits = [row for row in rows if actor in ("", row.actor) and object_id in ("", row.object_id)]
    shown = hits[:limit]
    if len(hits) > limit:
        return shown, str(shown[-1].id)
    return shown, str(rows[-1].id) if len(rows) == WINDOW else None
