"""From when to when a trip goes: "từ 10/12 đến 20/12/2026", "ngày 5/1 về ngày 9/1", "10-20/12"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from handlers.understanding.dates import Day, find_days

# one month for both days, spelled out: "10-20/12", "từ ngày 10 đến 20 tháng 12"
ONE_MONTH: Final = re.compile(
    r"(?<![\d/.\-])(?<!thang )(?<!thg )(?P<first>\d{1,2})\s?(?P<joint>-|–|~|den|toi|ve)\s?(?:ngay\s|het\s)?(?P<last>\d{1,2})(?P<month>\s?/\s?\d{1,2}|\s?(?:thang|thg)\s?\d{1,2})(?![\d])"
    r"(?P<year>\s?(?:/|-|nam)\s?20\d\d)?"
)
CLOSE: Final = re.compile(r"(?<=/\d\d)\s?[-–]\s?(?=\d{1,2}/)|(?<=/\d)\s?[-–]\s?(?=\d{1,2}/)")  # "5/12-10/12"
JOINT: Final = re.compile(
    r"\s*(?:,?\s?(?:den|toi|ve|-|–|~|>|to|until|till|qua|roi ve|va ve)(?:\s(?:lai|het|nuoc|vn|ngay|hom|vao))*\s?)\s*"
)
LEAVES: Final = re.compile(
    r"\b(?:tu|ngay|hom|khoi hanh|bay|di|xuat phat|len duong|from|on|leaving|bat dau)\W{0,2}(?:(?:luc|vao|ngay|hom|di)\W{0,2})*\Z"
)
OTHER: Final = re.compile(
    r"\b(?:goi|lien he|hen|sinh|born|cap|het han|hen gap)\b[^,.;]{0,16}\Z"
)  # to be called, a birth, a paper
LONGEST: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Trip:
    """Days as written; a year of 0 was not told. `last` is None when only the departure was."""

    first: Day
    last: Day | None = None

    def on(self, today: date) -> tuple[date, date | None] | None:
        """The days of the calendar, the next ones where no year was told; None when there are no such days, or he would be
        back before he leaves."""
        year = _year(self.first) or (_year(self.last) if self.last else 0)
        first = self.first.on(year or today.year)
        if first and not year and first < today:
            first = self.first.on(today.year + 1)
        if not first or not self.last:
            return (first, None) if first else None
        last = self.last.on(_year(self.last) or first.year)
        if last and last < first and not _year(self.last):
            last = self.last.on(first.year + 1)  # over the new year
        elif last and last < first and not _year(self.first):
            first = self.first.on(first.year - 1) or first
        return (first, last) if last and first <= last <= first + LONGEST else None


def find_trip(flat: str) -> Trip | None:
    """Two days that are joined, or one on which he leaves. Wants a text without marks."""
    spelled = ONE_MONTH.sub(_both, CLOSE.sub(" - ", flat))
    days = find_days(spelled)
    if not days or OTHER.search(spelled[: days[0].span[0]]):
        return None
    first, *rest = days
    if rest and JOINT.fullmatch(spelled[first.span[1] : rest[0].span[0]]):
        return Trip(first, rest[0])
    return Trip(first) if LEAVES.search(spelled[: first.span[0]]) else None


def told(day: Day) -> str:
    """ISO, or `DD-MM` without a year."""
    year = _year(day)
    return f"{year:04}-{day.month:02}-{day.day:02}" if year else f"{day.day:02}-{day.month:02}"


def _both(range_: re.Match[str]) -> str:
    if int(range_["first"]) > int(range_["last"]):
        return range_[0]
    of = range_["month"] + (range_["year"] or "")
    return f"{range_['first']}{of} den {range_['last']}{of}"


def _year(day: Day) -> int:
    return day.year + 2000 if day.two_digits else day.year
