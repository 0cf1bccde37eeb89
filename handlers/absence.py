"""An advisor who leaves a customer without an answer: after half an hour the bot is back, and says so (R-HOF-2).

The clock runs from the first word of the customer that nobody answered, not from the last word of all: an advisor may
wait for his customer as long as it takes (docs/adr/0072). One timer row for many words; it looks again when it fires.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers import schedule, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import CloseHandoff, Note, OpenHandoff, Stage

TIMER: Final = "absence"
PATIENCE: Final = timedelta(minutes=30)
WANTS_NO_ANSWER: Final = frozenset({"thanks", "sticker", "nothing"})


def waits(draft: Draft, heard: Sequence[Heard]) -> None:
    """He spoke to the advisor."""
    if draft.state.memory.get("unanswered") or all(one.intent in WANTS_NO_ANSWER for one in heard):
        return
    draft.remember(unanswered=draft.now.astimezone(UTC).isoformat())
    if TIMER not in draft.state.armed:
        draft.wake(TIMER, draft.now + PATIENCE)


def answered(draft: Draft) -> None:
    draft.remember(unanswered=None)


def due(draft: Draft) -> None:
    since = draft.state.memory.get("unanswered")
    if since is None or draft.state.stage is not Stage.WITH_ADVISOR or not draft.context.bot:
        return
    moment = datetime.fromisoformat(str(since)) + PATIENCE
    if moment > draft.now:
        draft.wake(TIMER, moment)
    else:
        _back(draft)


def _back(draft: Draft) -> None:
    had = draft.state.assignee
    draft.move(Stage.QUEUED)
    draft.set(assignee=None, handoff="", unclear=0)
    draft.remember(unanswered=None, noticed=None)
    draft.add(CloseHandoff(outcome="unanswered"))
    draft.add(OpenHandoff(reason="unanswered", priority=waiting.PRIORITIES["unanswered"]))
    draft.remember(priority=waiting.PRIORITIES["unanswered"])
    draft.add(Note(text=f"{had.name if had else 'Tư vấn viên'} chưa trả lời sau 30 phút: trở lại hàng chờ."))
    draft.say("handoff.idle", *steps.CALL)
    if not schedule.in_hours(draft.now, draft.business):
        waiting.after_hours(draft)
    elif draft.consented:
        draft.set(asked="callback", tries=0)
