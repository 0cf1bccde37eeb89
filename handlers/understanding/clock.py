"""Days, hours and parts of the day as people say them (data dictionary 2.5)."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple

from handlers.understanding.dates import find_days
from handlers.understanding.fold import plain_words

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOUR_WORDS: Final = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9,
    "muoi": 10, "muoi mot": 11, "muoi hai": 12,
}  # fmt: skip
HOUR: Final = r"(\d{1,2}|(?:muoi mot|muoi hai|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi)(?=\s))"
MINUTES: Final = r"(?:\s?(\d{2}|ruoi|kem \d{1,2})(?!\d))?"
CLOCK: Final = re.compile(
    rf"(?<![\w/.\-]){HOUR}\s?(?:h(?![a-z])|g(?![a-z])|gio|:(?=\d\d)|(?=ruoi)){MINUTES}\s?(am|pm)?"
)
ENGLISH: Final = re.compile(r"(?<![\w/.\-])(\d{1,2})(?::(\d{2}))?\s?(am|pm)\b")
WITH_PART: Final = re.compile(r"(?<![\w/.\-])(\d{1,2})\s(sang|trua|chieu|toi)(?![a-z])")
RANGE: Final = re.compile(
    rf"(?<![\w/]){HOUR}\s?(?:h|g|gio)?\s?(\d{{2}})?\s?(?:-|–|~|den|toi)\s?(\d{{1,2}})\s?(?:h|g(?![a-z])|gio)\s?(\d{{2}}(?!\d))?"
)
AFTER: Final = re.compile(r"(?:sau|(?<!thu )tu|ngoai|qua|after|from)\s(?:luc\s|khoang\s)?\Z")
NEVER: Final = re.compile(r"\b(?:dung|khoi|khong|ko) (?:co )?(?:goi|phone|alo|call|lien he)\b")  # "đừng gọi trước 9h"
BEFORE: Final = re.compile(r"(?:truoc|before|tre nhat|cham nhat)\s(?:luc\s|khoang\s)?\Z")
RELATIVE: Final = re.compile(
    r"(?<!\d)(?<!thu )(?<!\bt)(\d{1,3}|nua|mot|hai|ba)\s?(phut|p|tieng|gio|h|ngay|hom|tuan)\s(?:nua|sau)(?![a-z])"
)
SOON: Final = re.compile(r"\b(?:lat nua|chut nua|ti nua|xiu nua|lat)\b")
NOW: Final = re.compile(
    r"\b(?:bay gio|ngay bay gio|ngay lap tuc|lien bay gio|luon bay gio|ngay di|now|asap|lien di|gio luon"
    r"|goi (?:(?:lai )?(?:cho )?(?:em|e|minh|mk|toi|tui|anh|a|chi|c|co|chu|bac) )?(?:ngay(?! (?:mai|mot|kia|thu|chu nhat|cn|nao|hom|\d))|lien|(?:luon|lun)(?! so))"
    r")\b"
)
ANY: Final = re.compile(
    r"\b(?:luc nao cung|khi nao cung|gio nao cung|bat cu luc nao|bat ky luc nao|thoai mai gio|gio hanh chinh|any ?time|sao cung duoc|tuy (?:em|ban|shop|ad))\b"
)

TODAY: Final = re.compile(r"\b(?:hom nay|bua nay|trong ngay|(?:sang|trua|chieu|toi|dem) nay|today|tonight)\b")
TOMORROW: Final = re.compile(
    r"\b(?:ngay mai|hom sau|sang mai|trua mai|chieu mai|toi mai|(?<!khuyen )(?<!thuong )mai|tomorrow)\b"
)
CALLED: Final = re.compile(r"\b(?:chi|anh|co|chu|bac|ban|ten|la|thi|goi)\s\Z")  # "gặp chị Mai" is no date
IN_TWO_DAYS: Final = re.compile(
    r"(?:ngày|bữa|hôm|sáng|trưa|chiều|tối|qua)?\s?mốt(?!\w)|\b(?:ngay|bua|sang|chieu|toi|trua) mot(?! (?:gio|h|\d))|day after tomorrow",
    re.IGNORECASE,
)
LATER: Final = re.compile(r"\b(?:ngay|bua|hom) (?:kia|kìa)\b")
WEEKDAY: Final = re.compile(
    r"\bthu\s?([2-7]|hai|ba|tu|nam|sau|bay)(?![a-z\d])|\bt([2-7])(?![a-z\d])|\b(chu nhat|cn)\b"
    r"|\b(monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b"
)
WEEKDAY_WORDS: Final = {"hai": 2, "ba": 3, "tu": 4, "nam": 5, "sau": 6, "bay": 7}
NEXT_WEEK: Final = re.compile(
    r"\btuan (?:sau|toi|ke)\b|next week|\b(?:thu \w+|t\d|chu nhat) sau\b(?! (?:luc |khoang )?\d)"
)
WEEKEND: Final = re.compile(r"\bcuoi tuan\b|weekend")
EARLY_WEEK: Final = re.compile(r"\bdau tuan\b")
PART: Final = re.compile(r"(?<![a-z])(sang|trua|chieu|toi|dem|morning|noon|afternoon|evening|tonight)(?![a-z])")
PART_NAMES: Final = {
    "sang": "morning", "trua": "noon", "chieu": "afternoon", "toi": "evening", "dem": "evening", "tonight": "evening",
    "morning": "morning", "noon": "noon", "afternoon": "afternoon", "evening": "evening",
}  # fmt: skip
GOES_OVER: Final = re.compile(
    r"\d{1,2}(?:\s?(?:h|g|gio|:))?(?:\s?\d\d)?\s(?:trua|chieu|toi)(?![a-z])"
)  # "sang 3h chiều": moved to
# bare "toi" is mostly "tôi", bare "sang" mostly "go over": they are parts of a day beside a day or an hour only
BESIDE_DAY: Final = re.compile(r"(?:nay|mai|mot|kia|hom|thu|t\d|chu nhat|cn|ngay|cuoi tuan|som|muon|\d)")
DAY_BEFORE: Final = re.compile(r"(?:buoi|mai|mot|kia|nay|thu \w{1,4}|t\d|chu nhat|cn|\d\s?h?|gio|ruoi|hoac|va|ca)\s?\Z")
# Words without which a pattern above finds nothing. Where a pattern lets a word run on ("thuhai", "weekends"), the letters
# are looked for instead.
DIGIT: Final = re.compile(r"\d")
HOUR_KEYS: Final = frozenset("mot hai ba bon nam sau bay tam chin muoi".split())
PART_KEYS: Final = frozenset(PART_NAMES)
ANY_KEYS: Final = frozenset("luc khi gio bat thoai any anytime sao tuy".split())
NOW_KEYS: Final = frozenset("gio ngay now asap lien luon lun".split())
WEEK_KEYS: Final = frozenset("tuan sau".split())
TODAY_KEYS: Final = frozenset("nay trong today tonight".split())
TOMORROW_KEYS: Final = frozenset("mai hom tomorrow".split())
FROM_NOW_KEYS: Final = frozenset("nua sau lat".split())


@dataclass(frozen=True, slots=True)
class When:
    """What was said about time. Times are HH:MM; `minutes` counts from now; `vague` -- ask again."""

    day: str = ""  # today, tomorrow, day_after_tomorrow, monday … sunday, weekend, next_week
    next_week: bool = False
    date: tuple[int, int, int] | None = None  # day, month, year (0 = none given)
    part: str = ""  # morning, noon, afternoon, evening
    time: str = ""
    time_to: str = ""
    time_after: str = ""
    time_before: str = ""
    minutes: int | None = None
    any_time: bool = False
    vague: bool = False
    guessed: bool = False  # morning or afternoon was not said


def find_when(text: str, flat: str, said: AbstractSet[str] | None = None, *, asked: bool = False) -> When | None:
    """Everything about time in a text, or None. Wants `clean` text and its `flatten`ed form.

    said -- the words of `flat`, where they are known; asked -- the open question is the time, so "3 chiều" is an hour (elsewhere "2 chiều" is a kind of cover)
    """
    said = plain_words(flat) if said is None else said
    numbered = DIGIT.search(flat) is not None
    part = "" if PART_KEYS.isdisjoint(said) else _part(text, flat)
    hours = _clock(flat, part, asked=asked) if numbered or not HOUR_KEYS.isdisjoint(said) else NO_HOURS
    day, next_week = _day(text, flat, said, numbered=numbered)
    found = When(
        day,
        next_week,
        _date(flat) if numbered else None,
        "" if hours.at or hours.after or hours.before else part,
        hours.at,
        hours.to,
        hours.after,
        hours.before,
        _minutes(flat, said),
        any_time=not ANY_KEYS.isdisjoint(said) and ANY.search(flat) is not None,
        vague=not day and "kia" in said and LATER.search(flat) is not None,
        guessed=hours.guessed,
    )
    return found if found != NOTHING else None


class _Hours(NamedTuple):
    at: str = ""
    to: str = ""
    after: str = ""
    before: str = ""
    guessed: bool = False


NO_HOURS: Final = _Hours()
NOTHING: Final = When()


def _clock(flat: str, part: str, *, asked: bool) -> _Hours:
    between = RANGE.search(flat)
    if between and between[1] not in ("mot", "hai", "ba"):
        late, _ = _hour(between[3], between[4] or "", part)
        early, guessed = _hour(between[1], between[2] or "", part)
        if early and late and early > late:  # 9h-3h: the second is in the afternoon
            early, _ = _hour(between[1], between[2] or "", "morning")
        if early and late:
            return _Hours(early, late, guessed=guessed)
    match = CLOCK.search(flat) or ENGLISH.search(flat) or (WITH_PART.search(flat) if asked else None)
    if not match:
        return NO_HOURS
    minutes = (match[2] or "") if match.re is not WITH_PART else ""
    if match.lastindex and match[match.lastindex] in ("am", "pm"):
        part = "morning" if match[match.lastindex] == "am" else "afternoon"
    at, guessed = _hour(match[1], minutes, part)
    if not at:
        return NO_HOURS
    before = flat[max(0, match.start() - 18) : match.start()]
    if AFTER.search(before):
        return _Hours(after=at, guessed=guessed)
    if BEFORE.search(before):
        return _Hours(after=at, guessed=guessed) if NEVER.search(before) else _Hours(before=at, guessed=guessed)
    return _Hours(at, guessed=guessed)


def _hour(said: str, minutes: str, part: str) -> tuple[str, bool]:
    """HH:MM and whether the half of the day is a guess; ('', False) for no hour at all."""
    hour = int(said) if said.isdigit() else HOUR_WORDS[said]
    minute = 30 if minutes == "ruoi" else 0
    if minutes.startswith("kem "):
        hour, minute = hour - 1, 60 - int(minutes[4:])
    elif minutes.isdigit():
        minute = int(minutes)
    if not 0 <= hour <= 24 or not 0 <= minute < 60:
        return "", False
    guessed = not part and hour <= 12
    # without a part: nobody asks to be called at three in the morning
    if 1 <= hour < {"afternoon": 12, "evening": 12, "noon": 3, "": 7}.get(part, 0):
        hour += 12
    return f"{hour % 24:02}:{minute:02}", guessed


def _part(text: str, flat: str) -> str:
    for match in PART.finditer(flat):
        typed = text[match.start() : match.end()].lower()
        if typed in ("tới", "tôi", "tỏi", "sảng", "sàng"):
            continue
        if typed in ("toi", "sang"):
            after = flat[match.end() :].lstrip()
            if typed == "sang" and GOES_OVER.match(after):
                continue
            if not BESIDE_DAY.match(after) and not DAY_BEFORE.search(flat[: match.start()]):
                continue
        return PART_NAMES[match[1]]
    return ""


def _day(text: str, flat: str, said: AbstractSet[str], *, numbered: bool) -> tuple[str, bool]:
    """The day and whether "next week" was said."""
    next_week = (not WEEK_KEYS.isdisjoint(said) or "next week" in flat) and NEXT_WEEK.search(flat) is not None
    weekday = numbered or "thu" in flat or "day" in flat or "cn" in said or "nhat" in said
    if weekday and (match := WEEKDAY.search(flat)):
        if match[3] or match[4]:
            return match[4] or "sunday", next_week
        number = match[1] or match[2]
        return WEEKDAYS[(int(number) if number.isdigit() else WEEKDAY_WORDS[number]) - 2], next_week
    if ("tuan" in said or "weekend" in flat) and WEEKEND.search(flat):
        return "weekend", next_week
    if "tuan" in said and EARLY_WEEK.search(flat):
        return "monday", True
    if ("mot" in flat or "day after" in flat) and IN_TWO_DAYS.search(text if not text.isascii() else flat):
        return "day_after_tomorrow", False
    tomorrow = None if TOMORROW_KEYS.isdisjoint(said) else TOMORROW.search(flat)
    if tomorrow and not (text[tomorrow.end() - 3] == "M" and CALLED.search(flat[: tomorrow.end() - 3])):
        return "tomorrow", False
    if "moi" in said and "mơi" in text.lower():  # as the South says it
        return "tomorrow", False
    if not TODAY_KEYS.isdisjoint(said) and TODAY.search(flat):
        return "today", False
    return ("next_week", False) if next_week else ("", False)


def _date(flat: str) -> tuple[int, int, int] | None:
    days = find_days(flat)
    return (days[0].day, days[0].month, days[0].year) if days else None


def _minutes(flat: str, said: AbstractSet[str]) -> int | None:
    if not NOW_KEYS.isdisjoint(said) and NOW.search(flat):
        return 0
    if FROM_NOW_KEYS.isdisjoint(said):
        return None
    if match := RELATIVE.search(flat):
        amount = {"nua": 30, "mot": 1, "hai": 2, "ba": 3}.get(match[1]) or (int(match[1]) if match[1].isdigit() else 0)
        each = {"phut": 1, "p": 1, "tieng": 60, "gio": 60, "h": 60, "ngay": 1440, "hom": 1440, "tuan": 10080}[match[2]]
        return amount * (1 if match[1] == "nua" else each)
    return 30 if SOON.search(flat) else None
