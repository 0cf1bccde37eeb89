"""Days of the calendar as people write them (data dictionary 2.5): day first, always. Birthdays, years of birth, trips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.understanding.numerals import MONTH, SMALL, YEAR, small, year

NUMBERED: Final = re.compile(
    r"(?<![\d/.\-])(\d{1,2})\s?([/.\-_])\s?(\d{1,2})(?:\s?\2\s?(\d{4}|\d{2}))?(?![\d/]|[.\-]\d)"
)
APART: Final = re.compile(
    r"(?<![\d/.\-])(\d{1,2})[ ,/.\-]{1,2}(\d{1,2})[ ,/.\-]{1,2}((?:19|20)\d\d|\d\d)(?![\d/]|[.\-]\d)"
)  # "12 5 1990", "12/5-90"
ISO: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[\-./](\d{1,2})[\-./](\d{1,2})(?!\d)")
WORDED: Final = re.compile(
    rf"(?:(?:ngay|mung|mong|hom) )?(?<![\w])(\d{{1,2}}|ram|{SMALL})\s?[,/]?\s?(?:thang|thg|t(?=\d))\s?(\d{{1,2}}(?!\d)|{MONTH})(?![a-z])"
    rf"(?:\s?[,/]?\s?(?:nam\s?(\d{{4}}|\d{{2}}(?!\d)|{YEAR})(?![a-z])|[/\-, ]\s?((?:19|20)\d\d)(?!\d)))?"
)
ENGLISH_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NAMED: Final = rf"({'|'.join(ENGLISH_MONTHS)})[a-z]{{0,6}}"
ENGLISH: Final = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?{NAMED}\.?,?\s(\d{{4}})(?!\d)|\b{NAMED}\.?\s(\d{{1,2}})(?:st|nd|rd|th)?,?\s(\d{{4}})(?!\d)"
)
SOLID: Final = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4}|\d{2})(?!\d)")
YEAR_OF_BIRTH: Final = re.compile(
    rf"\b(?:s[ia]nh(?: nam)?|nam sinh|sn|s\.n|born(?: in)?)\s?(?:la|:|=)?\s?((?:19|20)\d\d|\d\d|2k\d{{0,2}}|{YEAR})(?![\da-z/]|[.\-]\d)"
    r"|\b(2k\d{1,2})(?![\da-z])"
    r"|\bdoi\s?((?:19|20)\d\d|\d\d)(?![\d/.\-])"
)
BARE_YEAR: Final = re.compile(r"(?<![\d/.\-])((?:19[3-9]|20[0-2])\d)(?![\d/]|[.\-]\d)")
# all there is: "90", "năm 85 ạ"
SHORT_YEAR: Final = re.compile(
    rf"(?:(?:da|em|e|toi|minh|anh|chi|nam)\s){{0,3}}(\d\d|(?<=nam\s){YEAR})(?:\s(?:a|nha|nhe|em|do|nhen|anh|chi))*\W{{0,3}}"
)
LUNAR: Final = re.compile(r"am lich|lich am|\bal\b")
OLDEST: Final = 120
MONTHS_A_YEAR: Final = 12
DAYS_A_MONTH: Final = 31
# odd spellings of a day that was asked for -> as everybody writes it
LETTER_O: Final = re.compile(r"(?<![a-z])o(?=\d)|(?<=\d)o(?![a-z])")
MISTYPED_MONTH: Final = re.compile(r"\b(?:thag|thng|thnag|tahng|thamg)\b")
BARS: Final = re.compile(r"(?<=\d)\s?[\\|]\s?(?=\d)")
K_YEAR: Final = re.compile(r"(?<![\da-z])2k(\d{1,2})(?!\d)")
TWENTY: Final = re.compile(r"\bham(?:\s(mot|hai|ba|bon|tu|lam|nham|sau|bay|tam|chin))?\b(?=\W+(?:thang|thg|t\b))")
TENS: Final = re.compile(r"\b(hai|ba)\s(mot|hai|ba|tu|lam|nham|sau|bay|tam|chin)\b(?=\W+(?:thang|thg|t\b))")
MONTH_FIRST: Final = re.compile(
    rf"\bthang\s?(\d{{1,2}}|{MONTH})\s?,?\s?(?:ngay|mung|mong|hom)\s?(\d{{1,2}}|{SMALL})(?![a-z\d])"
)
YEAR_FIRST: Final = re.compile(
    rf"\bnam\s?(\d{{4}}|\d\d|{YEAR})(?![a-z\d])\W{{0,3}}((?:ngay\s)?\S+(?:\s\S+)?\s?thang\s?(?:\d{{1,2}}|{MONTH})(?![a-z\d]))"
)
YEAR_BARE: Final = re.compile(
    rf"\bthang\s?(\d{{1,2}}|muoi\s(?:mot|hai)(?!\snam)|muoi(?!\s(?:mot|hai))|(?!muoi){MONTH})\s((?!nam\b){YEAR})(?![a-z])"
)  # "tháng ba tám bảy"
SHORT_MONTH: Final = re.compile(r"(?<=\d)\s?th\s?(?=\d)")
YEAR_APART: Final = re.compile(r"(?<![\d/])(\d{1,2})\s?[/.\-]\s?(\d{1,2})[\s,]+(?:nam|sn|n)\s?(\d{4}|\d\d)(?!\d)")
LETTERED: Final = re.compile(r"\bd\W{0,2}(\d{1,2})\W{1,3}m\W{0,2}(\d{1,2})\W{1,3}y\W{0,2}(\d{4}|\d\d)(?!\d)")
MONTH_SAID: Final = re.compile(rf"(?<=\d)\s?/\s?({MONTH})\s?/\s?(?=\d)")
SHORT_ENGLISH: Final = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[\s.\-/]{{0,2}}{NAMED}[\s.,\-/]{{1,2}}(\d{{4}}|\d\d)(?!\d)"
)
YEAR_SOLID: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)((?:0[1-9]|1[0-2]))(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True, slots=True)
class Day:
    """A day as written. `year` is 0 when none was given; `two_digits` -- its century is for the reader to decide."""

    day: int
    month: int
    year: int
    two_digits: bool
    span: tuple[int, int]

    def on(self, in_year: int) -> date | None:
        """The day in that year; None for 31/2."""
        try:
            return date(in_year, self.month, self.day)
        except ValueError:
            return None


def asked_for(flat: str) -> str:
    """A text that tells a day of birth, with what is spelled oddly as everybody writes it."""
    if "o" in flat:
        flat = LETTER_O.sub("0", flat)
    if "th" in flat or "ta" in flat:
        flat = MISTYPED_MONTH.sub("thang", flat)
    flat = SHORT_MONTH.sub(" thang ", BARS.sub("/", flat))
    flat = K_YEAR.sub(lambda found: f"20{int(found[1]):02}", flat)
    if "thang" in flat:
        flat = TWENTY.sub(lambda found: f"hai muoi {found[1] or ''}".strip(), flat)
        flat = TENS.sub(r"\1 muoi \2", flat)
        flat = MONTH_FIRST.sub(r"ngay \2 thang \1", flat)
        flat = YEAR_FIRST.sub(r"\2 nam \1", flat)
        flat = YEAR_BARE.sub(r"thang \1 nam \2", flat)
    flat = YEAR_APART.sub(r"\1/\2/\3", flat)
    flat = LETTERED.sub(r"\1/\2/\3", flat)
    flat = MONTH_SAID.sub(lambda found: f"/{small(found[1])}/", flat)
    flat = SHORT_ENGLISH.sub(lambda found: f"{found[1]}/{ENGLISH_MONTHS.index(found[2]) + 1}/{found[3]}", flat)
    return YEAR_SOLID.sub(r"\1-\2-\3", flat) if not _is_day_first(flat) else flat


def _is_day_first(flat: str) -> bool:
    """20061987 is the 20th of June."""
    solid = SOLID.search(flat)
    return solid is not None and 1 <= int(solid[2]) <= MONTHS_A_YEAR and 1 <= int(solid[1]) <= DAYS_A_MONTH


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
        day = 15 if match[1] == "ram" else small(match[1])
        yield Day(day, small(match[2]), *_year(match[3] or match[4] or ""), match.span())
    for match in NUMBERED.finditer(flat):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        # 24/7 and 5.5 are no days; a dot or a dash needs its year
        if match[4] or (
            match[2] == "/" and 1 <= int(match[3]) <= 12 and 1 <= int(match[1]) <= 31 and match[0] != "24/7"
        ):
            yield Day(int(match[1]), int(match[3]), *_year(match[4] or ""), match.span())
            taken.append(match.span())
    for match in ENGLISH.finditer(flat):
        day_said, month, year_said = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        taken.append(match.span())
        yield Day(int(day_said), ENGLISH_MONTHS.index(month) + 1, int(year_said), False, match.span())
    if solid:
        for pattern in (APART, SOLID):
            for match in pattern.finditer(flat):
                if not any(start < match.end() and match.start() < end for start, end in taken):
                    yield Day(int(match[1]), int(match[2]), *_year(match[3]), match.span())


def _year(text: str) -> tuple[int, bool]:
    """The year, and whether its century is open."""
    if text.isdigit():
        return int(text), len(text) == 2
    return year(text)


def born(day: Day, this_year: int) -> tuple[str, str]:
    """A birthday as ISO, or what is wrong with it: no_such_day, future, too_old, no_year."""
    if not day.year and not day.two_digits:
        return "", "no_year"
    born_in = century(day.year, this_year) if day.two_digits else day.year
    exact = day.on(born_in)
    if exact is None:
        return "", "no_such_day"
    if born_in > this_year:
        return "", "future"
    if born_in < this_year - OLDEST:
        return "", "too_old"
    return exact.isoformat(), ""


def century(digits: int, this_year: int) -> int:
    """Two digits of a birth year: 00 to this year's are 20xx."""
    return 2000 + digits if digits <= this_year % 100 else 1900 + digits


def year_of_birth(flat: str, this_year: int, *, bare: bool) -> int | None:
    """A year of birth that is called one; with `bare` any year that stands alone."""
    match = YEAR_OF_BIRTH.search(flat)
    if match is None and bare:
        match = BARE_YEAR.search(flat) or SHORT_YEAR.fullmatch(flat.strip())
    if match is None:
        return None
    said = next(filter(None, match.groups()))
    if said.startswith("2k"):
        born_in, open_century = 2000 + int(said[2:] or 0), False
    else:
        born_in, open_century = _year(said)
    if open_century:
        born_in = century(born_in, this_year)
    return born_in if this_year - OLDEST <= born_in <= this_year else None
