"""Plates (data dictionary 2.7) and the numbers of papers (2.4): normal forms, nothing derived from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# data dictionary 2.7: 11-99 without these
NO_PROVINCE: Final = frozenset({"13", "42", "44", "45", "46", "87", "91", "96"})
JOINT: Final = r"[\s.\-–_]{0,3}"
# province, series (one letter and perhaps a letter or digit; two-letter series; MĐ of electric motorcycles), number
# province; then one or two letters and five digits (cars), or any series and a shorter or separate number
SHAPE: Final = re.compile(
    rf"(?<![\w@])([1-9]\d){JOINT}(?:([a-z]{{1,2}}){JOINT}(\d{{3}}[\s.\-]?\d{{2}})"
    rf"|(md\s?\d?|[a-z]{JOINT}\d|[a-z]{{1,2}}){JOINT}(\d{{3}}[\s.\-]?\d{{2}}|\d{{3,5}}))(?![\w@])"
)
JOINTS: Final = re.compile(r"[\s.\-–_]")
NO_DIGITS: Final = re.compile(r"\D")
LEAST: Final = 5  # digits in a plate: two and three
PLATE_WORD: Final = re.compile(r"bien(?: so)?|bks|\bbs\b")
UNIT_AFTER: Final = re.compile(r"\s?(?:k|tr|trieu|nghin|ngan|ty|dong|vnd)\b")
# two letters that are a word between two numbers, not a series: "30 xe 12345"
NO_SERIES: Final = frozenset(
    {"xe", "km", "cc", "cm", "kg", "tr", "va", "ng", "de", "la", "co", "bo", "me", "ba", "ty", "th"}
)
CCCD: Final = re.compile(r"(?<![\d+])(\d{3}[ .]?\d{3}[ .]?\d{3}[ .]?\d{3})(?!\d)")
CCCD_DIGITS: Final = 12
CCCD_WORD: Final = re.compile(r"cccd|can cuoc|cmnd|chung minh|dinh danh|\bid\b")
PASSPORT: Final = re.compile(r"(?<![a-z\d])([a-z]\d{7,8})(?![a-z\d])")
TAX_CODE: Final = re.compile(r"(?:mst|ma so thue|tax code)\D{0,12}(\d{10}(?:-\d{3})?)(?!\d)")
TAX_CODE_DIGITS: Final = 10
# codes of the provinces of birth registration, data dictionary 2.4
BIRTH_PROVINCES: Final = frozenset(
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 044 "
    "045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 089 091 "
    "092 093 094 095 096".split()
)


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
    for match in SHAPE.finditer(flat):
        series = JOINTS.sub("", match[2] or match[4])
        number = NO_DIGITS.sub("", match[3] or match[5])
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
            if asked or PLATE_WORD.search(flat):
                found.append(Plate("", raw, span, invalid))
            continue
        letters = series.upper()
        if "đ" in raw.lower() and letters[:2] in ("MD", "TD"):
            letters = f"{letters[0]}Đ{letters[2:]}"
        found.append(Plate(f"{match[1]}{letters}-{number}", raw, span))
    return found


def find_cccd(flat: str, *, asked: bool = False) -> str:
    """A 12-digit citizen's number when one is meant, else ''."""
    for match in CCCD.finditer(flat):
        digits = NO_DIGITS.sub("", match[1])
        meant = asked or CCCD_WORD.search(flat) is not None
        if meant or (digits == match[1] and digits[:3] in BIRTH_PROVINCES and digits[3] in "0123"):
            return digits
    return ""


def find_passport(flat: str) -> str:
    """A Vietnamese passport number, else ''."""
    match = PASSPORT.search(flat)
    return match[1].upper() if match else ""


def find_tax_code(flat: str) -> str:
    """A tax code that is called one, else ''."""
    match = TAX_CODE.search(flat)
    return match[1] if match else ""
