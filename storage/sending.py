"""The outbox as people look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from storage.tx import Tx

WINDOW: Final = 500  # rows that one statement may look at
_COLUMNS: Final = "id, account_id, conversation_id, message_id, state, purpose, attempts, error, created_at, not_before, not_after, done_at"
_MEANT: Final = {"queued": ("queued", "retry_wait"), "failed": ("failed", "failed_late", "quarantined")}
_UNDONE: Final = frozenset({"queued", "retry_wait", "sending", "unknown", "unconfirmed"})


def ended(tx: Tx, message_id: str) -> Sequence[Any]:
    """The calls of a message that did not get through, or of which nobody knows, in order: id, state, account_id, purpose. Not those
    that were to change it: where one failed, the transcript says again what it had said."""
    return tx.all(
        "SELECT id, state, account_id, purpose FROM outbox WHERE message_id = :id AND error <> 'sent_again' AND step >= 0"
        " AND state IN ('failed', 'failed_late', 'unknown', 'unconfirmed', 'expired', 'quarantined') ORDER BY part, id",
        id=message_id,
    )


def page(
    tx: Tx, *, state: str, channel: str, account: str, after: str | None, limit: int
) -> tuple[Sequence[Any], str | None]:
    """Rows, the newest first, and the id to go on from; `state` '' = all that are not through. A page may be short and
    yet not the last."""
    wanted = frozenset(_MEANT.get(state, (state,))) if state else _UNDONE
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM outbox {'WHERE id < :after' if after else ''} ORDER BY id DESC LIMIT :window",  # noqa: S608
        window=WINDOW,
        **({"after": after} if after else {}),
    )
    hits = [
        row
        for row in rows
        if row.state in wanted
        and channel in ("", row.account_id.partition(":")[0])
        and account in ("", row.account_id, row.account_id.partition(":")[2])
    ]
    shown = hits[:limit]
    if len(hits) > limit:
        return shown, str(shown[-1].id)
    return shown, str(rows[-1].id) if len(rows) == WINDOW else None
