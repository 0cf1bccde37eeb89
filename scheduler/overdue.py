"""Who should have heard from a person by now: one event a handoff, into its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from storage import handoffs, inbox
from storage.killpoints import kp
from storage.tx import Tx

NAME = "overdue"


def fire(tx: Tx, *, limit: int = 100) -> int:
    """How many are late since the last look."""
    return tell(tx, NAME, handoffs.overdue(tx, limit=limit), moment=f":{tx.now_ms}")


def tell(tx: Tx, name: str, rows: Sequence[Any], *, moment: str = "") -> int:
    """An event of the clock for each handoff; how many. `moment` -- ends its key, where it may come again."""
    for row in rows:
        inbox.insert_own(
            tx,
            point_id=row.point_id,
            account_id=row.account_id,
            kind="timer",
            source="timer",
            key=f"{name}:{row.id}{moment}",
            body_=orjson.dumps({"name": name, "data": {"handoff": row.id}, "conversation_id": row.conversation_id}),
            state="new",
        )
    if rows:
        kp("timer.before_commit")
    return len(rows)
