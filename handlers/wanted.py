"""What he wants, in words of ours: the cover, and what he told of the trip, the vehicle and the people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from handlers.model import State
from handlers.texts import Texts
from handlers.understanding import bounds

UNSPECIFIED: Final = "o_to_unspecified"
OWN_WORDS: Final = 80  # characters of his own sentence, where nothing of it was understood
CAR: Final = "a_car"  # in the memory of a conversation: a car, and nobody knows yet which cover
RENEWS: Final = "renews"
OTHERS: Final = "other_products"  # the slot of what he wants beside the first: codes, in his order
NEED_CAR: Final = "slot.need_car"
KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "vi": {
        "truck": "xe tải",
        "pickup": "xe bán tải",
        "van": "xe van",
        "tractor_unit": "xe đầu kéo",
        "three_wheeler": "xe ba bánh",
        "xe_may_dien": "xe máy điện",
        "taxi": "taxi",
        "bus": "xe buýt",
        "ambulance": "xe cứu thương",
        "driving_school": "xe tập lái",
        "cash_in_transit": "xe chở tiền",
        "special_purpose": "xe chuyên dùng",
        "tractor": "máy kéo",
        "mo_to_duoi_50": "xe dưới 50 cc",
        "mo_to_tu_50": "xe từ 50 cc",
        "xe_gan_may_khac": "xe gắn máy khác",
    },
    "en": {
        "truck": "truck",
        "pickup": "pickup",
        "van": "van",
        "tractor_unit": "tractor unit",
        "three_wheeler": "three-wheeler",
        "xe_may_dien": "electric motorbike",
        "taxi": "taxi",
        "bus": "bus",
        "ambulance": "ambulance",
        "driving_school": "driving-school car",
        "cash_in_transit": "cash-in-transit vehicle",
        "special_purpose": "special-purpose vehicle",
        "tractor": "tractor",
        "mo_to_duoi_50": "under 50 cc",
        "mo_to_tu_50": "50 cc or more",
        "xe_gan_may_khac": "other moped",
    },
}
USES: Final[Mapping[str, Mapping[str, str]]] = {
    "vi": {"business": "kinh doanh", "non_business": "không kinh doanh"},
    "en": {"business": "commercial use", "non_business": "private use"},
}
COUNTED: Final[Mapping[str, Mapping[str, str]]] = {  # in the order in which they are said, after the vehicle
    "vi": {
        "seats": "{} chỗ",
        "seats_range": "{}",
        "use": "{}",
        "destination": "đi {}",
        "date_from": "{}",
        "days": "{} ngày",
        "months": "{} tháng",
        "people": "{} người",
        "quantity": "số lượng {}",
        "term_years": "{} năm",
        "vehicle_value": "giá xe {} đồng",
        "sum_insured": "số tiền bảo hiểm {} đồng",
    },
    "en": {
        "seats": "{} seats",
        "seats_range": "{}",
        "use": "{}",
        "destination": "destination {}",
        "date_from": "{}",
        "days": "{} days",
        "months": "{} months",
        "people": "{} people",
        "quantity": "quantity {}",
        "term_years": "{} years",
        "vehicle_value": "vehicle value {} VND",
        "sum_insured": "sum insured {} VND",
    },
}
TONNES: Final = {"vi": "{} tấn", "en": "{} tonnes"}
UNITS: Final = {
    "vi": {"seats_range": "chỗ", "payload_range": "tấn"},
    "en": {"seats_range": "seats", "payload_range": "tonnes"},
}
# of a comparison: with a lower end, an upper end, both; whether the end belongs to it
BELOW: Final = {"vi": {False: "dưới {}", True: "tối đa {}"}, "en": {False: "under {}", True: "at most {}"}}
ABOVE: Final = {"vi": {False: "trên {}", True: "từ {} trở lên"}, "en": {False: "over {}", True: "{} or more"}}
FROM: Final = {"vi": {False: "trên {}", True: "từ {}"}, "en": {False: "over {}", True: "from {}"}}
UPTO: Final = {"vi": {False: "đến dưới {}", True: "đến {}"}, "en": {False: "to under {}", True: "to {}"}}
TRIP: Final = {"vi": ("từ {}", "đến {}"), "en": ("from {}", "to {}")}
OF_A_TRIP: Final = frozenset({"destination", "date_from", "date_to", "days"})  # he may have thought better of it
MONEY: Final = frozenset({"vehicle_value", "sum_insured"})


def wanted(state: State, texts: Texts) -> str:
    """ "gia hạn hợp đồng: bảo hiểm TNDS xe máy", "bảo hiểm du lịch (đi Nhật Bản, 7 ngày, 2 người)"; his own sentence,
    in quotation marks, where neither the cover nor the wish is known."""
    lang, slots = state.lang, state.slots
    keys = [f"product.{slots['product']}"] if slots.get("product") else [NEED_CAR] if state.memory.get(CAR) else []
    keys += [f"product.{code}" if code != UNSPECIFIED else NEED_CAR for code in slots.get(OTHERS, ())]
    covers = ", ".join(texts.label(key, lang) for key in dict.fromkeys(keys))
    wish = texts.label("slot.need_renewal", lang) if state.memory.get(RENEWS) else ""
    said = str(slots.get("need", ""))[:OWN_WORDS].strip()
    told = [*filter(None, (wish, covers))] or ([f'"{said}"'] if said else [])
    travels = not keys or "product.du_lich" in keys
    more = details(slots if travels else {key: told for key, told in slots.items() if key not in OF_A_TRIP}, lang)
    return ": ".join(told) + (f" ({more})" if more else "")


def compared(kept: str, unit: str, lang: str) -> str:
    """ "dưới 6 chỗ", "từ 3 đến 8 tấn": what is kept of a comparison, as he said it; '' when it is none."""
    told = bounds.parse(kept)
    if told is None:
        return ""
    low, high = (None if end is None else f"{end:g}" for end in (told.low, told.high))
    if low and high:
        ends = FROM[lang][told.low_in].format(low), UPTO[lang][told.high_in].format(high)
        return " ".join(filter(None, (*ends, unit)))
    if high:
        return BELOW[lang][told.high_in].format(f"{high} {unit}".strip())
    return ABOVE[lang][told.low_in].format(f"{low} {unit}".strip())


def _trip(slots: Mapping[str, Any], lang: str) -> str:
    """ "từ 10/12/2026 đến 20/12/2026"."""
    days = (str(slots[key]) for key in ("date_from", "date_to") if slots.get(key))
    return " ".join(
        words.format("/".join(reversed(day.split("-")))) for words, day in zip(TRIP[lang], days, strict=False)
    )


def details(slots: Mapping[str, Any], lang: str) -> str:
    """What was told of the trip, the vehicle, the people, as he would say it; '' when nothing was."""
    tonnes = TONNES[lang].format(slots["payload_t"]) if slots.get("payload_t") else ""
    if not tonnes and slots.get("payload_range"):
        tonnes = compared(str(slots["payload_range"]), UNITS[lang]["payload_range"], lang)
    kind = KINDS[lang].get(str(slots.get("vehicle_kind", "")), "")
    model = " ".join(str(slots[key]) for key in ("vehicle_model", "model_year") if slots.get(key))
    told = [" ".join(filter(None, (kind, tonnes))), model]
    for key, words in COUNTED[lang].items():
        value = slots.get(key)
        if key in MONEY:
            value = f"{value:,}".replace(",", ".") if isinstance(value, int) else None
        elif key == "date_from" and value:
            value = _trip(slots, lang)
        elif key == "seats_range" and value:
            value = compared(str(value), UNITS[lang][key], lang)
        elif key == "use":
            value = USES[lang].get(str(value))
        elif key == "term_years" and str(value) == "1":
            continue  # "bao nhiêu 1 năm" asks a price
        if value:
            told.append(words.format(value))
    return ", ".join(filter(None, told))
