"""The audit trail as people look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage.ids import floor
from storage.tx import Tx

WINDOW: Final = 500  # rows that one statement may look at
NEAR_MS: Final = 86_400_000  # an id is made a moment before its row is written; clocks are set
LAST: Final = "w"  # after every id, however the database sorts
_COLUMNS: Final = "id, at, actor, action, object_type, object_id, fields, result, source, chain_seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries; '' and None = any. `action` -- or its beginning, up to a dot."""

    actor: str = ""
    action: str = ""
    object_id: str = ""
    object_type: str = ""
    since: int | None = None
    until: int | None = None

    def has(self, row: Any) -> bool:
        return (
            self.actor in ("", row.actor)
            and (row.action == self.action or not self.action or f"{row.action}.".startswith(f"{self.action}."))
            and self.object_id in ("", row.object_id)
            and self.object_type in ("", row.object_type)
            and (self.since is None or row.at >= self.since)
            and (self.until is None or row.at < self.until)
        )


def page(tx: Tx, *, wanted: Wanted, after: str | None, limit: int) -> tuple[Sequence[Any], str | None]:
    """Entries, the newest first, and the id to go on from. A page may be short and yet not the last."""
    before = after or (LAST if wanted.until is None else floor(wanted.until + NEAR_MS))
    first = "" if wanted.since is None else floor(max(0, wanted.since - NEAR_MS))
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM audit_entry WHERE id < :before AND id >= :first ORDER BY id DESC LIMIT :window",  # noqa: S608 -- ours
        before=before,
        first=first,
        window=WINDOW,
    )
    hits = [row for row in rows if wanted.has(row)]
    shown = hits[:limit]
    if len(hits) > limit:
        return shown, str(shown[-1].id)
    return shown, str(rows[-1].id) if len(rows) == WINDOW else None


def counted(tx: Tx) -> tuple[int, int]:
    """Links of the chain, and entries that are still to become one."""
    links = tx.value("SELECT MAX(chain_seq) FROM audit_entry") or 0
    return links, tx.value("SELECT COUNT(*) FROM audit_entry WHERE chain_seq IS NULL") or 0
