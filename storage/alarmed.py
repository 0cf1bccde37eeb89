"""Of whom nobody could be told: what the red line at every page of the desk names."""

from __future__ import annotations

from typing import Final

from storage.tx import Row, Tx

SHOWN: Final = 20


def waiting(tx: Tx) -> list[Row]:
    """(conversation_id, kind, channel), the longest alarm first; one row a conversation."""
    rows = tx.all(
        "SELECT n.conversation_id, MIN(n.kind) AS kind, c.channel FROM notice n JOIN conversation c ON c.id = n.conversation_id"
        " LEFT JOIN handoff h ON h.id = n.handoff_id WHERE n.state IN ('open', 'alarmed') AND n.state = 'alarmed'"
        " AND (h.id IS NULL OR h.state = 'waiting') GROUP BY n.conversation_id, c.channel"
        " ORDER BY MIN(n.alarmed_at), n.conversation_id LIMIT :limit",
        limit=SHOWN,
    )
    return list(rows)
