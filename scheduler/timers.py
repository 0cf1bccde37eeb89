"""Due reminders become events: time is one more channel."""

from __future__ import annotations

import orjson

from storage import inbox
from storage.killpoints import kp
from storage.tx import Tx


def fire(tx: Tx, *, limit: int = 200) -> int:
    """Every due timer into the inbox of its lane; its row goes in the same transaction, so it fires once."""
    lock = "FOR UPDATE OF t SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        "SELECT t.id, t.conversation_id, t.point_id, t.name, t.due_at, t.data, p.account_id FROM timer t "  # noqa: S608
        f"JOIN contact_point p ON p.id = t.point_id WHERE t.due_at <= :now ORDER BY t.due_at LIMIT {int(limit)} {lock}",
        now=tx.now_ms,
    )
    for row in rows:
        tx.run("DELETE FROM timer WHERE id = :id", id=row.id)
        inbox.insert_own(
            tx,
            point_id=row.point_id,
            account_id=row.account_id,
            kind="timer",
            source="timer",
            key=f"timer:{row.id}",
            body_=orjson.dumps(
                {"name": row.name, "data": orjson.loads(row.data), "conversation_id": row.conversation_id}
            ),
            state="new",
        )
    if rows:
        kp("timer.before_commit")
    return len(rows)
