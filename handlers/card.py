"""The handoff card: what an advisor sees first, so that nobody is asked twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from handlers import slots
from handlers.model import State


def card(state: State, *, reason: str = "", said: Sequence[str] = (), since: datetime | None = None) -> dict[str, Any]:
    """All that an advisor needs to go on without asking again. `said` -- the customer's words, oldest first."""
    return {
        "reason": reason,
        "priority": int(state.memory.get("priority", 0)),
        "stage": state.stage.value,
        "code": state.code,
        "language": state.lang,
        "salutation": state.salutation,
        "captured": dict(state.slots),
        "missing": list(slots.missing(state)),
        "asked": state.asked,
        "consents": dict(state.consents),
        "ads_off": state.ads_off,
        "reminders_off": state.reminders_off,
        "said": list(said[-3:]),
        "since": since.isoformat() if since else None,
    }
