"""Telephone numbers, only as far as two spellings of one are one."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

WORDS: Final = 800  # code points of a number that are compared: long runs of marks take long to normalise
_DIGITS: Final = re.compile(r"[^\d+]")


def number(text: str) -> str:
    """E.164 of a Vietnamese number however it is spelled, another country's as it is; '' when there are no digits."""
    shown = unicodedata.normalize("NFKC", text[:WORDS])
    digits = _DIGITS.sub("", shown.partition(";")[0].replace("sip:", "").partition("@")[0])
    plus, digits = digits.startswith("+"), digits.replace("+", "")
    if not digits:
        return ""
    if digits.startswith("00"):
        plus, digits = True, digits[2:]
    if digits.startswith("84") and 11 <= len(digits) <= 12:
        return f"+{digits[:2]}{digits[2:].removeprefix('0')}"
    if plus and len(digits) <= 15:
        return f"+{digits}"
    if digits.startswith("0") and 9 <= len(digits) - 1 <= 10:
        return f"+84{digits[1:]}"
    if len(digits) == 9 and digits[0] in "35789":
        return f"+84{digits}"
    return digits[:20]
