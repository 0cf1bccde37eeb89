"""The numbers of papers (data dictionary 2.4): normal forms, nothing derived from them."""

from __future__ import annotations

import re
from typing import Final

from handlers.understanding.phone import SPELLED

JOINT: Final = r"[ .\-–_]{0,2}"
CCCD: Final = re.compile(rf"(?<![\d+])(\d(?:{JOINT}\d){{11}})(?!{JOINT}\d)")
# asked for it, however the digits are set apart; what is solid comes first, and a date may follow it
ASKED_JOINT: Final = r"[ .,/()\-–_|]{0,3}"
ASKED_CCCD: Final = re.compile(rf"(?<!\d)(\d{{12}})(?!\d)|(?<![\d+])(\d(?:{ASKED_JOINT}\d){{11}})(?!{ASKED_JOINT}\d)")
CCCD_DIGITS: Final = 12
LETTER_O: Final = re.compile(r"(?<=\d)o+(?![a-z])|(?<![a-z])o+(?=\d)")
LETTER_L: Final = re.compile(r"(?<=\d)[li](?=\d)")
SET_APART: Final = re.compile(r"(?<=[a-z\d])\s?[.,;\-]+\s?(?=[a-z\d])")
# read aloud, digit by digit
TOLD: Final = re.compile(rf"(?<![a-z])(?:(?:{'|'.join(SPELLED)}|\d{{1,4}})(?:\s|\Z)){{8,12}}")
CCCD_WORD: Final = re.compile(r"cccd|can cuoc|cmnd|cmt|chung minh|dinh danh|\bcc\b|\bid\b|giay to")
PASSPORT: Final = re.compile(r"(?<![a-z\d])([a-z][ .\-]?\d(?:[ .\-]?\d){6,7})(?![a-z\d])")
SET_OFF: Final = re.compile(r"[ .\-]")
TAX_CODE: Final = re.compile(r"(?:mst|ma so thue|tax code)\D{0,12}(\d{10}(?:-\d{3})?)(?!\d)")
TAX_CODE_DIGITS: Final = 10
# codes of the provinces of birth registration, data dictionary 2.4
BIRTH_PROVINCES: Final = frozenset(
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 044 "
    "045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 089 091 "
    "092 093 094 095 096".split()
)
DIGITS_TOLD: Final = re.compile(r"\d")
NO_DIGITS: Final = re.compile(r"\D")
NOWHERE: Final = (0, 0)


def find_cccd(flat: str, *, asked: bool = False, phone_asked: bool = False) -> tuple[str, tuple[int, int]]:
    """A 12-digit citizen's number when one is meant, else '', and where it stands.

    phone_asked -- the open question is the phone number: only what is called a citizen's number is one
    """
    if asked and (told := TOLD.search(SET_APART.sub(" ", flat))):
        digits = "".join(SPELLED.get(word, word) for word in told[0].split())
        if len(digits) == CCCD_DIGITS:
            return digits, (told.span() if SET_APART.search(flat) is None else (0, len(flat)))
        if not DIGITS_TOLD.search(flat):
            return "", NOWHERE
    if asked:
        flat = LETTER_L.sub("1", LETTER_O.sub(lambda found: "0" * len(found[0]), flat))
        match = ASKED_CCCD.search(flat)
        return (NO_DIGITS.sub("", match[0]), match.span()) if match else ("", NOWHERE)
    named = CCCD_WORD.search(flat) is not None
    for match in CCCD.finditer(flat):
        digits = NO_DIGITS.sub("", match[1])
        born = digits == match[1] and digits[:3] in BIRTH_PROVINCES and digits[3] in "0123"
        if named or (born and not phone_asked):
            return digits, match.span()
    return "", NOWHERE


def find_passport(flat: str) -> str:
    """A Vietnamese passport number, else ''."""
    match = PASSPORT.search(flat)
    return SET_OFF.sub("", match[1]).upper() if match else ""


def find_tax_code(flat: str) -> str:
    """A tax code that is called one, else ''."""
    match = TAX_CODE.search(flat)
    return match[1] if match else ""
