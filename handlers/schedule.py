"""Working hours, holidays and quiet hours: arithmetic on moments, in the agency's own time zone.

Every moment in and out is an aware datetime; what comes out is in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from handlers.model import Business

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SERVICE_FROM: Final = time(8)  # messages that are neither urgent nor an answer: 08:00-21:00, our own rule
SERVICE_TO: Final = time(21)
NAMED: Final = {"01-01": "new_year", "04-30": "reunification", "05-01": "labour_day", "09-02": "national_day"}
HORIZON: Final = 366  # days to look ahead before we give up: hours that never open are a mistake of configuration


@lru_cache(maxsize=8)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(moment: datetime, business: Business) -> datetime:
    return moment.astimezone(zone(business.timezone))


def at(day: date, clock: time, business: Business) -> datetime:
    """That day and clock time where the agency is, in UTC."""
    return datetime.combine(day, clock, zone(business.timezone)).astimezone(UTC)


@lru_cache(maxsize=64)
def spans(day: date, business: Business) -> tuple[tuple[datetime, datetime], ...]:
    """When people work on `day`, in UTC and in order; () on a day off."""
    if business.hours is None:
        return ((at(day, time(0), business), at(day + timedelta(days=1), time(0), business)),)
    if day.isoformat() in business.holidays:
        return ()
    return tuple(
        (at(day, _clock(begins), business), at(day, _clock(ends), business))
        for begins, ends in sorted(business.hours.get(DAYS[day.weekday()], ()))
    )


def in_hours(now: datetime, business: Business) -> bool:
    """Are people at work? The last minute of a span still counts, its end does not."""
    if business.hours is None:
        return True
    return any(begins <= now < ends for begins, ends in spans(local(now, business).date(), business))


def holiday(now: datetime, business: Business) -> str:
    """The name of today's holiday as the texts know it (`slot.…`), '' on other days."""
    today = local(now, business).date().isoformat()
    return NAMED.get(today[5:], "holiday") if today in business.holidays else ""


def next_opening(now: datetime, business: Business) -> datetime:
    """When people are next at work; `now` while they are."""
    for begins, ends in _coming(now, business):
        if now < ends:
            return max(now, begins).astimezone(UTC)
    return now.astimezone(UTC)


def add_minutes(now: datetime, minutes: float, business: Business) -> datetime:
    """`minutes` of working time later: breaks, nights and days off do not count."""
    left = timedelta(minutes=minutes)
    for begins, ends in _coming(now, business):
        start = max(now, begins)
        if start >= ends:
            continue
        if start + left <= ends:
            return (start + left).astimezone(UTC)
        left -= ends - start
    return (now + left).astimezone(UTC)


def next_working_day(day: date, business: Business) -> date:
    """`day` itself when people work on it, else the next on which they do."""
    for ahead in range(HORIZON):
        if spans(day + timedelta(days=ahead), business):
            return day + timedelta(days=ahead)
    return day


def next_service_time(now: datetime, business: Business) -> datetime:
    """When a message that is neither urgent nor an answer may go: `now` between 08:00 and 21:00, else next 08:00."""
    here = local(now, business)
    if here.time() < SERVICE_FROM:
        return at(here.date(), SERVICE_FROM, business)
    if here.time() >= SERVICE_TO:
        return at(here.date() + timedelta(days=1), SERVICE_FROM, business)
    return now.astimezone(UTC)


def service_end(now: datetime, business: Business) -> datetime:
    """When today's hours for such messages end, gone by or not."""
    return at(local(now, business).date(), SERVICE_TO, business)


def may_write(now: datetime, business: Business) -> bool:
    """Is it a decent hour to write unasked?"""
    return next_service_time(now, business) == now


def _coming(now: datetime, business: Business) -> Iterator[tuple[datetime, datetime]]:
    today = local(now, business).date()
    for ahead in range(HORIZON):
        yield from spans(today + timedelta(days=ahead), business)


def _clock(text: str) -> time:
    hour, minute = text.split(":")
    return time.max if (hour, minute) == ("24", "00") else time(int(hour), int(minute))
