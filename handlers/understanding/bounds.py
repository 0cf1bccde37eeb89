"""Numbers told by a comparison: "dưới 6 chỗ", "từ 3 đến 8 tấn", ">15t", "từ 50 cc trở lên". They name no number but a stretch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handlers.understanding.numerals import SMALL, small

# what leads or follows, over text without marks -> the sign that it is; the longer phrases first
SIGNS: Final[Mapping[str, str]] = {
    "<=": r"<=|≤|(?:toi da|khong qua|ko qua|khong hon|khong vuot(?: qua)?|cao nhat|nhieu nhat|max|up to|at most|no more than)(?: la)?",
    ">=": r">=|≥|(?:toi thieu|it nhat|khong duoi|khong it hon|at least|min)(?: la)?|tu|from",
    "<": r"<|duoi|(?:nho|it|be|thap|nhe|kem) hon|chua (?:toi|den|day)|(?:khong|ko) (?:toi|den|day)|gan|under|below|(?:less|fewer) than",
    ">": r">|tren|(?:(?:lon|nhieu|cao|to|nang) )?(?<!re )(?<!dat )(?<!mac )(?<!tot )hon|vuot(?: qua)?|over|above|more than",
}
UPWARDS: Final = r"tro len|do len|len tren|tro di|(?:and|or) (?:more|above|up)|and over|or over"
DOWNWARDS: Final = r"tro xuong|do xuong|tro lai|do lai|do ve|(?:and|or) (?:less|fewer|below)|and under|or under"
# "cho" is to, or for, as well
UNITS: Final[Mapping[str, str]] = {
    "seats": r"(?:cho(?: ngoi)?(?! (?:em|e|toi|tui|minh|mk|anh|chi|co|chu|bac|con|chau|me|ba|bo|cha|vo|chong|be|ca|nguoi|ban|ong|nha|xin|hoi|biet|khach)\b)|ghe|seats?|seater|c)",
    "payload": r"(?:tan|tonnes?|tons?|t)",
    "engine": r"(?:cc|phan khoi|pk|cm3)",
}
NUMBER: Final = rf"(?:\d{{1,4}}(?:[.,]\d{{1,2}})?|{SMALL})"
NO_CHANGE: Final = r"(?!\s(?:sang|thanh|qua|len)\s)"  # "đổi từ 5 chỗ sang 7 chỗ"
LORRY: Final = re.compile(r"\b(?:xe|tai|truck|ben|container|dau keo|mooc|ro mooc|thung)\b")  # elsewhere "15t" is an age
FIELDS: Final = {"seats": "seats_range", "payload": "payload_range"}  # the unit -> the fact
FORM: Final = re.compile(r"(?P<low>>=?[\d.]+)?(?P<high><=?[\d.]+)?|(?P<first>[\d.]+)-(?P<last>[\d.]+)")


def _patterns(unit: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Between two numbers; led by a comparison; followed by one."""
    begins, end = r"(?<![\w.,/])", rf"\s?{UNITS[unit]}(?![a-z])"
    lead = "|".join(rf"(?P<s{at}>{sign})" for at, sign in enumerate(SIGNS.values()))
    return (
        re.compile(
            rf"(?:(?<![a-z])(?P<over>{SIGNS['>']})\s?|(?<![a-z])(?:tu|from)\s)?{begins}(?P<low>{NUMBER})(?:{end})?"
            rf"\s?(?:den|toi|-|–|~|to)\s?(?:(?P<short>duoi)\s)?(?P<high>{NUMBER}){end}"
        ),
        re.compile(
            rf"(?<![a-z])(?:{lead})(?:\s(?:la|khoang|tam|co|loai))?\s?(?<![\d.,/])(?P<number>{NUMBER}){end}"
            rf"(?:\s(?:(?P<up>{UPWARDS})|(?P<down>{DOWNWARDS})))?{NO_CHANGE}"
        ),
        re.compile(rf"{begins}(?P<number>{NUMBER}){end}(?:\s?(?P<up>{UPWARDS}|\+)|\s(?P<down>{DOWNWARDS}))(?![a-z])"),
    )


