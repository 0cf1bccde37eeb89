"""Days of the calendar as people write them (data dictionary 2.5): day first, always. Birthdays, years of birth, trips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

NUMBERED: Final = re.compile(
    r"(?<![\d/.\-])(\d{1,2})\s?([/.\-])\s?(\d{1,2})(?:\s?\2\s?(\d{4}|\d{2}))?(?![\d/]|[.\-]\d)"
)
ISO: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[\-./](\d{1,2})[\-./](\d{1,2})(?!\d)")
WORDED: Final = re.compile(
    r"(?:ngay |mung |mong )?(?<!\d)(\d{1,2})\s?thang\s?(\d{1,2})(?!\d)(?:,?\s?nam\s?(\d{4}|\d{2}|[a-z]{3,4} [a-z]{3,4}))?"
)
SOLID: Final = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4}|\d{2})(?!\d)")
YEAR_OF_BIRTH: Final = re.compile(
    r"(?:sinh(?: nam)?|nam sinh|sn|s\.n|doi|born(?: in)?)\s?:?\s?((?:19|20)\d\d|\d\d)(?![\d/.\-])"
)
BARE_YEAR: Final = re.compile(r"(?<![\d/.\-])((?:19[3-9]|20[0-2])\d)(?![\d/]|[.\-]\d)")
LUNAR: Final = re.compile(r"am lich|lich am|\bal\b")
DIGIT_WORDS: Final = {
    "khong": 0,
    "mot": 1,
    "hai": 2,
    "ba": 3,
    "bon": 4,
    "tu": 4,
    "nam": 5,
    "lam": 5,
    "sau": 6,
    "bay": 7,
    "tam": 8,
    "chin": 9,
}
OLDEST: Final = 120


@dataclass(frozen=True, slots=True)
class Day:
    """A day as written. `year` is 0 when none was given; `two_digits` -- its century is for the reader to decide."""

    day: int
    month: int
    year: int
    two_digits: bool
    span: tuple[int, int]

    def on(self, year: int) -> date | None:
        """The day in `year`; None for 31/2."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return None


def find_days(flat: str, *, solid: bool = False) -> list[Day]:
    """All days in reading order. `solid` -- 120590 counts: a day is what was asked."""
    return sorted(_days(flat, solid=solid), key=lambda found: found.span)


def _days(flat: str, *, solid: bool) -> Iterator[Day]:
    taken: list[tuple[int, int]] = []
    for match in ISO.finditer(flat):
        taken.append(match.span())
        yield Day(int(match[3]), int(match[2]), int(match[1]), False, match.span())
    for match in WORDED.finditer(flat):
        taken.append(match.span())
        yield Day(int(match[1]), int(match[2]), *_year(match[3] or ""), match.span())
    for match in NUMBERED.finditer(flat):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        # 24/7 and 5.5 are no days; a dot or a dash needs its year
        if match[4] or (
            match[2] == "/" and 1 <= int(match[3]) <= 12 and 1 <= int(match[1]) <= 31 and match[0] != "24/7"
        ):
            yield Day(int(match[1]), int(match[3]), *_year(match[4] or ""), match.span())
    if solid:
        for match in SOLID.finditer(flat):
            yield Day(int(match[1]), int(match[2]), *_year(match[3]), match.span())


def _year(text: str) -> tuple[int, bool]:
    if text.isdigit():
        return int(text), len(text) == 2
    words = [DIGIT_WORDS.get(word) for word in text.split()]
    if len(words) == 2 and words[0] is not None and words[1] is not None:
        return words[0] * 10 + words[1], True
    return 0, False


def born(day: Day, this_year: int) -> tuple[str, str]:
    """A birthday as ISO, or what is wrong with it: no_such_day, future, too_old, no_year."""
    if not day.year and not day.two_digits:
        return "", "no_year"
    year = century(day.year, this_year) if day.two_digits else day.year
    exact = day.on(year)
    if exact is None:
        return "", "no_such_day"
    if year > this_year:
        return "", "future"
    if year < this_year - OLDEST:
        return "", "too_old"
    return exact.isoformat(), ""


def century(year: int, this_year: int) -> int:
    """Two digits of a birth year: 00 to this year's are 20xx."""
    return 2000 + year if year <= this_year % 100 else 1900 + year


def year_of_birth(flat: str, this_year: int, *, bare: bool) -> int | None:
    """A year of birth that is called one; with `bare` any year that stands alone."""
    match = YEAR_OF_BIRTH.search(flat)
    if match is None and bare:
        match = BARE_YEAR.search(flat)
    if match is None:
        return None
    year = int(match[1])
    if year < 100:
        year = century(year, this_year)
    return year if this_year - OLDEST <= year <= this_year else None
