"""Times to call: what is said, and the interval it means on a Wednesday at ten in the morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding import understand
from handlers.understanding.dates import born, find_days, year_of_birth
from handlers.understanding.fold import clean, flatten
from handlers.understanding.when import ZONE, Interval, find_when, interval

NOW = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)  # Wednesday, 10:00 in Viet Nam


def meant(text: str, now: datetime = NOW) -> Interval | None:
    cleaned = clean(text)
    when = find_when(cleaned, flatten(cleaned), asked=True)
    return interval(when, now) if when else None


INTERVALS = [
    ("chiều mai 3h gọi nhé", "19 15:00", "15:30"),
    ("3h chiều", "18 15:00", "15:30"),
    ("sang 3h chiều", "18 15:00", "15:30"),  # moved to, no morning
    ("8h tối nay", "18 20:00", "20:30"),
    ("toi nay 8h", "18 20:00", "20:30"),
    ("9h sáng mai", "19 09:00", "09:30"),
    ("mai", "19 08:00", "17:30"),
    ("ngày mai", "19 08:00", "17:30"),
    ("sáng mai", "19 08:00", "12:00"),
    ("chiều nay", "18 12:00", "17:00"),
    ("tối nay tầm 7h", "18 19:00", "19:30"),
    ("sáng thứ 7 được ko em", "21 08:00", "12:00"),
    ("thứ bảy", "21 08:00", "17:30"),
    ("t7", "21 08:00", "17:30"),
    ("chủ nhật", "22 08:00", "17:30"),
    ("cuối tuần", "21 08:00", "17:30"),
    ("thứ 2 tuần sau", "23 08:00", "17:30"),
    ("thứ hai", "23 08:00", "17:30"),
    ("9h-10h sáng mốt", "20 09:00", "10:00"),
    ("từ 2h đến 4h chiều", "18 14:00", "16:00"),
    ("sau 5h chiều", "18 17:00", "20:00"),
    ("5rưỡi", "18 17:30", "18:00"),
    ("3 giờ rưỡi chiều mai", "19 15:30", "16:00"),
    ("ba giờ chiều mai", "19 15:00", "15:30"),
    ("3 chiều", "18 15:00", "15:30"),
    ("17:30", "18 17:30", "18:00"),
    ("12h trưa", "18 12:00", "12:30"),
    ("30 phút nữa", "18 10:30", "11:00"),
    ("2 tiếng nữa", "18 12:00", "12:30"),
    ("gọi ngay", "18 10:00", "10:15"),
    ("gọi e lun đi ạ", "18 10:00", "10:15"),
    ("gọi em luôn đi ạ", "18 10:00", "10:15"),
    ("goi luon di", "18 10:00", "10:15"),
    ("goi ngay mai", "19 08:00", "17:30"),
    ("bây giờ", "18 10:00", "10:15"),
    ("ngày 25/11 lúc 9h", "25 09:00", "09:30"),
    ("trước 10h sáng mai", "19 08:00", "10:00"),
    ("tomorrow 3pm", "19 15:00", "15:30"),
    ("sáng", "18 10:00", "12:00"),  # what is left of it
    ("8h", "18 20:00", "20:30"),  # eight o'clock in the morning is over: the next sensible one, read back
    ("9h sáng", "19 09:00", "09:30"),
]


@pytest.mark.parametrize("text, start, end", INTERVALS)
def test_the_next_time_that_fits(text: str, start: str, end: str) -> None:
    found = meant(text)
    assert found
    assert found.start.tzinfo is ZONE
    assert (f"{found.start:%d %H:%M}", f"{found.end:%H:%M}") == (start, end)


@pytest.mark.parametrize(
    "text", ["ngày kia", "31/2 lúc 9h", "sáng nay lúc 8h", "gọi cho tôi", "xe 7 chỗ 2 năm", "gặp chị Mai", "không"]
)
def test_what_must_be_asked_again(text: str) -> None:
    assert meant(text) is None


@given(
    st.text(alphabet="0123456789hgiờ sáng chiều tối mai mốt thứ tuần sau nữa phút /-:.", max_size=40),
    st.integers(0, 10**6),
)
def test_no_interval_is_over_before_it_begins(text: str, minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    found = meant(text, now)
    if found:
        assert found.start < found.end
        assert found.end > now


def test_a_time_is_understood_with_the_clock() -> None:
    found = understand("gọi lại cho anh 3h chiều mai nhé", "ask_time", now=NOW)
    assert found.entities["callback_from"] == "2026-11-19T15:00:00+07:00"
    assert found.entities["callback_to"] == "2026-11-19T15:30:00+07:00"
    assert "callback_from" not in understand("3h chiều mai", "ask_time").entities


BIRTHDAYS = [
    ("12/5/90", "1990-05-12"),
    ("12-05-1990", "1990-05-12"),
    ("12.5.90", "1990-05-12"),
    ("120590", "1990-05-12"),
    ("12051990", "1990-05-12"),
    ("12 tháng 5 năm 1990", "1990-05-12"),
    ("ngày 3 tháng 7 năm 1988", "1988-07-03"),
    ("mồng 3 tháng 7 năm tám tám", "1988-07-03"),
    ("1990-05-12", "1990-05-12"),
    ("1990.5.12", "1990-05-12"),
    ("03/04/2016", "2016-04-03"),
    ("1/1/05", "2005-01-01"),
]


@pytest.mark.parametrize("text, day", BIRTHDAYS)
def test_birthdays_are_day_first(text: str, day: str) -> None:
    assert understand(text, "ask_dob", now=NOW).entities["dob"] == day


@pytest.mark.parametrize(
    "text, why", [("31/2/1990", "no_such_day"), ("12/5/2030", "future"), ("1/1/1890", "too_old"), ("12/5", "no_year")]
)
def test_days_that_nobody_was_born_on(text: str, why: str) -> None:
    (day,) = find_days(text)
    assert born(day, 2026) == ("", why)


@pytest.mark.parametrize(
    "text, year",
    [("sinh nam 1990", 1990), ("sn 90", 1990), ("sinh nam 05", 2005), ("sn 2030", None), ("nam 1990", None)],
)
def test_years_of_birth(text: str, year: int | None) -> None:
    assert year_of_birth(text, 2026, bare=False) == year
