"""Everything a message holds beside its intent: contact data, papers, dates, product, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from handlers.understanding import dates, details, email, person, phone, plate
from handlers.understanding.fold import plain_words
from handlers.understanding.reading import Reading
from handlers.understanding.when import When, find_when

DIGIT: Final = re.compile(r"\d")
# keys of words without which nothing is said about time
TIME_KEYS: Final = frozenset(
    "mai nay mot kia sang trua chieu toi dem hom ngay gio phut tieng nua lat chut tuan thu cn chu nhat bua luc now anytime tomorrow today "
    "morning afternoon evening tonight noon monday tuesday wednesday thursday friday saturday sunday asap trong bay lien luon weekend tuy sao any ruoi am pm h".split()
)
YEAR_DIGITS: Final = 4
MOST: Final = 40  # numbers in one message; a list of more is no contact data
STARS: Final = re.compile(r"(?<!\d)([1-5])\s?(?:sao|diem|/\s?5|\*|stars?|⭐)?(?![\d/])")
CSAT_WORDS: Final = (
    ("rat te", 1), ("qua te", 1), ("te", 1), ("khong hai long", 2), ("chua tot", 2), ("chua hai long", 2), ("kem", 2), ("tam", 3), ("binh thuong", 3),
    ("rat hai long", 5), ("rat tot", 5), ("tuyet", 5), ("xuat sac", 5), ("qua tot", 5), ("hai long", 4), ("tot", 4), ("on", 4),
)  # fmt: skip


@dataclass(slots=True)
class Facts:
    """What was found, before the intent decides which of it counts."""

    phones: Sequence[phone.Phone] = ()
    emails: Sequence[email.Email] = ()
    plates: Sequence[plate.Plate] = ()
    name: person.Name | None = None
    company: str = ""
    cccd: str = ""
    passport: str = ""
    tax_code: str = ""
    when: When | None = None
    dob: str = ""
    dob_invalid: str = ""
    yob: int | None = None
    csat: int | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    amounts: Sequence[int] = ()
    model_year: int | None = None


def gather(reading: Reading, context: str, now: datetime) -> Facts:
    """All facts of a message. What is read as one thing is not read as another."""
    facts = Facts()
    text, flat = reading.text, reading.flat
    keys = reading.sentence.keys
    if "@" in text or "cong" in flat:
        facts.emails = email.find_emails(text)
    if "#" in keys:
        digits = sum([len(form) for key, form in reading.words if key == "#"])
        text, flat = _of_digits(facts, text, flat, context, now, digits)
    elif context == "ask_phone" or len(keys) >= 7:
        facts.phones = phone.find_phones(text, flat, asked=context == "ask_phone")
    said = plain_words(flat)
    facts.name = person.find_name(text, flat, said, asked=context == "ask_name", beside_phone=bool(facts.phones))
    facts.company = person.find_company(text, flat, said)
    if facts.numbers or not TIME_KEYS.isdisjoint(keys) or ("#" in keys and DIGIT.search(flat)):
        facts.when = find_when(text, flat, said, asked=context == "ask_time")
    if context == "csat":
        facts.csat = _csat(flat)
    return facts


def _of_digits(facts: Facts, text: str, flat: str, context: str, now: datetime, digits: int) -> tuple[str, str]:
    """Facts made of digits; returns the text with the contact data replaced by commas. `digits` -- how many there are."""
    year = now.year
    if context in ("ask_dob", "ask_name"):
        for day in dates.find_days(flat, solid=context == "ask_dob"):
            facts.dob, facts.dob_invalid = ("", "lunar") if dates.LUNAR.search(flat) else dates.born(day, year)
            break
    if digits >= plate.LEAST:
        facts.plates = plate.find_plates(text, flat, asked=context == "ask_plate")
        text, flat = _blank(text, flat, [found.span for found in facts.plates])
    if digits >= plate.CCCD_DIGITS:
        facts.cccd = plate.find_cccd(flat, asked=context == "ask_id")
    if context != "ask_dob" and not (facts.cccd and context != "ask_phone"):
        facts.phones = phone.find_phones(text, flat, asked=context == "ask_phone")
    text, flat = _blank(text, flat, [found.span for found in facts.phones])
    if facts.phones and facts.phones[0].e164:
        facts.cccd = ""
    if context == "ask_id" or "ho chieu" in flat or "passport" in flat:
        facts.passport = plate.find_passport(flat)
    if digits >= plate.TAX_CODE_DIGITS:
        facts.tax_code = plate.find_tax_code(flat)
    facts.yob = dates.year_of_birth(flat, year, bare=context in ("ask_dob", "ask_name")) if not facts.dob else None
    facts.numbers = details.find_numbers(flat)
    facts.amounts = details.find_amounts(flat)
    if digits >= YEAR_DIGITS:
        facts.model_year = details.model_year(flat, year)
    return text, flat


def _blank(text: str, flat: str, spans: Sequence[tuple[int, int]]) -> tuple[str, str]:
    """Both forms with commas where something has been read already."""
    for start, end in spans[:MOST]:
        gap = "," * (end - start)
        text = text[:start] + gap + text[end:]
        flat = flat[:start] + gap + flat[end:]
    return text, flat


def _csat(flat: str) -> int | None:
    match = STARS.search(flat)
    if match:
        return int(match[1])
    return next((score for words, score in CSAT_WORDS if re.search(rf"\b{words}\b", flat)), None)
