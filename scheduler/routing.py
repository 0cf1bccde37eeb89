"""Who waited so long that the supervisor is told: one event a handoff, into its conversation."""

from __future__ import annotations

from typing import Final

import orjson

from storage import inbox, routing
from storage.killpoints import kp
from storage.tx import Tx

ESCALATE: Final = "escalate"


def escalate(tx: Tx, *, limit: int = 100) -> int:
    """How many since the last look."""
    rows = routing.escalating(tx, limit=limit)
    for row in rows:
        inbox.insert_own(
            tx,
            point_id=row.point_id,
            account_id=row.account_id,
            kind="timer",
            source="timer",
            key=f"{ESCALATE}:{row.id}",
            body_=orjson.dumps({"name": ESCALATE, "data": {"handoff": row.id}, "conversation_id": row.conversation_id}),
            state="new",
        )
    if rows:
        kp("timer.before_commit")
    return len(rows)
