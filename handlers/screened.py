"""Was it screened? What other parts of the core ask of a conversation, apart from how it is done (`handlers.screening`)."""

from __future__ import annotations

from handlers.model import State


def passed(state: State) -> bool:
    """Has screening found a need?"""
    found = state.memory.get("screening")
    return found is not None and found.get("outcome") == "need"


def needed(state: State) -> bool:
    """Must people screen it before it goes to advice? Leads of forms and calls: nobody has asked them anything yet."""
    return bool(state.memory.get("origin")) and not passed(state)
