"""Tables with names and numbers that somebody wants: asked by one, let go by another, fetched once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import audit
from storage.ids import new_id
from storage.tx import Tx

GOOD_MS: Final = 24 * 3_600_000  # an approval waits so long
KEPT_MS: Final = 30 * 86_400_000  # storage.retention; then the audit alone tells of it


class Refused(Exception):
    """It cannot be done; `code` not_found, wrong_state, forbidden or approval_needed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A row. `by`, `decided_by` -- (id, name)."""

    id: str
    state: str
    purpose: str
    wanted: Mapping[str, Any] = field(repr=False)
    by: tuple[str, str]
    behind: tuple[str, ...]
    at: int
    decided_by: tuple[str, str]
    decided_at: int | None


def ask(tx: Tx, *, purpose: str, wanted: Mapping[str, Any], by: str, behind: Sequence[str]) -> str:
    """Its id. `behind` -- advisors who own the credential that asks."""
    row_id = new_id()
    tx.insert(
        "export_ask",
        id=row_id,
        state="asked",
        purpose=purpose,
        wanted_sealed=tx.keys.seal_own("export_ask", "wanted_sealed", row_id, _plain(wanted)),
        wanted_blind=_blind(tx, purpose, wanted),
        asked_by=by,
        asked_behind=" ".join(sorted(set(behind))),
        asked_at=tx.now_ms,
        decided_by="",
    )
    _note(tx, row_id, "export.ask", by, purpose)
    return row_id


def forget(tx: Tx, *, limit: int = 500) -> int:
    """What was asked for thirty days ago, with whatever name or number was searched for. How many."""
    return tx.run(
        "DELETE FROM export_ask WHERE id IN (SELECT id FROM export_ask WHERE asked_at < :old LIMIT :limit)",
        old=tx.now_ms - KEPT_MS,
        limit=limit,
    )


def decide(tx: Tx, ask_id: str, *, by: str, yes: bool) -> str:
    """Four eyes: who asked does not let it go; he may take it back. Raises Refused."""
    found = one(tx, ask_id)
    if found is None:
        raise Refused("not_found", "nobody asked for this")
    if found.state != "asked":
        raise Refused("wrong_state", f"it is decided: {found.state}")
    if yes and by in (found.by[0], *found.behind):
        raise Refused("forbidden", "somebody else than who asked for it decides")
    if not tx.run(
        "UPDATE export_ask SET state = :state, decided_by = :by, decided_at = :now WHERE id = :id AND state = 'asked'",
        state="approved" if yes else "declined",
        by=by,
        now=tx.now_ms,
        id=ask_id,
    ):
        raise Refused("wrong_state", "it is decided")
    _note(tx, ask_id, "export.approve" if yes else "export.decline", by, found.purpose)
    return ask_id


def use(tx: Tx, ask_id: str, *, purpose: str, wanted: Mapping[str, Any], by: str) -> None:
    """Exactly what was let go, by who asked, once, within a day. Raises Refused."""
    if not tx.run(
        "UPDATE export_ask SET state = 'used', used_at = :now WHERE id = :id AND state = 'approved' AND asked_by = :by"
        " AND wanted_blind = :blind AND decided_at > :old",
        now=tx.now_ms,
        id=ask_id,
        by=by,
        blind=_blind(tx, purpose, wanted),
        old=tx.now_ms - GOOD_MS,
    ):
        raise Refused("approval_needed", "names and numbers leave when a second person has let exactly this go, once")


_SELECT: Final = (
    "SELECT x.*, a.name AS by_name, d.name AS decided_name FROM export_ask x LEFT JOIN advisor a ON a.id = x.asked_by"
    " LEFT JOIN advisor d ON d.id = x.decided_by"
)


def one(tx: Tx, ask_id: str) -> Ask | None:
    row = tx.one(f"{_SELECT} WHERE x.id = :id", id=ask_id)
    return None if row is None else _ask(tx, row)


def recent(tx: Tx, *, limit: int = 50) -> list[Ask]:
    """The newest first."""
    rows = tx.all(f"{_SELECT} ORDER BY x.asked_at DESC, x.id DESC LIMIT :limit", limit=limit)
    return [_ask(tx, row) for row in rows]


def _ask(tx: Tx, row: Any) -> Ask:
    late = row.state == "approved" and tx.now_ms - row.decided_at > GOOD_MS
    return Ask(
        id=row.id,
        state="expired" if late else row.state,
        purpose=row.purpose,
        wanted=orjson.loads(tx.keys.open_own("export_ask", "wanted_sealed", row.id, bytes(row.wanted_sealed))),
        by=(row.asked_by, row.by_name or ""),
        behind=tuple(row.asked_behind.split()),
        at=row.asked_at,
        decided_by=(row.decided_by, row.decided_name or ""),
        decided_at=row.decided_at,
    )


def _plain(wanted: Mapping[str, Any]) -> bytes:
    return orjson.dumps(dict(wanted), option=orjson.OPT_SORT_KEYS)


def _blind(tx: Tx, purpose: str, wanted: Mapping[str, Any]) -> bytes:
    return tx.keys.blind("export", f"{purpose} {_plain(wanted).decode()}")


def _note(tx: Tx, ask_id: str, action: str, by: str, purpose: str) -> None:
    audit.write(
        tx, actor=by, action=action, object_type="export", object_id=ask_id, fields=(f"purpose:{purpose}", "personal")
    )