PATTERNS: Final = {unit: _patterns(unit) for unit in UNITS}
# without one of these there is no such unit: a cheap look before the dear ones
STANDS: Final = {
    "seats": re.compile(r"\d\s?c|cho\b|ghe\b|seat"),
    "payload": re.compile(r"\d\s?t|\btan\b|\bton"),
    "engine": re.compile(r"cc\b|phan khoi|pk\b|cm3"),
}
IN_WORDS: Final = re.compile(rf"\b(?:duoi|tren|hon|da|nhat|toi|den) {SMALL} (?:cho|ghe|tan)\b")
# one of these stands in every text that compares
COMPARES: Final = re.compile(
    r"[<>≤≥~–+]|\d\s?-\s?\d|duoi|tren|hon|tu |gan |den|toi|khong qua|ko qua|vuot|nhat|toi thieu|(?:tro|do|len) |max|min|under|below|over|above|than|from|least|most|up to|more|less"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between `low` and `high`, None where it is open; `low_in`, `high_in` -- whether the ends belong to it."""

    low: float | None = None
    high: float | None = None
    low_in: bool = True
    high_in: bool = True

    def holds(self, number: float) -> bool:
        above = self.low is None or number > self.low or (self.low_in and number == self.low)
        return above and (self.high is None or number < self.high or (self.high_in and number == self.high))

    def __str__(self) -> str:
        """As it is kept: `<6`, `>=12`, `6-11`, `>8<=15`."""
        if self.low is not None and self.high is not None and self.low_in and self.high_in:
            return f"{self.low:g}-{self.high:g}"
        low = "" if self.low is None else f">{'=' if self.low_in else ''}{self.low:g}"
        high = "" if self.high is None else f"<{'=' if self.high_in else ''}{self.high:g}"
        return low + high


def parse(kept: str) -> Bounds | None:
    """What was kept, or None when it is nothing of ours."""
    told = FORM.fullmatch(kept)
    if not told or not kept:
        return None
    if told["first"]:
        return Bounds(float(told["first"]), float(told["last"]))
    low, high = told["low"], told["high"]
    return Bounds(
        float(low.lstrip(">=")) if low else None,
        float(high.lstrip("<=")) if high else None,
        low_in=not low or "=" in low,
        high_in=not high or "=" in high,
    )


def find(flat: str, unit: str) -> tuple[Bounds, tuple[int, int]] | None:
    """The first comparison of that unit in a text without marks, and where it stands."""
    if not (STANDS[unit].search(flat) and COMPARES.search(flat)):
        return None
    for pattern in PATTERNS[unit]:
        told = pattern.search(flat)
        if told and not (told[0].endswith("t") and LORRY.search(flat) is None) and (bounds := _bounds(told)):
            return bounds, told.span()
    return None


def ranges(flat: str) -> tuple[dict[str, str], str]:
    """`seats_range` and `payload_range`, and the text with commas where they stood."""
    found: dict[str, str] = {}
    for unit, key in FIELDS.items():
        if told := find(flat, unit):
            found[key] = str(told[0])
            start, end = told[1]
            flat = flat[:start] + "," * (end - start) + flat[end:]
    return found, flat


def _bounds(told: re.Match[str]) -> Bounds | None:
    parts = told.groupdict()
    if "high" in parts:
        low, high = _number(parts["low"]), _number(parts["high"])
        return Bounds(low, high, low_in=not parts["over"], high_in=not parts["short"]) if low < high else None
    number = _number(parts["number"])
    sign = next((sign for at, sign in enumerate(SIGNS) if parts.get(f"s{at}")), "")
    if parts["down"]:
        return Bounds(high=number)
    if parts["up"] and sign in ("", ">="):
        return Bounds(low=number)
    if sign.startswith("<"):
        return Bounds(high=number, high_in="=" in sign)
    return Bounds(low=number, low_in="=" in sign)


def _number(said: str) -> float:
    return float(said.replace(",", ".")) if said[0].isdigit() else float(small(said))
