"""Phone numbers in what people type (data dictionary 2.2): spelled, spaced, with letters for digits, with old prefixes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

# the old 11-digit mobile prefixes and what they became in 2018
OLD: Final = {
    "0120": "070",
    "0121": "079",
    "0122": "077",
    "0123": "083",
    "0124": "084",
    "0125": "085",
    "0126": "076",
    "0127": "081",
    "0128": "078",
    "0129": "082",
    "0162": "032",
    "0163": "033",
    "0164": "034",
    "0165": "035",
    "0166": "036",
    "0167": "037",
    "0168": "038",
    "0169": "039",
    "0186": "056",
    "0188": "058",
    "0199": "059",
}
LONGEST: Final = 15  # E.164
SHORTEST: Final = 9  # a mobile number without its 0
MOBILE: Final = re.compile(r"0(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])\d{7}\Z")
LANDLINE: Final = re.compile(r"02\d{8,9}\Z")
SERVICE: Final = re.compile(r"1[89]00\d{2,6}\Z")
# letters stand for digits only inside a run: o9o1234567, 0l23
PIECE: Final = re.compile(r"(\+?)(?=[oil]{0,3}\d)([\doil]{1,24})(?![^\W\d_])")
JOINT: Final = re.compile(r"[ \t.\-()/–—_]{0,4}\Z")
LETTERS: Final = str.maketrans("oil", "011")
SPELLED: Final = {
    "khong": "0",
    "ko": "0",
    "hong": "0",
    "zero": "0",
    "oh": "0",
    "mot": "1",
    "one": "1",
    "hai": "2",
    "two": "2",
    "ba": "3",
    "three": "3",
    "bon": "4",
    "tu": "4",
    "four": "4",
    "nam": "5",
    "lam": "5",
    "five": "5",
    "sau": "6",
    "six": "6",
    "bay": "7",
    "seven": "7",
    "tam": "8",
    "eight": "8",
    "chin": "9",
    "nine": "9",
}
SPOKEN_DIGITS: Final = 6
SPOKEN: Final = re.compile(
    rf"(?<![^\W_])(?:(?:{'|'.join(SPELLED)}|\d{{1,12}})(?:[ .,\-]{{1,3}}|$)){{{SPOKEN_DIGITS},24}}",
)
SPOKEN_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
MONEY_OR_UNIT: Final = re.compile(
    r"\s{0,2}(?:k|tr|trieu|nghin|ngan|ty|cu|dong|vnd|%|cho|tuoi|nam|thang|ngay|nguoi|h|gio|cai|xe|tan|chiec)(?![a-z])"
)
DAY: Final = re.compile(r"\d{1,2}/\d{1,2}")  # "gọi lúc 10h ngày 25/11"
SHAPE_OF_A_DATE: Final = re.compile(r"\d{1,2}\s?[/.\-]\s?\d{1,2}\s?[/.\-]\s?(?:\d{4}|\d{2})\Z")


@dataclass(frozen=True, slots=True)
class Phone:
    """One number found. `e164` is empty when `invalid` says why it is none. `span` -- where it stood."""

    e164: str
    raw: str
    span: tuple[int, int]
    kind: str = "mobile"  # mobile, landline, foreign, service
    invalid: str = ""  # too_short, too_long, unknown_prefix, service_number
    converted: bool = False  # an old 11-digit prefix became a new one: read it back
    confirm: bool = False  # the leading 0 was missing: ask


class _Run(NamedTuple):
    """Groups of digits that stand together. `plus` -- the first one began with +."""

    groups: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    plus: bool


def find_phones(text: str, flat: str, *, asked: bool = False) -> list[Phone]:
    """All numbers in reading order; broken ones only when they are meant as one.

    asked -- the open question is the phone number: then any digits are meant as one
    """
    runs = _runs(flat)
    found = [phone for run in runs for phone in _valid(text, run)]
    if not found and (spoken := _spoken(text, flat)):
        found = [spoken]
    if found:
        return found
    broken = [phone for run in runs if (phone := _broken(text, flat, run, asked=asked))]
    return broken[:1]


def normalise(digits: str, *, plus: bool = False) -> Phone:
    """What a run of digits is as a phone number. `span` and `raw` are for the caller to fill."""
    national = _national(digits, plus=plus)
    if plus and not digits.startswith("84"):
        if 8 <= len(digits) <= 15:
            return Phone(f"+{digits}", digits, (0, 0), kind="foreign")
        return Phone("", digits, (0, 0), invalid="too_short" if len(digits) < 8 else "too_long")
    if SERVICE.match(digits):
        return Phone("", digits, (0, 0), kind="service", invalid="service_number")
    if MOBILE.match(national):
        return Phone(f"+84{national[1:]}", digits, (0, 0))
    if LANDLINE.match(national):
        return Phone(f"+84{national[1:]}", digits, (0, 0), kind="landline")
    if len(national) == 11 and national[:4] in OLD:
        return Phone(f"+84{OLD[national[:4]][1:]}{national[4:]}", digits, (0, 0), converted=True)
    if len(national) == 9 and MOBILE.match(f"0{national}"):
        return Phone(f"+84{national}", digits, (0, 0), confirm=True)
    return Phone("", digits, (0, 0), invalid=_why(national))


def _national(digits: str, *, plus: bool) -> str:
    """With a leading 0: 0084…, +84…, +84(0)… and a bare 84 + 9 digits."""
    if digits.startswith("0084"):
        digits, plus = digits[2:], True
    if digits.startswith("84") and (plus or len(digits) in (11, 12)):
        rest = digits[2:].removeprefix("0")
        if plus or (len(rest) == 9 and MOBILE.match(f"0{rest}")):
            return f"0{rest}"
    return digits


def _why(national: str) -> str:
    if len(national) < 10:
        return "too_short"
    if len(national) > 10:
        return "too_long"
    return "unknown_prefix"


def _runs(flat: str) -> list[_Run]:
    runs: list[_Run] = []
    groups: list[str] = []
    spans: list[tuple[int, int]] = []
    plus = False
    for piece in PIECE.finditer(flat):
        start, end = piece.span()
        if start and flat[start - 1].isalpha():
            continue
        joined = spans and not piece[1] and JOINT.match(flat, spans[-1][1], start)
        if not joined and groups:
            runs.append(_Run(tuple(groups), tuple(spans), plus))
            groups, spans = [], []
        if not groups:
            plus = bool(piece[1])
        groups.append(piece[2].translate(LETTERS))
        spans.append((start, end))
    if groups:
        runs.append(_Run(tuple(groups), tuple(spans), plus))
    return runs


def _valid(text: str, run: _Run) -> list[Phone]:
    """The numbers in a run: from each group on, the longest row of groups that is one."""
    if sum(map(len, run.groups)) < SHORTEST:
        return []
    found = []
    at = 0
    while at < len(run.groups):
        best: tuple[int, Phone] | None = None
        digits = ""
        for end in range(at, len(run.groups)):
            digits += run.groups[end]
            if len(digits) > LONGEST or (digits[0] in "1246" and not run.plus):
                break
            phone = _acceptable(digits, plus=run.plus and at == 0) if len(digits) >= SHORTEST else None
            if phone and not (phone.confirm and at and run.groups[0][0] == "0"):  # the rest of a number too long
                best = (end, phone)
        if best:
            end, phone = best
            span = (run.spans[at][0], run.spans[end][1])
            found.append(_placed(phone, text, span))
            at = end + 1
        else:
            at += 1
    return found


def _acceptable(digits: str, *, plus: bool) -> Phone | None:
    phone = normalise(digits, plus=plus)
    return None if phone.invalid else phone


def _placed(phone: Phone, text: str, span: tuple[int, int]) -> Phone:
    return Phone(phone.e164, text[span[0] : span[1]], span, phone.kind, phone.invalid, phone.converted, phone.confirm)


def _spoken(text: str, flat: str) -> Phone | None:
    """A number in words. Few people spell one out, so the pattern must be long: at least six digits in a row."""
    spelled = [word for word in SPOKEN_WORD.findall(flat) if word in SPELLED or word.isdecimal()]
    match = SPOKEN.search(flat) if len(spelled) >= SPOKEN_DIGITS else None
    if not match:
        return None
    digits = "".join(SPELLED.get(word, word) for word in SPOKEN_WORD.findall(match[0]))
    for size in (len(digits), 11, 10):
        for start in range(max(0, len(digits) - size) + 1):
            phone = normalise(digits[start : start + size])
            if not phone.invalid and not phone.confirm:
                return _placed(phone, text, match.span())
    return None


def _broken(text: str, flat: str, run: _Run, *, asked: bool) -> Phone | None:
    digits = "".join(run.groups)
    if not (len(digits) >= 3 if asked else _looks_meant(digits)):
        return None
    span = (run.spans[0][0], run.spans[-1][1])
    shown = flat[span[0] : span[1]]
    if SHAPE_OF_A_DATE.match(shown) or DAY.fullmatch(shown) or MONEY_OR_UNIT.match(flat, span[1]):
        return None
    phone = normalise(digits, plus=run.plus)
    return _placed(phone, text, span) if phone.invalid else None


def _looks_meant(digits: str) -> bool:
    """Nobody asked: eight to eleven digits that begin like a mobile number. Twelve may be an identity number."""
    return (8 <= len(digits) <= 11 and digits[0] == "0" and digits[1:2] in "35789") or bool(SERVICE.match(digits))


def chosen(phones: Sequence[Phone], *, corrected: bool) -> list[Phone]:
    """The numbers that count, the first one first. `corrected` -- the customer took back what he wrote before."""
    distinct = list({phone.e164 or phone.raw: phone for phone in phones}.values())
    return distinct[-1:] if corrected else distinct
