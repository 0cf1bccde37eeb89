"""Who waited so long that the supervisor is told: one event a handoff, into its conversation, once."""

from __future__ import annotations

from typing import Final

from scheduler import overdue
from storage import routing
from storage.tx import Tx

ESCALATE: Final = "escalate"


def escalate(tx: Tx, *, limit: int = 100) -> int:
    """How many since the last look."""
    return overdue.tell(tx, ESCALATE, routing.escalating(tx, limit=limit))
