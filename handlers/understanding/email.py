"""E-mail addresses as typed and as spelled out (data dictionary 2.3): "a còng", "chấm", spaces around the signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from handlers.understanding.fold import flatten

# the words for the signs, only where letters stand on both sides of them
AT_WORD: Final = re.compile(
    r"(?<=[a-z0-9._])\s{1,2}(?:a\s?c[òo]ng|còng|(?:a\s)?cong(?=\s{1,2}(?:gmail|yahoo|hotmail|outlook|icloud)))\s{1,2}(?=[a-z])"
)
DOT_WORD: Final = re.compile(r"(?<=[a-z0-9])\s{1,2}(?:cham|dot)\s{1,2}(?=[a-z0-9])")
GMAIL: Final = re.compile(r"\b(?:go|g|gi)\s?(?:meo|meil|mail)\b")
AROUND_SIGN: Final = re.compile(r"\s{0,2}([@])\s{0,2}")
AROUND_DOT: Final = re.compile(r"(?<=[a-z0-9])(?:\s{1,2}[.,]\s{0,2}|[.,]\s{1,2}|,)(?=[a-z]{2,10}(?:\.[a-z]{2,4})?\b)")
ADDRESS: Final = re.compile(r"[a-z0-9][a-z0-9._%+\-]{0,63}@[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){0,4}")
SOUND: Final = re.compile(
    r"[a-z0-9](?:[a-z0-9._%+\-]{0,62}[a-z0-9_+\-])?@[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?(?:\.[a-z0-9\-]{1,63}){0,3}\.[a-z]{2,24}\Z"
)
# seen slips of the common providers; we suggest, the customer decides
SLIPS: Final = {
    "gmial.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gmaill.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gnail.com": "gmail.com",
    "gmail.con": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.cm": "gmail.com",
    "gmail.vn": "gmail.com",
    "gmail.comm": "gmail.com",
    "gmail.com.vn": "gmail.com",
    "gmail.om": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmai.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "yahho.com": "yahoo.com",
    "yhoo.com": "yahoo.com",
    "yahoo.co": "yahoo.com",
    "outlok.com": "outlook.com",
    "outlook.con": "outlook.com",
    "iclould.com": "icloud.com",
    "icloud.con": "icloud.com",
}
NEVER_TLD: Final = frozenset({"con", "cmo", "ocm", "comm", "cim", "vom"})


@dataclass(frozen=True, slots=True)
class Email:
    """One address found. `address` is empty when `invalid` says why; `suggest` -- what was probably meant."""

    address: str
    raw: str
    invalid: str = ""  # no_tld, suspect_domain
    suggest: str = ""


def find_emails(text: str) -> list[Email]:
    """All addresses in reading order. Wants `clean` text: "còng" is @, "công" is not."""
    text = text.lower()
    if "@" not in text:
        if not AT_WORD.search(text):
            return []
        text = AT_WORD.sub("@", text, count=4)
    text = AROUND_SIGN.sub(r"\1", flatten(text))
    text = GMAIL.sub("gmail", text)
    head, at, tail = text.partition("@")
    text = DOT_WORD.sub(".", head) + at + AROUND_DOT.sub(".", DOT_WORD.sub(".", tail))
    return [_judged(match[0].rstrip(".-")) for match in ADDRESS.finditer(text)]


def _judged(address: str) -> Email:
    _, _, domain = address.partition("@")
    if "." not in domain:
        return Email("", address, invalid="no_tld")
    if domain in SLIPS:
        return Email("", address, invalid="suspect_domain", suggest=address.removesuffix(domain) + SLIPS[domain])
    if ".." in address or not SOUND.match(address) or domain.rpartition(".")[2] in NEVER_TLD:
        return Email("", address, invalid="suspect_domain")
    return Email(address, address)
