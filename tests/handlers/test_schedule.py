"""Working hours, holidays, quiet hours: one table each. Times in the tables are Hanoi's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import schedule
from handlers.model import Business

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = (("08:00", "12:00"), ("13:00", "17:30"))
OFFICE = Business(
    hours={**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY), "sat": (("08:00", "12:00"),)},
    holidays=("2026-11-24",),
)
ALWAYS = Business()
NEVER = Business(hours={})


def hanoi(text: str) -> datetime:
    """`2026-11-23 09:00` there, as the moment that it is. 23 November 2026 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=HANOI).astimezone(UTC)


@pytest.mark.parametrize(
    "now, at_work",
    [
        ("2026-11-23 07:59:59", False),
        ("2026-11-23 08:00", True),
        ("2026-11-23 11:59:59", True),
        ("2026-11-23 12:00", False),  # lunch
        ("2026-11-23 13:00", True),
        ("2026-11-23 17:29:59", True),
        ("2026-11-23 17:30", False),
        ("2026-11-24 09:00", False),  # a holiday
        ("2026-11-28 09:00", True),  # Saturday morning
        ("2026-11-28 14:00", False),
        ("2026-11-29 09:00", False),  # Sunday
    ],
)
def test_in_hours(now: str, at_work: bool) -> None:
    assert schedule.in_hours(hanoi(now), OFFICE) is at_work
    assert schedule.in_hours(hanoi(now), ALWAYS)


@pytest.mark.parametrize(
    "now, opens",
    [
        ("2026-11-23 06:00", "2026-11-23 08:00"),
        ("2026-11-23 10:10", "2026-11-23 10:10"),
        ("2026-11-23 12:30", "2026-11-23 13:00"),
        ("2026-11-23 18:00", "2026-11-25 08:00"),  # over the holiday
        ("2026-11-28 12:00", "2026-11-30 08:00"),  # over the week-end
    ],
)
def test_next_opening(now: str, opens: str) -> None:
    assert schedule.next_opening(hanoi(now), OFFICE) == hanoi(opens)


@pytest.mark.parametrize(
    "now, minutes, done",
    [
        ("2026-11-23 09:00", 15, "2026-11-23 09:15"),
        ("2026-11-23 11:50", 15, "2026-11-23 13:05"),  # lunch does not count
        ("2026-11-23 17:25", 15, "2026-11-25 08:10"),  # nor do the night and the holiday
        ("2026-11-29 10:00", 60, "2026-11-30 09:00"),
        ("2026-11-23 08:00", 240, "2026-11-23 12:00"),  # to the last minute of a span
        ("2026-11-23 08:00", 0, "2026-11-23 08:00"),
    ],
)
def test_working_minutes(now: str, minutes: int, done: str) -> None:
    assert schedule.add_minutes(hanoi(now), minutes, OFFICE) == hanoi(done)


def test_round_the_clock_minutes_are_minutes() -> None:
    now = hanoi("2026-11-23 23:50")
    assert schedule.add_minutes(now, 1500, ALWAYS) == now + timedelta(minutes=1500)


@pytest.mark.parametrize(
    "now, may",
    [
        ("2026-11-23 07:59", "2026-11-23 08:00"),
        ("2026-11-23 08:00", "2026-11-23 08:00"),
        ("2026-11-23 20:59", "2026-11-23 20:59"),
        ("2026-11-23 21:00", "2026-11-24 08:00"),
        ("2026-11-23 23:59", "2026-11-24 08:00"),
        ("2026-12-31 22:00", "2027-01-01 08:00"),
    ],
)
def test_quiet_hours(now: str, may: str) -> None:
    assert schedule.next_service_time(hanoi(now), OFFICE) == hanoi(may)
    assert schedule.may_write(hanoi(now), OFFICE) is (now == may)


@pytest.mark.parametrize("now", ["2026-11-23 00:30", "2026-11-23 20:25", "2026-11-23 23:59"])
def test_the_evening_ends_the_day_of_what_is_scheduled(now: str) -> None:
    assert schedule.service_end(hanoi(now), OFFICE) == hanoi("2026-11-23 21:00")


def test_an_agency_that_never_opens_is_survived() -> None:
    now = hanoi("2026-11-23 09:00")
    assert not schedule.in_hours(now, NEVER)
    assert schedule.next_opening(now, NEVER) == now
    assert schedule.add_minutes(now, 15, NEVER) == now + timedelta(minutes=15)
    assert schedule.next_working_day(date(2026, 11, 23), NEVER) == date(2026, 11, 23)


def test_midnight_may_be_written_as_24() -> None:
    late = Business(hours={"mon": (("20:00", "24:00"),)})
    assert schedule.in_hours(hanoi("2026-11-23 23:59"), late)
    assert not schedule.in_hours(hanoi("2026-11-24 00:00"), late)


moments = st.integers(0, 1_000_000).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@given(now=moments, minutes=st.integers(0, 3000))
def test_working_time_never_runs_backwards(now: datetime, minutes: int) -> None:
    done = schedule.add_minutes(now, minutes, OFFICE)
    assert done >= now + timedelta(minutes=minutes)
    assert schedule.add_minutes(now, minutes + 1, OFFICE) > done
    if minutes:
        assert schedule.in_hours(done - timedelta(seconds=1), OFFICE)


@given(now=moments)
def test_an_opening_is_open(now: datetime) -> None:
    opens = schedule.next_opening(now, OFFICE)
    assert opens >= now
    assert schedule.in_hours(opens, OFFICE)
    assert schedule.may_write(schedule.next_service_time(now, OFFICE), OFFICE)
