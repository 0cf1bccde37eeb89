"""The interval that a time to call means, in Viet Nam's zone (data dictionary 2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from handlers.understanding.clock import WEEKDAYS, When, find_when

__all__ = ["Interval", "When", "find_when", "interval"]

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
# as the buttons say: morning 8-12, afternoon 12-17, evening 17-20
PARTS: Final = {
    "morning": (time(8), time(12)),
    "noon": (time(11), time(13)),
    "afternoon": (time(12), time(17)),
    "evening": (time(17), time(20)),
}
WHOLE_DAY: Final = (time(8), time(17, 30))
LENGTH: Final = timedelta(minutes=30)  # of an appointment at a given hour
NOW_LENGTH: Final = timedelta(minutes=15)  # first contact within 15 minutes, R-INT-3


@dataclass(frozen=True, slots=True)
class Interval:
    """When we may call, aware, in Viet Nam's zone."""

    start: datetime
    end: datetime


def interval(when: When, now: datetime) -> Interval | None:
    """The next time that fits, or None when it must be asked again: vague, past, or no such day.

    now -- aware UTC
    """
    here = now.astimezone(ZONE)
    if when.vague:
        return None
    if when.minutes is not None:
        start = here + timedelta(minutes=when.minutes)
        return Interval(start, start + (LENGTH if when.minutes else NOW_LENGTH))
    if when.any_time and not (when.day or when.date):
        return Interval(here, _at(here.date() + timedelta(days=1), WHOLE_DAY[1]))
    on = _on(when, here.date())
    if on is None:
        return None
    said = bool(when.day or when.date)
    for later in (0, 1) if not said else (0, 7) if when.day in WEEKDAYS and not when.next_week else (0,):
        day = on + timedelta(days=later)
        found = _hours(when, day)
        if when.guessed and when.time and found.end <= here and found.start.hour <= 8 and later == 0:
            found = Interval(found.start + timedelta(hours=12), found.end + timedelta(hours=12))
        if found.end > here:
            return Interval(max(found.start, here), found.end) if found.start.date() == here.date() else found
    return None


def _on(when: When, today: date) -> date | None:
    if when.date:
        day, month, year = when.date
        try:
            if year:
                return date(year + 2000 if year < 100 else year, month, day)
            this_year = date(today.year, month, day)
            return this_year if this_year >= today else date(today.year + 1, month, day)
        except ValueError:
            return None
    days = {"": 0, "today": 0, "tomorrow": 1, "day_after_tomorrow": 2}
    if when.day in days:
        return today + timedelta(days=days[when.day])
    monday = today - timedelta(days=today.weekday())
    if when.day == "next_week":
        return monday + timedelta(days=7)
    wanted = WEEKDAYS.index("saturday" if when.day == "weekend" else when.day)
    if when.next_week:
        return monday + timedelta(days=7 + wanted)
    return today + timedelta(days=(wanted - today.weekday()) % 7)


def _hours(when: When, on: date) -> Interval:
    if when.time:
        start = _at(on, _parse(when.time))
        end = _at(on, _parse(when.time_to)) if when.time_to else start + LENGTH
        return Interval(start, end if end > start else start + LENGTH)
    if when.time_after:
        start = _at(on, _parse(when.time_after))
        return Interval(start, max(_at(on, PARTS["evening"][1]), start + LENGTH))
    if when.time_before:
        end = _at(on, _parse(when.time_before))
        return Interval(min(_at(on, WHOLE_DAY[0]), end - LENGTH), end)
    first, last = PARTS.get(when.part, WHOLE_DAY)
    return Interval(_at(on, first), _at(on, last))


def _at(on: date, at: time) -> datetime:
    return datetime.combine(on, at, ZONE)


def _parse(at: str) -> time:
    hour, _, minute = at.partition(":")
    return time(int(hour), int(minute))
