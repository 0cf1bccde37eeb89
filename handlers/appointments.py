"""When the customer wants to be called: from "chiều mai 3h" and the buttons to an interval that people can keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from handlers import schedule
from handlers.model import Business

PARTS: Final[Mapping[str, tuple[time, time]]] = {  # as the buttons say
    "morning": (time(8), time(12)),
    "noon": (time(11), time(13)),
    "afternoon": (time(12), time(17)),
    "evening": (time(17), time(20)),
}
DAYTIME: Final = (time(8), time(17))  # a day without an hour
EARLIEST: Final = time(7)  # nobody is called before
LATEST: Final = time(21)
AHEAD: Final = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}
WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LENGTH: Final = timedelta(minutes=30)  # of an appointment that has only a beginning
NOTICE: Final = timedelta(minutes=30)  # what is left of a part of the day must be worth a promise
FIRST_CALL: Final = 15  # working minutes until a lead is called: T-FIRST


def wish(entities: Mapping[str, Any], *, now: datetime, business: Business) -> dict[str, str] | None:
    """The interval that these words ask for, {"from", "to"} in RFC 3339; None when they name no time we can keep."""
    if entities.get("part") == "now":
        return at_once(now, business)
    hours = _hours(entities)
    if hours is None:
        return None
    begins, ends = hours
    day = _day(entities, now=now, business=business)
    if day is None:
        day = schedule.next_working_day(schedule.local(now, business).date(), business)
    start, end = schedule.at(day, begins, business), schedule.at(day, ends, business)
    if end - max(now, start) < min(NOTICE, end - start):
        day = schedule.next_working_day(day + timedelta(days=1), business)
        start, end = schedule.at(day, begins, business), schedule.at(day, ends, business)
    return interval(max(start, _next_five(now)), end)


def at_once(now: datetime, business: Business) -> dict[str, str]:
    """As soon as people are at work."""
    begins = schedule.next_opening(now, business)
    return interval(begins, schedule.add_minutes(begins, FIRST_CALL, business))


def interval(begins: datetime, ends: datetime) -> dict[str, str]:
    return {"from": _rfc3339(begins), "to": _rfc3339(max(begins, ends))}


def _hours(entities: Mapping[str, Any]) -> tuple[time, time] | None:
    begins, ends = _clock(entities.get("time")), _clock(entities.get("time_to"))
    after = _clock(entities.get("time_after"))
    if begins is None and after is not None:
        begins, ends = after, ends or max(PARTS["evening"][1], _later(after))
    if begins is None:
        part = PARTS.get(str(entities.get("part", "")))
        return part or (DAYTIME if entities.get("day") or entities.get("date") else None)
    ends = ends if ends is not None and ends > begins else _later(begins)
    return (begins, ends) if EARLIEST <= begins < LATEST else None


def _later(clock: time) -> time:
    return (datetime.combine(date.min, clock) + LENGTH).time()


def _day(entities: Mapping[str, Any], *, now: datetime, business: Business) -> date | None:
    """The named day, or the next on which people work when they do not on that one; None when no day is named."""
    today = schedule.local(now, business).date()
    name = str(entities.get("day", ""))
    if name in AHEAD:
        found = today + timedelta(days=AHEAD[name])
    elif name in WEEK:
        found = today + timedelta(days=(WEEK.index(name) - today.weekday()) % 7)
    elif name == "weekend":
        found = today + timedelta(days=(5 - today.weekday()) % 7)
    else:
        given = _date(str(entities.get("date", "")), today)
        if given is None or not timedelta(0) <= given - today <= timedelta(days=60):
            return None
        found = given
    return schedule.next_working_day(found, business)


def _date(text: str, today: date) -> date | None:
    """`YYYY-MM-DD`, or `DD-MM` of this year or the next."""
    try:
        if len(text) > 5:
            return date.fromisoformat(text)
        day, month = (int(part) for part in text.split("-"))
        found = date(today.year, month, day)
        return found if found >= today else date(today.year + 1, month, day)
    except ValueError:
        return None


def _clock(text: object) -> time | None:
    try:
        return time.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _next_five(now: datetime) -> datetime:
    """The next full five minutes: an appointment at 14:03:27 looks like a machine's."""
    whole = now.replace(second=0, microsecond=0)
    return whole + timedelta(minutes=-whole.minute % 5) if whole.minute % 5 else whole


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
