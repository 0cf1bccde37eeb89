"""Numbers told in words, over text without marks: 1 to 39 for days and months, and the years people are born in."""

from __future__ import annotations

import re
from typing import Final

UNITS: Final = {
    "khong": 0, "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "lam": 5, "nham": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9,
}  # fmt: skip
UNIT: Final = "(?:" + "|".join(UNITS) + ")"
SMALL: Final = (
    rf"(?:(?:{UNIT}\s)?muoi(?:\s{UNIT})?|{UNIT})"  # năm, mười, mười hai, hai mươi lăm, ba mốt is not said of days
)
MONTH: Final = rf"(?:muoi\smot|muoi\shai|muoi|{UNIT}|gieng|chap)"
MONTHS: Final = {"gieng": 1, "chap": 12}
# one word a digit: "một chín chín không"; in full: "một nghìn chín trăm chín mươi"; its last two: "chín mươi", "tám tám"
YEAR: Final = rf"(?:{UNIT}\s{UNIT}\s{UNIT}\s{UNIT}|(?:mot|hai)\s(?:nghin|ngan)(?:\s{UNIT}\stram)?(?:\s(?:linh|le))?(?:\s{SMALL})?|{UNIT}\smuoi(?:\s{UNIT})?|{UNIT}\s{UNIT})"
THOUSAND: Final = re.compile(r"nghin|ngan")


def small(words: str) -> int:
    """1 to 99, and the names of months; 0 when it is neither."""
    if words.isdigit():
        return int(words)
    if words in MONTHS:
        return MONTHS[words]
    tens, ten, ones = words.partition("muoi")
    if not ten:
        return UNITS.get(words, 0)
    return UNITS.get(tens.strip(), 1) * 10 + UNITS.get(ones.strip(), 0)


def year(words: str) -> tuple[int, bool]:
    """A year told in words, and whether its century is open; (0, False) when it is none."""
    said = words.split()
    if not said:
        return 0, False
    if len(said) >= 2 and THOUSAND.fullmatch(said[1]):
        hundreds = UNITS[said[2]] if "tram" in said else 0
        rest = " ".join(said[said.index("tram") + 1 :] if "tram" in said else said[2:])
        rest = re.sub(r"^(?:linh|le)\s", "", rest)
        return UNITS[said[0]] * 1000 + hundreds * 100 + (small(rest) if rest else 0), False
    if "muoi" in said:
        return small(words), True
    digits = [UNITS.get(word, -1) for word in said]
    if -1 in digits or len(digits) not in (2, 4):
        return 0, False
    return int("".join(map(str, digits))), len(digits) == 2
