"""Numbers with a meaning: seats, tonnes, years, people, ages, days, money."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from handlers.understanding import bounds
from handlers.understanding.dates import BARE_YEAR
from handlers.understanding.numerals import UNITS as UNITS_SAID

NUMBER_WORDS: Final = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10,
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
ENGLISH_WORDS: Final = frozenset({"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"})
ENGLISH_UNITS: Final = frozenset(
    "year years people persons adults kids children travelers travellers passengers pax seat seats seater days t".split()
) | {"years old", "of us"}
FATHER: Final = re.compile(
    r"(?<!\bco )(?<!\bsinh )(?<!\bvo chong )(?<!\bvo chong va )(?<!\bnuoi )(?<!\bduoc )ba (?:con|be)\b"
)  # his dad, no three
ENGLISH_NUMBERS: Final = frozenset(
    {"two", "thre", "four", "five", "six", "seven", "eight", "ten"}
)  # as keys: letters once
AMOUNT: Final = r"(?<![\w.,/])(\d{1,4}(?:[.,]\d{1,2})?(?=\s?[a-z])|(?:" + "|".join(NUMBER_WORDS) + r")(?=\s))\s?"
UNITS: Final = re.compile(
    AMOUNT
    + r"(cho ngoi|cho|ghe|c|tan|t|nam|year|years|tuoi|years old|nguoi|ng|thanh vien|cong nhan|nhan vien|(?:em |ban )?(?:hoc sinh|sinh vien|hoc vien)|tre em|khach|people|persons|adults|kids|children|travell?ers|passengers|pax|of us|seats?|seater|me con|vo chong|vk ck|vo ck|con nho|con|be|dua"
    r"|ngay|hom|days|n\d{1,2}d|n|dem|cai|chiec|xe|the|bo)(?![a-z])"
)
MONEY: Final = re.compile(
    r"(?<![\w.,/])(\d{1,3}(?:[.,]\d{3})+|\d+(?:[.,]\d{1,2})?)\s?(k|nghin|ngan|tr|trieu|cu|ty|ti|dong|d|vnd)?(\d)?(\s?ruoi)?(?![a-z\d])"
)
GROUPED: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
POINT: Final = re.compile(r"[.,]")
TIMES: Final = {
    "k": 10**3,
    "nghin": 10**3,
    "ngan": 10**3,
    "tr": 10**6,
    "trieu": 10**6,
    "cu": 10**6,
    "ty": 10**9,
    "ti": 10**9,
}
AFTER_YEARS: Final = re.compile(r" (?:tuoi|nay|sau|ngoai|truoc|toi|nua|roi)\b")  # an age, or when
YEAR: Final = re.compile(r"(?:doi|nam sx|san xuat|doi xe|model)\s?:?\s?((?:19|20)\d\d)")
VEHICLES: Final = frozenset({"tnds_xe_may", "tnds_o_to", "vat_chat_o_to"})
EUROS: Final = re.compile(
    r"(?<![\w.,/])(\d{1,3}(?:[.,]\d{3})+|\d+)\s?(k|nghin|ngan)?\s?(?:euros?|eur)\b|€\s?(\d[\d.,]*)"
)
DEDUCTIBLE: Final = re.compile(r"\b(?:muc )?(?:khau tru|mien thuong)\s(?:la |muc )?")
COUPLE: Final = frozenset({"vo chong", "vk ck", "vo ck"})
FAMILY: Final = re.compile(rf"\b(?:family|party|group) of (\d{{1,2}}|{'|'.join(NUMBER_WORDS)})\b")
# sums told in words: "sáu trăm năm mươi triệu", "6 trăm rưỡi triệu", "một triệu hai", "tỷ rưỡi"
COUNT: Final = "khong|mot|hai|ba|bon|tu|nam|lam|sau|bay|tam|chin|muoi|tram|linh|le"
SUM: Final = re.compile(
    rf"\b(?P<said>(?:(?:\d{{1,3}}|{COUNT}) ){{0,5}}(?:ruoi )?)(?P<unit>trieu|ty)(?: (?P<tail>ruoi|[1-9]|mot|hai|ba|bon|tu|nam|lam|sau|bay|tam|chin)\b(?! ?(?:\d|cho|nguoi|tang|phong|nam|ngay|xe|tuoi|lau|con|be|thang|tan|chiec|cai|cong|muoi)))?"
    r"(?<!cong ty)(?![a-z])"
)
KILOGRAMS: Final = re.compile(r"(?<![\w.,/])(\d{1,2}[.,]\d{3}|\d{3,5})\s?(?:kg|kgs|ky|ki|kilo|can)(?![a-z])")
LEAST_LOAD: Final = 200  # kg; less is no lorry's
PARTED: Final = re.compile(r"(?<![\w.,/])(\d{1,2})\s?(?:t|tan)\s?(ruoi|[1-9])(?![\da-z.,])")
SUM_KEYS: Final = frozenset({"trieu", "ty"})
MOST_PEOPLE: Final = 5000  # more is part of a reference
PEOPLE: Final = frozenset(
    {
        "nguoi",
        "ng",
        "thanh vien",
        "cong nhan",
        "nhan vien",
        "hoc sinh",
        "sinh vien",
        "hoc vien",
        "tre em",
        "khach",
        "me con",
        "vo chong",
        "vk ck",
        "vo ck",
        "people",
        "persons",
        "adults",
        "kids",
        "children",
        "travelers",
        "travellers",
        "passengers",
        "pax",
        "of us",
        "con nho",
        "con",
        "be",
        "dua",
    }
)


def find_amounts(flat: str) -> list[int]:
    """Sums of money in VND, in reading order. A plain number is none; 66.000 and 66,000 are."""
    if "trieu" in flat or " ty" in flat:
        flat = SUM.sub(_in_figures, flat)
    return [amount for amount, _ in _sums(flat)]


def _in_figures(told: re.Match[str]) -> str:
    """A sum told in words as one of figures; as it is where figures say it all or there is no number."""
    words, tail = told["said"].split(), told["tail"]
    if not words and tail != "ruoi":
        return told[0]
    if tail is None and len(words) == 1 and words[0].isdecimal():
        return told[0]
    total = ones = 0
    for word in words:
        if word == "tram":
            total, ones = (ones or 1) * 100, 0
        elif word == "muoi":
            total, ones = total + (ones or 1) * 10, 0
        elif word == "ruoi":
            total += 50
        else:
            ones = int(word) if word.isdecimal() else UNITS_SAID.get(word, 0)
    times = TIMES[told["unit"]]
    amount = ((total + ones) or 1) * times
    if tail:
        tenths = 5 if tail == "ruoi" else int(tail) if tail.isdecimal() else UNITS_SAID[tail]
        amount += tenths * times // 10
    return f"{amount}d"


def find_deductible(flat: str) -> int | None:
    """The sum told right after "khấu trừ", in VND."""
    told = DEDUCTIBLE.search(flat) if "khau tru" in flat or "mien thuong" in flat else None
    return next((amount for amount, at in _sums(flat) if told and at == told.end()), None)


def find_euros(flat: str) -> int | None:
    """A sum in euros."""
    told = EUROS.search(flat) if "eur" in flat or "€" in flat else None
    if not told:
        return None
    return int(POINT.sub("", told[1] or told[3]) or 0) * (1000 if told[2] else 1)


def _sums(flat: str) -> list[tuple[int, int]]:
    """Sums of money and where they begin."""
    found = []
    for match in MONEY.finditer(flat):
        number, unit, tenth, half = match.groups()
        if not unit and number.isdecimal():
            continue
        grouped = GROUPED.fullmatch(number) is not None
        if not unit and not grouped:
            continue
        value = float(POINT.sub("", number)) if grouped else float(number.replace(",", "."))
        times = TIMES.get(unit or "", 1)
        amount = value * times
        if tenth and times >= 10**6:  # 1tr2
            amount += int(tenth) * times / 10
        if half:
            amount += times / 2
        found.append((round(amount), match.start()))
    return found


def find_numbers(flat: str) -> dict[str, Any]:
    """seats, payload_t (or what they lie between, see `bounds`), term_years, age, people, days, quantity, where a number stands before its unit; deductible in VND,
    sum_insured_eur in euros."""
    found: dict[str, Any] = {}
    people = 0
    compared, flat = bounds.ranges(flat)
    found.update(compared)
    lorry = bounds.LORRY.search(flat) is not None
    if lorry and (load := _load(flat)):
        found.setdefault("payload_t", load)
    for match in UNITS.finditer(flat):
        number, unit = _number(match[1]), match[2].removeprefix("em ").removeprefix("ban ")
        if _is_word(match[1], unit, flat, match.start()):
            continue
        if unit in ("cho", "cho ngoi", "ghe", "c", "seat", "seats", "seater"):
            if 4 <= number <= 80:
                found.setdefault("seats", int(number))
        elif unit == "tan" or (unit == "t" and lorry and "tai" in flat):
            found.setdefault("payload_t", int(number) if number == int(number) else number)
        elif unit in ("nam", "year", "years"):
            if 1 <= number <= 30 and not AFTER_YEARS.match(flat, match.end()):
                found.setdefault("term_years", int(number))
        elif unit in ("tuoi", "t", "years old") and number <= 110:
            found.setdefault("age", []).append(int(number))
        elif unit in PEOPLE and number <= MOST_PEOPLE:
            people += 2 if unit in COUPLE else int(number)
        elif unit in ("ngay", "hom", "days") or unit.startswith("n"):
            found.setdefault("days", int(number))
        elif unit in ("cai", "chiec", "xe"):
            found.setdefault("quantity", int(number))
    if not people and "of " in flat and (family := FAMILY.search(flat)):
        people = int(_number(family[1]))
    if people:
        found["people"] = people
    further = {"deductible": find_deductible(flat), "sum_insured_eur": find_euros(flat)}
    found.update({key: amount for key, amount in further.items() if amount is not None})
    if "age" in found and len(found["age"]) == 1:
        found["age"] = found["age"][0]
    return found


def _is_word(number: str, unit: str, flat: str, at: int) -> bool:
    """ "Tên Nam" is no ten years, "ba con" a father and no three children."""
    return (number in ENGLISH_WORDS and unit not in ENGLISH_UNITS) or (
        number == "ba" and FATHER.match(flat, at) is not None
    )


def _load(flat: str) -> float | None:
    """Tonnes told in kilograms, or with a half or a tenth behind: "500kg", "1 tấn rưỡi", "1t4"."""
    if weighed := KILOGRAMS.search(flat):
        kilos = int(POINT.sub("", weighed[1]))
        return kilos / 1000 if kilos >= LEAST_LOAD else None
    if parted := PARTED.search(flat):
        return float(parted[1]) + (0.5 if parted[2] == "ruoi" else int(parted[2]) / 10)
    return None


def model_year(flat: str, this_year: int) -> int | None:
    """A year that can be a vehicle's."""
    match = YEAR.search(flat) or BARE_YEAR.search(flat)
    year = int(match[1]) if match else 0
    return year if 1980 <= year <= this_year + 1 else None


