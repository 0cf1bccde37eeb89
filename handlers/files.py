"""A file of the customer's that will not come: he learns why, once for all that he sent since his last word.

Where a person has it, the desk shows it at the message and the bot keeps silent, as with everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from channels.contract import Kind
from handlers.draft import Draft
from handlers.model import OPEN, WAITING, FileEnded, Stage

TOLD: Final = "file_told"
LOST: Final = "file.lost"
WORDS: Final[Mapping[str, str]] = {  # reason -> text; all others: it could not be had, whoever is to blame
    "too_large": "file.too_large",
    "pages": "file.too_large",
    "too_many": "file.too_many",
    "type": "file.type",
    "mismatch": "file.type",
    "unsafe": "file.unsafe",
    "locked": "file.locked",
    "unreadable": "file.unreadable",
    "empty": "file.unreadable",
}


def ended(draft: Draft, events: Sequence[FileEnded]) -> None:
    """Say it of the first that matters to him; nobody misses a sticker."""
    state = draft.state
    lost = [event for event in events if event.kind is not Kind.STICKER]
    speaks = state.stage in (OPEN | WAITING) - {Stage.NEW} and draft.context.bot
    muted = state.muted_until is not None and state.muted_until > draft.now
    if not lost or not speaks or muted or state.memory.get(TOLD) or state.memory.get("unreachable"):
        return
    draft.say(WORDS.get(lost[0].reason, LOST))
    draft.remember(**{TOLD: True})
