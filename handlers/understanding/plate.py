"""Plates (data dictionary 2.7): their normal form, nothing derived from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from handlers.understanding.numerals import UNIT, small
from handlers.understanding.phone import SPELLED

# data dictionary 2.7: 11-99 without these
NO_PROVINCE: Final = frozenset({"13", "42", "44", "45", "46", "87", "91", "96"})
JOINT: Final = r"[\s.\-–_]{0,3}"
SIGN: Final = r"[\s.\-–_/]{1,3}"
FIVE: Final = r"\d(?:[\s.\-]?\d){4}"
FEWER: Final = r"\d(?:[\s.\-]?\d){3}"
# the province, then by how the series is set off: "59X1-123.45", "36N-4182"; "51F12345"; "59 X 1 12345"; a number too short
SHAPE: Final = re.compile(
    rf"(?<![\w@])([1-9]\d){JOINT}(?:(md\s?\d?|[a-z]\d|[a-z]{{1,2}}){SIGN}({FIVE}|{FEWER})"
    rf"|([a-z]{{1,2}})({FIVE})"
    rf"|(md\s?\d?|[a-z]{JOINT}\d){JOINT}({FIVE}|{FEWER})"
    r"|([a-z]{1,2})(\d{4})"
    rf"|(md\s?\d?|[a-z]{JOINT}\d|[a-z]{{1,2}}){JOINT}(\d{{3}}))(?![\w@])"
)
OLD: Final = 4  # digits of an old number
JOINED: Final = re.compile(r"\d\d[a-z][.\-–_]")
JOINTS: Final = re.compile(r"[\s.\-–_]")
NO_DIGITS: Final = re.compile(r"\D")
LETTER_O: Final = re.compile(r"(?<=[\d.\- ])o(?=[\d.])")  # for a nought, where a plate was asked for
PROVINCE: Final = 2  # digits
LEAST: Final = 5  # digits in a plate: two and three
PLATE_WORD: Final = re.compile(r"bien(?: so)?|bks|\bbs\b")
UNIT_AFTER: Final = re.compile(r"\s?(?:k|tr|trieu|nghin|ngan|ty|dong|vnd)\b")
# two letters that are a word between two numbers, not a series: "30 xe 12345"
NO_SERIES: Final = frozenset({"xe", "km", "cc", "cm", "kg", "tr", "va", "de", "la", "co", "bo", "me", "ba", "ty", "th"})
# a plate read aloud: digits and the names of letters, over text without marks
LETTER_NAMES: Final = {
    "a": "A", "be": "B", "bo": "B", "xe": "C", "co": "C", "de": "D", "do": "D", "e": "E", "ep": "F", "phe": "F", "gie": "G", "go": "G", "hat": "H", "ho": "H",
    "ka": "K", "ca": "K", "lo": "L", "el": "L", "mo": "M", "em": "M", "no": "N", "en": "N", "pe": "P", "po": "P", "ro": "R", "so": "S", "et": "S", "to": "T",
    "te": "T", "u": "U", "ve": "V", "vo": "V", "ich": "X", "ix": "X", "xi": "X", "y": "Y", "det": "Z", "b": "B", "c": "C", "d": "D", "f": "F", "g": "G",
    "h": "H", "k": "K", "l": "L", "m": "M", "n": "N", "p": "P", "r": "R", "s": "S", "t": "T", "v": "V", "x": "X", "z": "Z",
}  # fmt: skip
TENS: Final = re.compile(rf"(?<![a-z]){UNIT} muoi(?: {UNIT})?(?![a-z])")  # "năm mươi chín"
BETWEEN: Final = frozenset("cham phay gach ngang tru pho roi".split())
SAID: Final = re.compile(r"[a-z]+|\d+")
FORMED: Final = re.compile(r"(\d\d)([A-Z]{1,2})(?:(\d)(\d{5})|(\d{4,5}))\Z")
LONGEST: Final = 12  # characters


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate found, `59X1-12345`; empty when `invalid` says why."""

    plate: str
    raw: str
    span: tuple[int, int]
    invalid: str = ""  # bad_serial, bad_province


def find_plates(text: str, flat: str, *, asked: bool = False) -> list[Plate]:
    """All plates in reading order; broken ones only when a plate is what was asked or named."""
    found = []
    if asked and "o" in flat:
        flat = LETTER_O.sub("0", flat)
    for match in SHAPE.finditer(flat):
        series_said, number_said = list(filter(None, match.groups()))[1:]
        series, number = JOINTS.sub("", series_said), NO_DIGITS.sub("", number_said)
        named = asked or PLATE_WORD.search(flat) is not None
        if not named and len(series) == 1 and len(number) == OLD and JOINED.match(match[0]) is None:
            continue  # nobody speaks of a plate: "50k 1000" is none
        if series in NO_SERIES or UNIT_AFTER.match(flat, match.end()):
            continue
        span = match.span()
        raw = text[span[0] : span[1]]
        invalid = ""
        if len(number) == 3:
            invalid = "bad_serial"
        elif match[1] == "10" or match[1] in NO_PROVINCE:
            invalid = "bad_province"
        if invalid:
            if named:
                found.append(Plate("", raw, span, invalid))
            continue
        letters = series.upper()
        if "đ" in raw.lower() and letters[:2] in ("MD", "TD"):
            letters = f"{letters[0]}Đ{letters[2:]}"
        found.append(Plate(f"{match[1]}{letters}-{number}", raw, span))
    return found


def _in_digits(tens: re.Match[str]) -> str:
    return str(small(tens[0]))


def may_be_told(flat: str, *, asked: bool) -> bool:
    """Whether words are to be read as a plate."""
    return asked or PLATE_WORD.search(flat) is not None


def spoken_plate(flat: str) -> Plate | None:
    """A plate of which some digits are told in words: "năm chín ích một tám không sáu bốn lăm"."""
    said = [word for word in SAID.findall(TENS.sub(_in_digits, flat)) if word not in BETWEEN]
    for at in range(len(said)):
        letters = ""
        for end in range(at, len(said)):
            word = said[end]
            one = (
                word
                if word.isdigit()
                else SPELLED.get(word, "")
                if len(letters) != PROVINCE
                else LETTER_NAMES.get(word, "")
            )
            if len(letters) > PROVINCE and not one and letters[-1:].isalpha():
                one = LETTER_NAMES.get(word, "")
            if not one or len(letters) + len(one) > LONGEST:
                break
            letters += one
        match = FORMED.match(letters)
        if match and match[1] not in NO_PROVINCE and letters[0] != "0":
            return Plate(f"{match[1]}{match[2]}{match[3] or ''}-{match[4] or match[5]}", flat, (0, 0))
    return None
