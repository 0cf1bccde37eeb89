"""An advisor who leaves a customer without an answer: after half an hour, or the working minutes that the house has set, the
bot is back, and says so (R-HOF-2).

The clock runs from the first word of the customer that nobody answered, not from the last word of all: an advisor may
wait for his customer as long as it takes (docs/adr/0072). One timer row for many words; it looks again when it fires.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers import routed, schedule, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import Business, CloseHandoff, Note, OpenHandoff, Stage

TIMER: Final = "absence"
PATIENCE: Final = timedelta(minutes=30)
MEETS: Final = frozenset({"attempt", "call", "screen"})  # acts
WANTS_NO_ANSWER: Final = frozenset({"thanks", "sticker", "nothing"})


def waits(draft: Draft, heard: Sequence[Heard]) -> None:
    """He spoke to the advisor."""
    if draft.state.memory.get("unanswered") or all(one.intent in WANTS_NO_ANSWER for one in heard):
        return
    _begin(draft)


def given(draft: Draft) -> None:
    """The rules gave it to somebody who did not ask for it: he is to say a first word, or to call."""
    _begin(draft)
    draft.remember(given=True)


def met(draft: Draft) -> None:
    """He called whom he was given, or asked what screening asks: that is a first word, too."""
    if draft.state.memory.get("given"):
        answered(draft)


def _begin(draft: Draft) -> None:
    draft.remember(unanswered=draft.now.astimezone(UTC).isoformat())
    if TIMER not in draft.state.armed:
        draft.wake(TIMER, end(draft.now, draft.business))


def end(since: datetime, business: Business) -> datetime:
    """So long he may leave a word of that moment without an answer."""
    minutes = business.rules.answer_minutes
    return schedule.add_minutes(since, minutes, business) if minutes else since + PATIENCE


def answered(draft: Draft) -> None:
    draft.remember(unanswered=None, passed=None, given=None)


def due(draft: Draft) -> None:
    since = draft.state.memory.get("unanswered")
    rules = draft.business.rules
    ruled = rules.answer_minutes or rules.mode == "assign"  # people see to it, with the bot or without
    if since is None or draft.state.stage is not Stage.WITH_ADVISOR or not (draft.context.bot or ruled):
        return
    moment = end(datetime.fromisoformat(str(since)), draft.business)
    if moment > draft.now:
        draft.wake(TIMER, moment)
    else:
        _back(draft)


def _back(draft: Draft) -> None:
    had = draft.state.assignee
    draft.move(Stage.QUEUED)
    draft.set(assignee=None, handoff="", unclear=0)
    draft.remember(unanswered=None, noticed=None, given=None)
    routed.pass_by(draft, had)
    draft.add(CloseHandoff(outcome="unanswered"))
    draft.add(OpenHandoff(reason="unanswered", priority=waiting.PRIORITIES["unanswered"]))
    draft.remember(priority=waiting.PRIORITIES["unanswered"])
    minutes = draft.business.rules.answer_minutes
    after = f"{minutes} phút làm việc" if minutes else "30 phút"
    draft.add(Note(text=f"{had.name if had else 'Tư vấn viên'} chưa trả lời sau {after}: trở lại hàng chờ."))
    if not draft.context.bot:
        return
    draft.say("handoff.idle", *steps.CALL)
    if not schedule.in_hours(draft.now, draft.business):
        waiting.after_hours(draft)
    elif draft.consented:
        draft.set(asked="callback", tries=0)
