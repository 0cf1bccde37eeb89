"""By when a person is to be in touch, on the clock of working hours (R-INT-3). Pure arithmetic; the scheduler tells
when the moment has passed."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from handlers import schedule
from handlers.draft import Draft
from handlers.model import WAITING, Business, Note, OpenHandoff

FIRST: Final = 15  # working minutes, while people are at work: T-FIRST
NEXT_DAY: Final = time(9)  # by this hour of the next working day, when it comes while nobody is
OVERDUE: Final = "overdue"  # the scheduler's timer: scheduler/overdue.py
LATE: Final = 10  # what being late adds to a priority: before those who asked for a person, behind claims
MOST: Final = 29  # the highest that lateness alone leads to: danger stays on top


def due(now: datetime, business: Business, appointment: datetime | None = None) -> datetime:
    """By when a person is to have been in touch. A quarter of an hour of working time, the midday break not counted; in
    the evening, at night and on days off 09:00 of the next working day. appointment -- the end of the time at which he
    is to be called: then that, when it is later."""
    at = _first(now, business)
    return max(at, appointment) if appointment is not None else at


def _first(now: datetime, business: Business) -> datetime:
    today = schedule.local(now, business).date()
    spans = schedule.spans(today, business)
    if spans and spans[0][0] <= now < spans[-1][1]:
        return schedule.add_minutes(now, FIRST, business)
    opens = schedule.next_opening(now, business)
    nine = schedule.at(schedule.local(opens, business).date(), NEXT_DAY, business)
    return max(nine, schedule.add_minutes(opens, FIRST, business))


def overdue(draft: Draft) -> None:
    """The moment has passed and nobody has him: he moves up in the queue, once, and people see why."""
    if draft.state.stage not in WAITING or not draft.state.handoff or draft.state.memory.get("late"):
        return
    had = int(draft.state.memory.get("priority", 0))
    raised = had if had > MOST - LATE else had + LATE
    draft.remember(late=True, priority=raised)
    draft.add(
        OpenHandoff(reason="", priority=raised), Note(text="Quá hạn liên hệ lần đầu: được ưu tiên trong hàng chờ.")
    )
