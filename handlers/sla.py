"""By when a person is to be in touch, on the clock of working hours (R-INT-3). Pure arithmetic; the scheduler tells
when the moment has passed."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from handlers import schedule
from handlers.draft import Draft
from handlers.model import WAITING, Business, Note, OpenHandoff

NEXT_DAY: Final = time(9)  # by this hour of the next working day, when it comes while nobody is
OVERDUE: Final = "overdue"  # the scheduler's timer: scheduler/overdue.py
LATE: Final = 10  # what being late adds to a priority: before those who asked for a person, behind claims
MOST: Final = 29  # the highest that lateness alone leads to: danger stays on top


def due(now: datetime, business: Business, appointment: datetime | None = None, *, team: str = "") -> datetime:
    """By when a person of the team is to have been in touch. A quarter of an hour of working time (or what the house has
    set), the midday break not counted; in the evening, at night and on days off 09:00 of the next working day. appointment
    -- the end of the time at which he is to be called: then that, when it is later."""
    at = _first(now, business, business.rules.first_of(team))
    return max(at, appointment) if appointment is not None else at


def _first(now: datetime, business: Business, minutes: int) -> datetime:
    today = schedule.local(now, business).date()
    spans = schedule.spans(today, business)
    if spans and spans[0][0] <= now < spans[-1][1]:
        return schedule.add_minutes(now, minutes, business)
    opens = schedule.next_opening(now, business)
    nine = schedule.at(schedule.local(opens, business).date(), NEXT_DAY, business)
    return max(nine, schedule.add_minutes(opens, minutes, business))


def answer_due(since: datetime, business: Business, team: str) -> datetime | None:
    """By when a customer who wrote then is to have his advisor's next answer; None where that is not measured."""
    minutes = business.rules.next_of(team)
    return schedule.add_minutes(since, minutes, business) if minutes else None


def escalate_at(now: datetime, business: Business) -> datetime | None:
    """When the supervisor is told of one who still waits; None = never."""
    minutes = business.rules.escalate_minutes
    return schedule.add_minutes(now, minutes, business) if minutes else None


def raised(priority: int) -> int:
    """What lateness makes of a priority."""
    return priority if priority > MOST - LATE else priority + LATE


def overdue(draft: Draft) -> None:
    """The moment has passed and nobody has him: he moves up in the queue, once, and people see why."""
    if draft.state.stage not in WAITING or not draft.state.handoff or draft.state.memory.get("late"):
        return
    higher = raised(int(draft.state.memory.get("priority", 0)))
    draft.remember(late=True, priority=higher)
    draft.add(
        OpenHandoff(reason="", priority=higher), Note(text="Quá hạn liên hệ lần đầu: được ưu tiên trong hàng chờ.")
    )
