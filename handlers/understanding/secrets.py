"""What must never be kept: card numbers, one-time codes, CVV, PIN and passwords are covered before anything is stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

COVER: Final = "•"
UNSEEN: Final = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff\u20e3"
DIGITS: Final = re.compile(rf"\d(?:[ \t.\-–—{UNSEEN}]{{0,3}}\d)+")
GROUP: Final = re.compile(rf"\d(?:[{UNSEEN}]{{0,3}}\d)*")
# issuers by their first digits: what stands beside other digits must begin like a card (9704 is Napas)
ISSUER: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}\Z|5[1-5]\d{14}\Z|2[2-7]\d{14}\Z|3[47]\d{13}\Z|3[0689]\d{12}\Z|35\d{14}\Z|6\d{15,18}\Z|9704\d{12}(?:\d{3})?\Z"
)
SHORTEST: Final = 13  # digits of a card
LINK: Final = (
    r"(?:\s{0,3}(?:là|la|is|=|:|->|cua toi la|của tôi là|của em là|nè|ne|này|nay|vừa nhận|gửi về|số|so))*[\s:=\-.]{0,4}"
)
# ordinary words after "mã", "mật khẩu": a sentence about codes is no code
CODE: Final = re.compile(
    rf"(?:otp|mã xác (?:thực|minh|nhận)|ma xac (?:thuc|minh|nhan)|verification code|mã smart|mã giao dịch|soft otp){LINK}"
    rf"(?P<code>\d(?:[ \-]?\d){{3,7}})(?!\d)|(?P<before>(?<!\d)\d(?:[ \-]?\d){{3,7}})(?!\d)\s{{0,3}}(?:là|la|is)?\s{{0,3}}(?:mã\s|ma\s)?otp",
    re.IGNORECASE,
)
CVV: Final = re.compile(
    rf"\b(?:cvv2?|cvc2?|mã bảo mật thẻ|số bảo mật|csc){LINK}(?P<code>\d{{3,4}})(?!\d)", re.IGNORECASE
)
PIN: Final = re.compile(
    rf"\b(?:mã pin|ma pin|pin|passcode|mã mở khóa){LINK}(?P<code>\d(?:[ \-]?\d){{3,7}})(?!\d)", re.IGNORECASE
)
# (?=…\d|[:=]): without a colon a password has a digit or a sign in it, so that "mật khẩu của tôi bị quên" stays readable
PASSWORD: Final = re.compile(
    r"(?:mật khẩu|mat khau|\bpassword|\bpasswd|\bpwd|\bpass|\bmk(?=\s{0,2}[:=]|\s(?:ngân hàng|ngan hang|facebook|fb|zalo|gmail|mail|thẻ|app)))"
    r"(?:\s(?:ngân hàng|ngan hang|facebook|fb|zalo|gmail|mail|email|thẻ|app|wifi|của|cua|tôi|toi|em|mình|minh|anh|chị)){0,4}"
    r"(?:\s{0,3}[:=]\s{0,3}(?:là\s|la\s)?(?P<told>\S{3,64})|\s{1,3}(?:là|la|is|nè)?\s{0,3}(?P<code>(?=\S{0,63}[\d@#$%!])[^\s,;:?]{4,64}))",
    re.IGNORECASE,
)
CLUES: Final = ("otp", "mã", "ma ", "verif", "cv", "csc", "bảo mật", "pin", "pass", "mật khẩu", "mat khau", "pwd", "mk")


def luhn(digits: str) -> bool:
    """The check sum of payment cards."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mask(text: str) -> tuple[str, bool]:
    """`text` with every secret covered, and whether there was one. Nothing else changes, not even a space."""
    spans = list(_cards(text))
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    lower = composed.lower()
    if any(map(lower.__contains__, CLUES)):
        if composed != text:  # a password told in decomposed letters
            text, spans = composed, list(_cards(composed))
        for pattern in (CODE, CVV, PIN, PASSWORD):
            for match in pattern.finditer(text):
                spans += [match.span(name) for name, value in match.groupdict().items() if value]
    if not spans:
        return text, False
    letters = list(text)
    for start, end in spans:
        letters[start:end] = [COVER if not letter.isspace() else letter for letter in letters[start:end]]
    return "".join(letters), True


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in DIGITS.finditer(text):
        if run.end() - run.start() < SHORTEST:
            continue
        groups = [(match.start() + run.start(), match.end() + run.start()) for match in GROUP.finditer(run[0])]
        yield from _cards_in(text, groups)


def _cards_in(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Card numbers that begin and end with a group: a run may also hold an expiry date or a phone number."""
    plain = [_ascii_digits(text[start:end]) for start, end in groups]
    at = 0
    while at < len(groups):
        found = 0
        digits = ""
        for end in range(at, min(at + 19, len(groups))):
            digits += plain[end]
            if len(digits) > 19:
                break
            alone = at == 0 and end == len(groups) - 1 and digits[0] != "0"
            if len(digits) >= SHORTEST and (alone or ISSUER.match(digits)) and luhn(digits):
                found = end + 1
        if found:
            yield groups[at][0], groups[found - 1][1]
            at = found
        else:
            at += 1


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())
