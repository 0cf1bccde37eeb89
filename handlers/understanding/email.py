"""E-mail addresses as typed and as spelled out (data dictionary 2.3): "a còng", "chấm", spaces around the signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from handlers.understanding.fold import flatten

# the words for the signs, only where letters stand on both sides of them
PROVIDER: Final = "gmail|yahoo|hotmail|outlook|icloud|proton|ymail|live|go meo|gmeo|g mail|gi meo"
TLD: Final = "com|vn|net|org|edu|gov|info|biz|co|me|io|us|uk|jp|de|fr|asia|name|pro"
AT_WORD: Final = re.compile(
    r"(?<=[a-z0-9._])\s{0,2}(?:[(\[]\s?at\s?[)\]]|a-?còng)\s{0,2}(?=[a-z])"
    r"|(?<=[a-z0-9._])\s{1,2}(?:a[\s\-]?(?:c[òo]ng|móc|mốc|vòng|móng)|còng|@"
    rf"|(?:a[\s\-]?)?cong(?=\s{{1,2}}(?:{PROVIDER})\b)|at(?=\s{{1,2}}(?:{PROVIDER})\b))\s{{1,2}}(?=[a-z])"
)
DOT_WORD: Final = re.compile(r"(?<=[a-z0-9])\s{1,2}(?:cham|dot|phay)\s{1,2}(?=[a-z0-9])")
UNDERSCORE: Final = re.compile(
    r"(?<=[a-z0-9])\s{1,2}(?:gach duoi|gach chan|underscore|dau gach duoi)\s{1,2}(?=[a-z0-9])"
)
HYPHEN: Final = re.compile(r"(?<=[a-z0-9])\s{1,2}(?:gach ngang|dau tru|dau gach ngang)\s{1,2}(?=[a-z0-9])")
GMAIL: Final = re.compile(r"\b(?:go|g|gi|ji)\s?(?:meo|meu|meil|mail)\b")
AROUND_SIGN: Final = re.compile(r"\s{0,2}([@])\s{0,2}")
# a dot that is one: before what domains end in. Behind a whole domain a comma ends it ("abc.vn, cc …")
AROUND_DOT: Final = re.compile(
    rf"(?<=[a-z0-9])(?:\s{{1,2}}[.,]\s{{0,2}}|[.,]\s{{1,2}}|,)(?=(?:{TLD}|{PROVIDER})(?:\s?[.,]\s?(?:{TLD}))?(?![a-z0-9]))"
)
# who sets his provider's dot off, or types a comma for it, does so before the @ too
ODD_DOT: Final = re.compile(rf"(?:{PROVIDER})(\s?,\s?|\s\.\s?)(?:{TLD})\b")
BEFORE_SIGN: Final = re.compile(r"(?<=[a-z0-9])(?:,|\s\.\s)(?=[a-z0-9._]{1,40}\Z)")
HINTS: Final = ("@", "cong", " at ", "(at", "[at", "moc", "vong", ".com")
# glued to its provider, or with a digit or a dot that no word has
WITHOUT_SIGN: Final = re.compile(
    r"(?<![\w.@/])([a-z][a-z._]{0,40}[\d.][a-z\d._]{0,20}(?=\s?(?:gmail|yahoo|hotmail|outlook|icloud)\.)|[a-z\d._]{3,60}(?=(?:gmail|yahoo|hotmail|outlook|icloud)\.))"
    r"\s?((?:gmail|yahoo|hotmail|outlook|icloud)\.com(?:\.vn)?)(?![\w.])"
)
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


def may_hold(flat: str) -> bool:
    """Whether there is anything in a text, lower case and without marks, that an address has."""
    return any(map(flat.__contains__, HINTS))


def find_emails(text: str) -> list[Email]:
    """All addresses in reading order. Wants `clean` text: "còng" is @, "công" is not."""
    text = text.lower()
    if "@" not in text:
        if not AT_WORD.search(text):
            return _without_sign(flatten(text))
        text = AT_WORD.sub("@", text, count=4)
    text = AROUND_SIGN.sub(r"\1", flatten(text))
    text = HYPHEN.sub("-", UNDERSCORE.sub("_", GMAIL.sub("gmail", text)))
    head, at, tail = text.partition("@")
    if ODD_DOT.match(tail):
        head = BEFORE_SIGN.sub(".", head)
    text = DOT_WORD.sub(".", head) + at + AROUND_DOT.sub(".", DOT_WORD.sub(".", tail))
    return [_judged(match[0].rstrip(".-")) for match in ADDRESS.finditer(text)]


def _without_sign(flat: str) -> list[Email]:
    """An address without its @: never taken, but shown."""
    match = WITHOUT_SIGN.search(flat)
    if not match or match[1].endswith("."):
        return []
    return [Email("", match[0], invalid="suspect_domain", suggest=f"{match[1]}@{match[2]}")]


def _judged(address: str) -> Email:
    _, _, domain = address.partition("@")
    if "." not in domain:
        return Email("", address, invalid="no_tld")
    if domain in SLIPS:
        return Email("", address, invalid="suspect_domain", suggest=address.removesuffix(domain) + SLIPS[domain])
    if ".." in address or not SOUND.match(address) or domain.rpartition(".")[2] in NEVER_TLD:
        return Email("", address, invalid="suspect_domain")
    return Email(address, address)
