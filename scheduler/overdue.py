"""Who should have heard from a person by now: one event a handoff, into its conversation."""

from __future__ import annotations

import orjson

from storage import handoffs, inbox
from storage.killpoints import kp
from storage.tx import Tx

NAME = "overdue"


def fire(tx: Tx, *, limit: int = 100) -> int:
    """How many are late since the last look."""
    rows = handoffs.overdue(tx, limit=limit)
    for row in rows:
        inbox.insert_own(
            tx,
            point_id=row.point_id,
            account_id=row.account_id,
            kind="timer",
            source="timer",
            key=f"{NAME}:{row.id}:{tx.now_ms}",
            body_=orjson.dumps({"name": NAME, "data": {"handoff": row.id}, "conversation_id": row.conversation_id}),
            state="new",
        )
    if rows:
        kp("timer.before_commit")
    return len(rows)
