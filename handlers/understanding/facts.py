"""Everything a message holds beside its intent: contact data, papers, dates, product, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from handlers.understanding import bounds, dates, details, email, papers, person, phone, plate, trip
from handlers.understanding.fold import flatten, plain_words
from handlers.understanding.reading import Reading
from handlers.understanding.when import When, find_when

NAMED_SO: Final = re.compile(rf"\b(?:{'|'.join(details.NUMBER_WORDS)}) nam(?=\s*,,,)")  # "Hai Năm 0912345678"
DIGIT: Final = re.compile(r"\d")
# keys of words without which nothing is said about time
TIME_KEYS: Final = frozenset(
    "mai nay mot kia sang trua chieu toi dem hom ngay gio phut tieng nua lat chut tuan thu cn chu nhat bua luc now anytime tomorrow today "
    "morning afternoon evening tonight noon monday tuesday wednesday thursday friday saturday sunday asap trong bay lien luon weekend tuy sao any ruoi am pm h".split()
)
WEEKDAY_NAME: Final = re.compile(r"(?:(?:sang|trua|chieu|toi|dem) )?thu")  # "sáng thứ 3" is nobody
BORN: Final = frozenset({"ask_dob", "ask_name"})
BIRTH: Final = re.compile(r"\bs[ia]nh\b|\bsn\b|\bborn\b")
NEAR: Final = 24  # characters from "sinh" to the day
YEAR_DIGITS: Final = 4
DATE_DIGITS: Final = 2
MOST: Final = 40  # numbers in one message; a list of more is no contact data
# what is put right is not what was meant: "không phải 3h mà 4h"
NOT_MEANT: Final = re.compile(
    r"\bkhong phai (?:la )?[^,;.]{1,24}?(?=[,;.]|\bma\b|\bphai la\b|$)"
    r"|\b(?:dung|khoi) (?:goi|phone|dien|lien he) (?:buoi |luc |vao )?(?:sang|trua|chieu|toi|dem|gio)\b[^,;.\d]{0,16}[,;.]"
    r"|\b(?:dung|khoi) (?:co )?(?:goi|phone|dien|alo|lien he) (?:(?:cho )?[a-z]+ )?(?:luc|vao|hoi|tam) \d{1,2}\s?(?:h|gio)(?:\s?\d\d(?!\d))?(?: (?:sang|trua|chieu|toi))?\b"
)
NOT_THEN: Final = frozenset({"phai", "dung", "khoi"})
SAID_NUMBERS: Final = frozenset({"hai", "bon"}) | details.ENGLISH_NUMBERS  # the others are as often other words
STARS: Final = re.compile(r"(?<!\d)([1-5])\s?(?:sao|diem|/\s?5|\*|stars?|⭐)?(?![\d/])")
STAR_SIGN: Final = "⭐"
STAR_WORDS: Final = ("mot", "hai", "ba", "bon", "nam")
STARS_SAID: Final = re.compile(rf"\b({'|'.join(STAR_WORDS)})\s(?:sao|diem)\b")
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
    trip: trip.Trip | None = None


def gather(reading: Reading, context: str, now: datetime) -> Facts:
    """All facts of a message. What is read as one thing is not read as another."""
    facts = Facts()
    text, flat = reading.text, reading.flat
    keys = reading.sentence.keys
    if email.may_hold(flat):
        facts.emails = email.find_emails(text)
    if context in BORN or "sinh" in keys:
        _birth(facts, flat, context, now.year)
    if "#" in keys:
        digits = sum([len(form) for key, form in reading.words if key == "#"])
        text, flat = _of_digits(facts, text, flat, context, now, digits)
    elif plate.may_be_told(flat, asked=context == "ask_plate") and (told := plate.spoken_plate(flat)):
        facts.plates = [told]
    elif context == "ask_id":
        facts.cccd, _ = papers.find_cccd(flat, asked=True)
    elif context == "ask_phone" or len(keys) >= 7:
        facts.phones = phone.find_phones(text, flat, asked=context == "ask_phone")
    said = plain_words(flat)  # a key has lost its double letters: "tomorrow", "three"
    if not facts.numbers and not SAID_NUMBERS.isdisjoint(said):
        facts.numbers = details.find_numbers(flat)
    if not facts.numbers and bounds.IN_WORDS.search(flat):
        facts.numbers = bounds.ranges(flat)[0]
    if not facts.amounts and not details.SUM_KEYS.isdisjoint(keys):
        facts.amounts = details.find_amounts(flat)
    facts.name = person.find_name(text, flat, said, asked=context == "ask_name", beside_phone=bool(facts.phones))
    if "term_years" in facts.numbers and (named := _named_so(text, flat, facts.name)):
        facts.numbers = details.find_numbers(_blank(text, flat, [named])[1])
    facts.company = person.find_company(text, flat, said)
    if (
        facts.numbers
        or not (TIME_KEYS.isdisjoint(keys) and TIME_KEYS.isdisjoint(said))
        or ("#" in keys and DIGIT.search(flat))
    ):
        meant = (
            _blank(text, flat, [found.span() for found in NOT_MEANT.finditer(flat)])
            if not NOT_THEN.isdisjoint(keys)
            else (text, flat)
        )
        facts.when = find_when(*meant, said, asked=context == "ask_time")
    if facts.name and facts.when and WEEKDAY_NAME.fullmatch(flatten(facts.name.name)):
        facts.name = None
    if context == "csat":
        facts.csat = _csat(flat)
    return facts


def _birth(facts: Facts, flat: str, context: str, year: int) -> None:
    """When somebody was born: what was asked for, or what is called so."""
    flat = dates.asked_for(flat)
    told = BIRTH.search(flat)
    at = told.start() if told and context not in BORN else 0
    for day in dates.find_days(flat[at:], solid=context == "ask_dob"):
        if context in BORN or day.span[0] <= NEAR:
            facts.dob, facts.dob_invalid = ("", "lunar") if dates.LUNAR.search(flat) else dates.born(day, year)
        break
    if not facts.dob:
        facts.yob = dates.year_of_birth(flat, year, bare=context in BORN)


def _of_digits(facts: Facts, text: str, flat: str, context: str, now: datetime, digits: int) -> tuple[str, str]:
    """Facts made of digits; returns the text with the contact data replaced by commas. `digits` -- how many there are."""
    year = now.year
    if digits >= plate.LEAST:
        facts.plates = plate.find_plates(text, flat, asked=context == "ask_plate")
    asked = context == "ask_plate"
    if not facts.plates and plate.may_be_told(flat, asked=asked) and (told := plate.spoken_plate(flat)):
        facts.plates = [told]
    if facts.plates:
        text, flat = _blank(text, flat, [found.span for found in facts.plates])
    if digits >= papers.CCCD_DIGITS or context == "ask_id":
        facts.cccd, span = papers.find_cccd(flat, asked=context == "ask_id", phone_asked=context == "ask_phone")
        text, flat = _blank(text, flat, [span])
    if context != "ask_dob" and not (
        facts.cccd and context == "ask_id" and digits < papers.CCCD_DIGITS + phone.SHORTEST
    ):
        facts.phones = phone.find_phones(text, flat, asked=context == "ask_phone")
    text, flat = _blank(text, flat, [found.span for found in facts.phones])
    if context == "ask_id" or "ho chieu" in flat or "passport" in flat:
        facts.passport = papers.find_passport(flat)
    if digits >= papers.TAX_CODE_DIGITS:
        facts.tax_code = papers.find_tax_code(flat)
    facts.numbers = details.find_numbers(flat)
    facts.amounts = details.find_amounts(flat)
    if context not in BORN and digits >= DATE_DIGITS and not BIRTH.search(flat):
        facts.trip = trip.find_trip(flat)
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


def _named_so(text: str, flat: str, name: person.Name | None) -> tuple[int, int] | None:
    """Where somebody is called Năm, or Hai Năm: no years."""
    if name and "nam" in flatten(name.name).split() and (at := text.find(name.name)) >= 0:
        return at, at + len(name.name)
    called = NAMED_SO.search(flat)
    return called.span() if called and text[slice(*called.span())].istitle() else None


def _csat(flat: str) -> int | None:
    match = STARS.search(flat)
    if match:
        return int(match[1])
    if STAR_SIGN in flat:
        return min(5, flat.count(STAR_SIGN)) if "sao" not in flat else _csat(flat.replace(STAR_SIGN, " "))
    if told := STARS_SAID.search(flat):
        return STAR_WORDS.index(told[1]) + 1
    return next((score for words, score in CSAT_WORDS if re.search(rf"\b{words}\b", flat)), None)