def _number(text: str) -> float:
    return float(NUMBER_WORDS[text]) if text in NUMBER_WORDS else float(text.replace(",", "."))


def of_product(numbers: Mapping[str, Any], amounts: Sequence[int], product: str, intent: str) -> dict[str, Any]:
    """Which of the numbers mean something for this intent and product."""
    found: dict[str, Any] = {}
    wanting = intent in ("buy", "ask_fee", "renewal")
    for key in ("seats", "seats_range", "payload_t", "payload_range"):
        if key in numbers:
            found[key] = numbers[key]
    if wanting:
        for key in ("term_years", "age"):
            if key in numbers:
                found[key] = numbers[key]
        for key in ("people", "quantity"):
            if key == "people" and product in VEHICLES:
                continue  # "2 con wave"
            if key in numbers and numbers[key] > 1:
                found[key] = numbers[key]
    if intent in ("buy", "ask_fee"):
        if product == "du_lich" and "days" in numbers:
            found["days"] = numbers["days"]
        for key in ("deductible", "sum_insured_eur"):
            if key in numbers:
                found[key] = numbers[key]
        if left := [amount for amount in amounts if amount != numbers.get("deductible")]:
            found[_money_key(product)] = left[0] if len(left) == 1 else left
    if intent == "claim" and amounts:
        found["amount"] = amounts[0] if len(amounts) == 1 else list(amounts)
    return found


def _money_key(product: str) -> str:
    if product in ("vat_chat_o_to", "o_to_unspecified"):
        return "vehicle_value"
    return "sum_insured" if product in ("nha_tu_nhan", "tai_nan", "nhan_tho") else "amount"
