"""Where a platform lets one app at a time answer a person: who that is (ADR 85)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from handlers.draft import Draft
from handlers.model import Acted, Audit, Held, Note, State

US: Final = "us"
OTHER: Final = "other"
_KEY: Final = "held_by"


def by(memory: Mapping[str, Any]) -> str:
    """us, other, or asked: it is ours, and another app asks for it. `memory` -- of the conversation's state."""
    return str(memory.get(_KEY, US))


def elsewhere(state: State) -> bool:
    return by(state.memory) != US


def changed(draft: Draft, event: Held) -> None:
    draft.remember(**{_KEY: None if event.by == US else event.by})


def ours(draft: Draft) -> None:
    """A person of ours writes: what he says takes it back (the channel's client does)."""
    if elsewhere(draft.state):
        draft.remember(**{_KEY: None})


def take_back(draft: Draft, event: Acted) -> None:
    """The platform has given it back already: from here on what the customer writes is ours to answer."""
    ours(draft)
    draft.add(
        Note(text="Đã lấy lại quyền trả lời khách trên kênh này.", by=event.by),
        Audit(action="conversation.hold", by=event.by),
    )
