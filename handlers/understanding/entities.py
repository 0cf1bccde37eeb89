"""The entities of a message under the corpus's keys: which facts count, given what is wanted and what was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any, Final

from handlers.understanding import answers, details, trip
from handlers.understanding.facts import Facts
from handlers.understanding.intent import APPOINTS, GRAVE
from handlers.understanding.noise import is_gibberish
from handlers.understanding.phone import chosen
from handlers.understanding.product import find_product, find_vehicle
from handlers.understanding.reading import Reading
from handlers.understanding.trip import Trip
from handlers.understanding.when import ZONE, When, interval

STAFF: Final = re.compile(
    r"\b(?:gap(?: lai)?|noi chuyen voi|nho|mua qua|lam voi) (?:chi|anh|ban|em|co|chu|bac|cai) ([a-z]{2,12})(?= (?:tu van|ben|hom|bua|hoi|o|phong|nv|nhan vien)|\s*$|,)"
    r"|\b(?:tu van|tu van vien|nhan vien|nv|tvv) (?:(?:[a-z]+ ){0,3}ten|la) ([a-z]{2,12})\b"
    r"|\b(?:chi|anh|ban|em|co|chu|bac) (?!(?:toi|tui|minh|em|anh|chi|nao|can|muon|cho|duoc|nho|oi|xin|hay|se|da|dang|co|ten)\b)([a-z]{2,12}) (?:ben [a-z]{2,6} )?tu van (?=hom|bua|hoi|dot|lan|cho)"
)
OF_STAFF: Final = frozenset({"talk_to_human", "complaint", "renewal"})
REFERENCE: Final = re.compile(r"\b([A-Z]{2,4}-?\d{3,8})\b")
PUTS_RIGHT: Final = frozenset({"@correction", "@negation", "@contrast"})
KEEPS_OFF: Final = frozenset({"dung", "khoi", "cho"})  # "đừng gọi sáng" names the time that is not meant
# what is put right at the read-back; the first that fits
PUT_RIGHT: Final = (
    ("plate", re.compile(r"\bbien(?: so| xe)?\b|\bplate\b")),
    ("email", re.compile(r"\be?mail\b")),
    (
        "time",
        re.compile(
            r"\b(?:gio|ngay|lich|hen|thu \d|thu (?:hai|ba|tu|nam|sau|bay)|chu nhat|cn|sang|trua|chieu|time|\d{1,2}\s?h)\b"
        ),
    ),
    ("phone", re.compile(r"\b(?:sdt|dt|dien thoai|so|phone|number)\b(?! tien| luong)")),
    ("product", re.compile(r"\b(?:bao hiem|bh|goi|san pham|loai|product)\b")),
    ("name", re.compile(r"\b(?:ten|ho|name)\b")),
)
STATUTORY: Final = frozenset({"tnds_xe_may", "tnds_o_to"})  # the fee is the decree's: nobody may discount it
ABOUT_COVER: Final = frozenset({"buy", "ask_fee", "claim", "renewal", "other", "complaint", "talk_to_human"})
BARE_ANSWERS: Final = frozenset({"yes", "no", "greeting", "thanks"})
TRAVELLING: Final = frozenset({"buy", "ask_fee", "renewal", "other", "yes", "no", "give_name", "give_phone"})
# facts that are reported beside an intent
TELLING: Final = {
    "claim": ("claim_action", "sensitive"),
    "privacy_request": ("request",),
    "opt_out": ("scope", "channel"),
    "complaint": ("topic",),
    "other": ("topic", "province"),
    "buy": ("sensitive",),
    "talk_to_human": ("province",),
    "spam_abuse": ("kind",),
}


def collect(reading: Reading, facts: Facts, intent: str, context: str, now: datetime | None) -> dict[str, Any]:
    """All entities, in a fixed order."""
    found: dict[str, Any] = {}
    _things(found, reading, facts, intent, context)
    if facts.trip and intent in TRAVELLING:
        _trip(found, facts.trip, now)
    _contact(found, reading, facts, intent, context)
    _person(found, facts, intent, context)
    _times(found, reading, facts, intent, context, now)
    _about(found, reading, facts, intent, context)
    return found


def _things(found: dict[str, Any], reading: Reading, facts: Facts, intent: str, context: str) -> None:
    if intent not in ABOUT_COVER and not intent.startswith("give_"):
        if intent in BARE_ANSWERS and "use" in reading.values:
            found["use"] = reading.values["use"]  # "không kinh doanh em ơi"
        return
    product = find_product(reading, claim=intent == "claim", context=context)
    if intent == "renewal" and product == "o_to_unspecified" and "vehicle_model" in reading.values:
        product = ""  # which contract he means, not which cover
    if product and (intent in ("buy", "ask_fee", "claim", "renewal") or "product" in reading.values):
        found["product"] = product
    found.update(find_vehicle(reading))
    if intent == "claim":
        found.pop("vehicle_kind", None)  # as often the other party's
    a_car = "vehicle_model" in found or product in ("vat_chat_o_to", "tnds_o_to", "o_to_unspecified")
    if a_car and facts.model_year and facts.model_year != facts.yob and intent in ("buy", "ask_fee"):
        found["model_year"] = facts.model_year
    if product == "du_lich" and (destination := reading.fact("destination")):
        found["destination"] = destination
    if facts.numbers or facts.amounts:
        found.update(details.of_product(facts.numbers, facts.amounts, product, intent))
    if intent in ("buy", "ask_fee") and "age" not in found and facts.yob and "@child" in reading.labels:
        found["insured_yob"] = facts.yob
    if intent == "ask_fee" and _asks_to_discount_what_the_law_sets(reading.labels, found):
        found["topic"] = "discount"
    if intent == "ask_fee" and not product and "@child" in reading.labels and "age" in found:
        found["product"] = "suc_khoe"


def _trip(found: dict[str, Any], told: Trip, now: datetime | None) -> None:
    """As told; where the moment is known, as days of the calendar. Both ends say how many days it lasts."""
    product = found.get("product", "")
    days = told.on((now or datetime.now(UTC)).astimezone(ZONE).date())
    if days is None or not (product == "du_lich" or (told.last and not product)):
        return
    first, last = days
    found["date_from"] = first.isoformat() if now else trip.told(told.first)
    if last and told.last:
        found["date_to"] = last.isoformat() if now else trip.told(told.last)
        found.setdefault("days", (last - first).days + 1)
        if "destination" in found:
            found["product"] = "du_lich"  # "đi Mỹ từ ngày 10 đến 20/12"


def _contact(found: dict[str, Any], reading: Reading, facts: Facts, intent: str, context: str) -> None:
    labels = reading.labels
    phones = [phone for phone in facts.phones if phone.e164] if facts.phones else []
    if phones:
        phones = chosen(phones, corrected="@correction" in labels)
        first = phones[0]
        found["phone"] = first.e164
        if len(phones) > 1:
            found["phone_alt"] = phones[1].e164
        if first.converted:
            found["phone_converted"] = True
        if first.kind != "mobile":
            found["phone_kind"] = first.kind
        if first.confirm:
            found["phone_confirm"] = True
        if len(facts.phones) > 1 and len(phones) == 1 and "@correction" in labels:
            found["correction"] = True
    elif facts.phones:
        found["phone_invalid"] = facts.phones[0].invalid
    elif intent == "give_phone" and "@same_phone" in labels:
        found["phone_same_as_channel"] = True
    if facts.emails:
        _email(found, facts)
    elif intent == "give_email":
        found["email_none"] = True
    if facts.plates:
        plate = facts.plates[-1 if "@correction" in labels else 0]  # "… à nhầm …"
        found["plate" if plate.plate else "plate_invalid"] = plate.plate or plate.invalid
    elif intent == "give_plate":
        found["plate_none"] = True


def _email(found: dict[str, Any], facts: Facts) -> None:
    first = facts.emails[0]
    if first.address:
        found["email"] = first.address
        if len(facts.emails) > 1 and facts.emails[1].address:
            found["email_alt"] = facts.emails[1].address
        return
    found["email_invalid"] = first.invalid
    if first.suggest:
        found["email_suggest"] = first.suggest


def _person(found: dict[str, Any], facts: Facts, intent: str, context: str) -> None:
    name = facts.name
    if name and (intent == "give_name" or context != "ask_name" or name.led):
        found["name"] = name.name
        if name.salutation:
            found["salutation"] = name.salutation
    if facts.company and intent in ("buy", "ask_fee", "give_name", "give_phone", "other"):
        found["org_name"] = facts.company
    if context == "ask_id" or facts.cccd:
        for key in ("cccd", "passport"):
            if value := getattr(facts, key):
                found[key] = value
    if facts.tax_code:
        found["tax_code"] = facts.tax_code
    if facts.dob:
        found["dob"] = facts.dob
    elif facts.dob_invalid and context == "ask_dob":
        found["dob_invalid"] = facts.dob_invalid
    elif facts.yob and context in ("ask_dob", "ask_name"):
        found["yob"] = facts.yob
    if facts.csat:
        found["csat"] = facts.csat


def _times(
    found: dict[str, Any], reading: Reading, facts: Facts, intent: str, context: str, now: datetime | None
) -> None:
    when = facts.when
    if not when or ("date_from" in found and not when.time):
        return
    put_right = KEEPS_OFF.isdisjoint(reading.sentence.keys)
    calling = (
        context == "ask_time" or intent in ("talk_to_human", "give_phone") or (intent == "yes" and context == "confirm")
    )
    calling = calling or (intent == "no" and context == "confirm" and put_right) or APPOINTS in reading.labels
    if not calling and not (
        intent in ("yes", "other", "buy", "no")
        and (when.time or when.time_after)
        and context not in ("ask_dob", "csat")
    ):
        if intent == "claim" and when.date:
            found["date"] = _date(when)
        return
    for key in ("day", "part", "time", "time_to", "time_after"):
        if value := getattr(when, key):
            found[key] = value
    if when.time_before:
        found["time_to"] = when.time_before
    if when.date and context != "ask_dob" and not facts.dob:
        found["date"] = _date(when)
    if now and (window := interval(when, now)):
        found["callback_from"] = window.start.isoformat()
        found["callback_to"] = window.end.isoformat()


def _date(when: When) -> str:
    day, month, year = when.date or (0, 0, 0)
    if not year:
        return f"{day:02}-{month:02}"
    return f"{year + 2000 if year < 100 else year:04}-{month:02}-{day:02}"


def _about(found: dict[str, Any], reading: Reading, facts: Facts, intent: str, context: str) -> None:
    labels = reading.labels
    keys = TELLING.get(intent, ()) if (intent, context) != ("other", "ask_delivery") else ("province",)
    for key in keys:
        if value := reading.fact(key):
            found[key] = value
    for grave in GRAVE:
        if grave in labels:
            found["topic"] = grave.partition("=")[2]
    _named(found, reading, intent, context)
    if intent == "claim":
        for flag in ("urgent", "fatal"):
            if flag in labels:
                found[flag] = True
    elif intent == "buy" and "urgent_buy" in labels:
        found["urgent"] = True
    elif intent == "other":
        if "fraud" in reading.scores:
            found["topic"] = "fraud_signal"
        if context == "ask_delivery" or found.get("topic") is None:
            for key in ("delivery", "delivery_channel"):
                if value := reading.fact(key):
                    found[key] = value
            if context == "ask_delivery" and "delivery_channel" in found:
                found.setdefault("delivery", "ecopy")
    elif intent == "spam_abuse" and "kind" not in found and is_gibberish(reading):
        found["kind"] = "gibberish"


def _asks_to_discount_what_the_law_sets(labels: AbstractSet[str], found: Mapping[str, Any]) -> bool:
    named = found.get("product", "")
    return "@discount" in labels and (named in STATUTORY or (not named and "@tnds" in labels))


def _named(found: dict[str, Any], reading: Reading, intent: str, context: str) -> None:
    """Whom, which claim, and which line of ours he speaks of."""
    if intent == "no" and "@sold" in reading.labels and context == "renewal_reminder":
        found["reason"] = "sold_vehicle"
    if intent in OF_STAFF and (staff := STAFF.search(reading.flat)):
        found["staff_name"] = reading.text[slice(*staff.span(staff.lastindex or 1))].title()
        if found.get("name", "").split(" ")[0] == found["staff_name"]:
            del found["name"]  # not his own
    if intent == "no" and context == "confirm" and (wrong := _put_right(reading, found)):
        found["correction"] = wrong
    if intent in ("claim", "complaint") and (reference := REFERENCE.search(reading.text)):
        found["claim_ref"] = reference[1]


def _put_right(reading: Reading, found: dict[str, Any]) -> str:
    """Which line of the read-back is wrong, where it is said: phone, email, plate, time, product or name; else ''."""
    if not (answers.turns_back(reading) or not reading.labels.isdisjoint(PUTS_RIGHT)):
        return ""
    for key in ("phone", "email", "plate"):
        if key in found:
            return key
    if "product" in reading.values or "@moto" in reading.labels or "@car" in reading.labels:
        return "product"
    return next((key for key, pattern in PUT_RIGHT if pattern.search(reading.flat)), "")
