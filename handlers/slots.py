"""The form of the intake: what is known, what is missing, and what a message adds to it. Nothing before consent C1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

from handlers import appointments, manner, needs, numbers, schedule, wanted
from handlers.draft import Draft
from handlers.hearing import ANOTHERS, APPOINTMENT, Heard, appointed, reread
from handlers.model import WAITING, Say, Stage, State
from handlers.taps import PRODUCTS
from handlers.understanding import when

ORDER: Final = ("name", "phone", "need", "time")  # what is read back, and may be put right by a button
ASKED: Final = (*ORDER, "province", "email")  # every question of the form; which of them are put, `missing` says
NEEDED: Final = ("name", "phone", "need")  # asked of everybody, in this order (docs/adr/0071)
TRIP: Final = "du_lich"
NO_NAMES: Final = frozenset({"chào", "chao", "alo", "hello", "hi", "dạ", "vâng", "gọi"})  # they begin messages
AREA: Final = frozenset({"nha_tu_nhan"})  # covers that need the province; of the others the advisor may want it
LIVES: Final = re.compile(r"\b(?:o|tai|tinh|tp|thanh pho|khu vuc|song|in|from|live)\b")  # who says so says where
PLACE_WORDS: Final = 6  # an answer of at most so many words may be nothing but the name of a place
PART: Final = re.compile(r"[,;.\n/]+\s*")
PARTS: Final = 3
PLACE_ALONE: Final = 3  # words
TAIL: Final = re.compile(r"\b(?:duoi|so cuoi|cuoi(?: cung)?|last digits|ends? (?:in|with))\b\D{0,24}(\d{2,6})(?!\d)")
NOT_BUT: Final = re.compile(r"\b(?:khong|ko|k) phai (?:la )?(\d{2,6}) ma (?:la )?(\d{2,6})(?!\d)")
RENAMES: Final = re.compile(r"\bten\b.+\bmoi (?:dung|phai)\b")
INSTEAD: Final = re.compile(  # "à không, xe máy", "em nhầm, đổi sang xe máy", "ý em là xe máy"
    r"\b(?:nham|(?:a|u|o|oi) khong|doi (?:sang|qua|thanh)|chuyen sang|thay (?:bang|vi)|chu khong phai|y (?:em|minh|toi|anh|chi) la|instead)\b"
)
NEED_MAX: Final = 2000  # characters: data dictionary, need_text
OPEN_FORM: Final = frozenset({"confirm", "edit"})  # questions at which anything may be changed
COVERS: Final = (
    re.compile(r"\b(?:bat buoc|tnds|trach nhiem dan su|ben thu (?:ba|3)|dang kiem|compulsory)\b"),
    re.compile(r"\b(?:than vo|vat chat|tu nguyen|hai chieu|2 chieu|own damage|body)\b"),
)
MORE: Final = re.compile(r"\b(?:them|nua|luon ca|cung (?:muon|can|mua|lay|dang ky)|as well|too|also)\b")
BOTH: Final = re.compile(r"\b(?:ca hai|ca 2|hai loai|2 loai|both)\b")
WISHES: Final = ("buy", "ask_fee", "renewal")
WORD: Final = re.compile(r"\w+")
VAGUE: Final = frozenset(
    """
    mua bao hiem bh muon mun can toi tui minh em e anh a chi c co chu bac ad shop ban dang ky tu van giup cho xin hoi voi
    nhe nha nhi da oi alo chao duoc dc khong ko k lam cai mot 1 goi loai phi gia bao nhieu tien gia han tham khao tim hieu
    i want to buy get need some an insurance would like please hi hello the price cost how much is what fee renew my
    """.split()
)
# an hour or a part of a day, and nothing that travels: beside his number, or alone, it is when he wants to be called
WHEN: Final = re.compile(
    r"\b(?:(?:sang|trua|chieu|toi) (?:nay|mai|mot|thu|t[2-7]|chu nhat|cn)|\d{1,2} ?(?:h|gio)(?: ?\d\d)? (?:sang|trua|chieu|toi)"
    r"|cuoi tuan|dau tuan|ngay (?:mai|mot)|thu [2-7])\b"
)
TRAVELS: Final = re.compile(r"\b(?:di|bay|khoi hanh|ve|den|cong tac|het han|bi|xay ra)\b")  # no time for a call
ALONE: Final = 6  # words
CONTACT: Final = frozenset({"name", "phone", "product"})
TIME_WORDS: Final = ("part", "callback_from")
UNASKED_TIME: Final = ("time", "time_after")  # a day alone may be a name (Mai), a trip, a date of birth
CLOSED: Final = "ask.time_closed"
TIME: Final = frozenset({*TIME_WORDS, *UNASKED_TIME})
# Said without being asked and of use to the advisor; what may be asked only later (dates of birth, plates, papers,
# anything of health) is not kept from a chat: F-2, F-3
DETAILS: Final = (
    "province",
    "email",
    "vehicle_kind",
    "vehicle_model",
    "model_year",
    "vehicle_value",
    "seats",
    "seats_range",
    "payload_t",
    "payload_range",
    "use",
    "term_years",
    "quantity",
    "people",
    "destination",
    "date_from",
    "date_to",
    "days",
    "months",
    "sum_insured",
)
SEATS, LOAD = ("seats", "seats_range"), ("payload_t", "payload_range")  # the number, or what it lies between
OF_ONE_VEHICLE: Final = frozenset({"vehicle_kind", *SEATS, *LOAD})
DETAIL: Final = frozenset(DETAILS)
CARS: Final = needs.CARS
OF_THE_REQUEST: Final = frozenset({"need", "product", wanted.OTHERS, "callback_time", *DETAILS}) - {"province", "email"}


def known(state: State, slot: str) -> bool:
    if slot == "need":
        return bool(state.slots.get("product") or state.slots.get("need"))
    return bool(state.slots.get("callback_time" if slot == "time" else slot))


def missing(state: State) -> tuple[str, ...]:
    """What is still to be asked, in order; the slot that is being edited counts as missing."""
    editing = state.memory.get("editing")
    skipped = state.memory.get("skipped", ())
    needed = [slot for slot in NEEDED if slot == editing or not (known(state, slot) or slot in skipped)]
    if state.slots.get("product") in AREA and not (known(state, "province") or "province" in skipped):
        needed.append("province")
    if editing and editing not in needed:
        needed.append(str(editing))
    return tuple(needed)


def fill(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Take over what was said; whether that changed anything. Without C1 nothing is taken."""
    if not draft.consented:
        return False
    before = (draft.state.slots, draft.state.memory)
    for one in heard:
        if not one.stale:
            _person(draft, one)
            _need(draft, one)
            if not numbers.is_second(draft, one):
                _time(draft, one)
            _details(draft, one.entities)
            _area(draft, one)
    if called := manner.salutation(heard, draft.state.salutation):
        draft.set(salutation=called)
    return (draft.state.slots, draft.state.memory) != before


def overhear(draft: Draft, heard: Sequence[Heard]) -> None:
    """While people have it, a name and a number that were still missing are kept, so that nobody asks for them again.
    What is there already stays: he may be telling of somebody else."""
    for one in heard:
        for slot in ("name", "phone"):
            if one.entities.get(slot) and not one.stale and not known(draft.state, slot):
                write(draft, slot, **{slot: str(one.entities[slot])})


def write(draft: Draft, slot: str, **values: Any) -> None:
    """Set what belongs to the slot; it is not being edited any more."""
    draft.put(**values)
    if slot == "time":
        draft.remember(wish=None)
    if draft.state.memory.get("editing") == slot:
        draft.remember(editing=None)


def edit(draft: Draft, slot: str) -> None:
    """Ask for the slot again; its old value stays until there is a new one."""
    draft.remember(editing=slot)


def start_over(draft: Draft) -> None:
    """A new request of a known customer: who he is stays, what he wanted goes."""
    draft.put(**dict.fromkeys(OF_THE_REQUEST))
    draft.set(code="")
    draft.remember(
        editing=None,
        skipped=None,
        car=None,
        soon=None,
        invited=None,
        screening=None,
        tries=None,
        origin=None,
        wish=None,
        **{wanted.CAR: None, wanted.RENEWS: None},
    )


def soon(draft: Draft) -> None:
    """Whenever people can."""
    write(draft, "time", callback_time=appointments.at_once(draft.now, draft.business))
    draft.remember(soon=True)


def _open_to(draft: Draft, slot: str, one: Heard) -> bool:
    """May a value be written over: nothing there, asked for, or said to be put right?"""
    asked = draft.state.asked
    return (
        not known(draft.state, slot)
        or asked in (slot, *OPEN_FORM)
        or (slot == "need" and asked == "product")
        or draft.state.memory.get("editing") == slot
        or bool(one.entities.get("correction"))
        or (slot == "need" and INSTEAD.search(one.folded) is not None)
        or (slot == "time" and _reschedules(draft, one))
    )


def _person(draft: Draft, one: Heard) -> None:
    name = one.entities.get("name")
    open_to = _open_to(draft, "name", one) or RENAMES.search(one.folded) is not None
    if name and open_to and str(name).split()[0].lower() not in NO_NAMES:
        write(draft, "name", name=str(name))
    phone = one.entities.get("phone")
    if numbers.choose(draft, one):
        return
    if phone and draft.state.slots.get("phone") and not one.entities.get("correction") and ANOTHERS.search(one.folded):
        draft.put(phone_alt=str(phone))  # his mother's, beside his own
    elif phone:
        alternative = one.entities.get("phone_alt")
        write(draft, "phone", phone=str(phone), phone_alt=str(alternative) if alternative else None)
        numbers.note(draft, one)
    elif not phone and draft.state.slots.get("phone") and not one.said.payload and (tail := _tail(draft, one)):
        write(draft, "phone", phone=str(draft.state.slots["phone"])[: -len(tail)] + tail)


def _tail(draft: Draft, one: Heard) -> str:
    """The last digits of his number, put right: "số đuôi 223", "không phải 345 mà 346"; or ''."""
    if swapped := NOT_BUT.search(one.folded):
        fits = len(swapped[1]) == len(swapped[2]) and str(draft.state.slots["phone"]).endswith(swapped[1])
        return swapped[2] if fits else ""
    told = TAIL.search(one.folded)
    return told[1] if told else ""


def _need(draft: Draft, one: Heard) -> None:
    if one.wants("renewal") and not known(draft.state, "need"):
        draft.remember(**{wanted.RENEWS: True})
    if draft.state.slots.get(wanted.OTHERS) and _fewer(draft, one):
        return
    if several := needs.find(one, now=draft.now):
        _several(draft, one, several)
        return
    product = one.entities.get("product")
    if product == needs.CAR and draft.state.slots.get("product") not in CARS:
        if _open_to(draft, "need", one):
            write(draft, "need", product=None)
        if not draft.state.slots.get("product"):
            draft.remember(car=True, **{wanted.CAR: True})
    if product in PRODUCTS and _adds(draft, one, product):
        _beside(draft, str(product))
    elif product in PRODUCTS and (_open_to(draft, "need", one) or not draft.state.slots.get("product")):
        changed = draft.state.slots.get("product") not in (None, product)
        write(draft, "need", product=str(product), **({"need": None} if changed else {}))
        _beside(draft)
        draft.remember(car=None)
    if draft.state.asked == "product" or (draft.state.memory.get(wanted.CAR) and not draft.state.slots.get("product")):
        _which_cover(draft, one)
    sensitive = "sensitive" in one.entities
    if sensitive and not known(draft.state, "need"):
        write(draft, "need", product="suc_khoe")  # that he wants cover, not what he suffers from
    wish = one.wants(*WISHES) and not known(draft.state, "need") and not _is_vague(one)
    told = product or one.entities.get("need") or wish
    if told and not sensitive and one.said.text and not draft.state.slots.get("need"):
        write(draft, "need", need=one.said.text[:NEED_MAX])


def _several(draft: Draft, one: Heard, codes: Sequence[str]) -> None:
    """The first is what the request is about, the others stand beside it: people see all of them, and so does he."""
    known_product = draft.state.slots.get("product")
    if known_product and not _open_to(draft, "need", one):
        _beside(draft, *codes)
        return
    if known_product and MORE.search(one.folded):
        codes = [str(known_product), *codes]
    text = str(draft.state.slots.get("need") or "") if known_product else ""
    write(draft, "need", need=text or one.said.text[:NEED_MAX])
    _put(draft, codes)


def _fewer(draft: Draft, one: Heard) -> bool:
    """Of several covers he takes some away. Whether it was that."""
    known_codes = [
        str(code) for code in (draft.state.slots.get("product"), *draft.state.slots.get(wanted.OTHERS, ())) if code
    ]
    left = needs.fewer(one, known_codes, now=draft.now)
    if left == known_codes:
        return False
    _put(draft, left)
    return True


def _put(draft: Draft, codes: Sequence[str]) -> None:
    """These covers, in this order. A car that comes first is asked about, further back the advisor does."""
    first, *others = codes
    car = True if first == needs.CAR else None
    draft.put(**{"product": None if car else first, wanted.OTHERS: others or None})
    draft.remember(**{"car": car, wanted.CAR: car})


def _beside(draft: Draft, *codes: str) -> None:
    """These covers too, beside what the request is about; each once."""
    first = draft.state.slots.get("product")
    others = [code for code in dict.fromkeys([*draft.state.slots.get(wanted.OTHERS, ()), *codes]) if code != first]
    draft.put(**{wanted.OTHERS: others or None})


def _adds(draft: Draft, one: Heard, product: str) -> bool:
    """ "Thêm cả bảo hiểm sức khỏe nữa": a second wish beside the first, not instead of it."""
    beside = draft.state.slots.get("product") not in (None, product) and not one.wants("ask_fee", "claim")
    return beside and MORE.search(one.folded) is not None


def _is_vague(one: Heard) -> bool:
    """ "Mua bảo hiểm", "tư vấn giúp em với": a wish, of what is still to be asked."""
    return VAGUE.issuperset(WORD.findall(one.folded))


def _which_cover(draft: Draft, one: Heard) -> None:
    """For a car: the compulsory cover, the car's own damage, or both (then the need says so)."""
    compulsory, own = (pattern.search(one.folded) is not None for pattern in COVERS)
    both = BOTH.search(one.folded) is not None or (compulsory and own)
    if not (both or compulsory or own):
        return
    write(draft, "need", product="vat_chat_o_to" if own and not both else "tnds_o_to")
    if both:
        write(draft, "need", need=f"{draft.state.slots.get('need', '')} / {one.said.text}"[:NEED_MAX])
        _beside(draft, "vat_chat_o_to")
    draft.remember(car=None)


def _reschedules(draft: Draft, one: Heard) -> bool:
    """He waits for a call, or for a person and speaks of a call: it may be moved."""
    stage = draft.state.stage
    return stage is Stage.CALLBACK_SCHEDULED or (stage is Stage.QUEUED and APPOINTMENT.search(one.folded) is not None)


def _for_a_call(draft: Draft, one: Heard) -> bool:
    """ "Gọi chiều mai nhé"; "Hà 0912345678, 10h sáng mai" and "sáng thứ 2" to a question about himself."""
    if one.said.payload:
        return False
    if APPOINTMENT.search(one.folded):
        return True
    if WHEN.search(one.folded) is None or TRAVELS.search(one.folded):
        return False
    trip = one.entities.get("product") == TRIP  # "cuối tuần" may be when it begins
    beside = bool(one.entities.get("phone")) and not trip and draft.state.stage not in WAITING
    return beside or (draft.state.asked in CONTACT and len(one.folded.split()) <= ALONE)


def is_appointment(one: Heard) -> bool:
    """ "Gọi lúc 10h sáng mai", "chiều mai 3h nhé": when to call, and nothing that he needs."""
    told = one.entities.keys()
    if one.said.payload or "product" in told or TIME.isdisjoint(told):
        return False
    alone = WHEN.search(one.folded) is not None and len(one.folded.split()) <= ALONE
    return TRAVELS.search(one.folded) is None and (alone or APPOINTMENT.search(one.folded) is not None)


def _time(draft: Draft, one: Heard) -> None:
    entities = one.entities
    calls = _for_a_call(draft, one)
    if TIME.isdisjoint(entities):
        if not calls:
            return
        entities = appointed(one, now=draft.now)
    asked = calls or draft.state.asked in ("time", *OPEN_FORM) or _reschedules(draft, one)
    if asked:
        entities = _on_the_day_named(draft, entities)
    told = any(entities.get(word) for word in (TIME_WORDS if asked else UNASKED_TIME))
    if not told or not _open_to(draft, "time", one):
        return
    try:
        wished = appointments.wish(entities, now=draft.now, business=draft.business)
    except appointments.Closed:
        if asked or draft.state.stage is Stage.COLLECTING:
            draft.say(CLOSED)
        return
    if wished:
        if _moved(draft, entities, wished["from"]):
            draft.say("ask.time_moved")
        write(draft, "time", callback_time=wished)
        draft.remember(soon=None)
    elif wished is not None:
        soon(draft)


def _on_the_day_named(draft: Draft, entities: Mapping[str, Any]) -> Mapping[str, Any]:
    """ "Thứ 6", then "sáng": the morning of that Friday."""
    known_time, begins = draft.state.slots.get("callback_time"), entities.get("callback_from")
    if not known_time or not begins or entities.get("day") or entities.get("date") or draft.state.memory.get("soon"):
        return entities
    here = [schedule.local(datetime.fromisoformat(str(at)), draft.business) for at in (known_time["from"], begins)]
    ahead = here[0].date() - here[1].date()
    if ahead <= timedelta(0):
        return entities
    if entities.get("part") and not (entities.get("time") or entities.get("time_after")):
        midnight = schedule.at(here[0].date(), time(0), draft.business)
        found = when.interval(when.When(part=str(entities["part"])), midnight)
        moved = (found.start, found.end) if found else None
    else:
        moved = (
            datetime.fromisoformat(str(begins)) + ahead,
            datetime.fromisoformat(str(entities["callback_to"])) + ahead,
        )
    if moved is None:
        return entities
    return {**entities, "day": "named", "callback_from": moved[0].isoformat(), "callback_to": moved[1].isoformat()}


def _moved(draft: Draft, entities: Mapping[str, Any], begins: str) -> bool:
    """He named a day on which nobody works."""
    if not (entities.get("callback_from") and (entities.get("day") or entities.get("date"))):
        return False
    meant, kept = (datetime.fromisoformat(str(text)) for text in (entities["callback_from"], begins))
    day = schedule.local(meant, draft.business).date()
    return day != schedule.local(kept, draft.business).date() and not schedule.spans(day, draft.business)


def unworkable(draft: Draft) -> bool:
    """Has he been told in this turn that nobody works at the time he wishes?"""
    return any(isinstance(effect, Say) and effect.key == CLOSED for effect in draft.effects)


def _details(draft: Draft, entities: Mapping[str, Any]) -> None:
    sized = [pair for pair in (SEATS, LOAD) if not entities.keys().isdisjoint(pair)]
    if len(sized) > 1:  # lorries and buses of one firm: which is which, people read
        entities = {key: told for key, told in entities.items() if key not in OF_ONE_VEHICLE}
    elif sized:
        entities = {**dict.fromkeys(sized[0]), **entities}
    if not DETAIL.isdisjoint(entities):
        told = {key: entities[key] for key in DETAILS if entities.get(key) is not None}
        other = {key: None for pair in sized[:1] for key in pair if key in entities}
        if "date_from" in entities:
            other |= {"date_to": None, "days": None}
        draft.put(**{**other, **told})


def _area(draft: Draft, one: Heard) -> None:
    """Where he lives: asked, at the read-back, or said so ("mình ở Cần Thơ"). Where a trip goes to is no such place."""
    if not one.place or one.said.payload or (known(draft.state, "province") and not _open_to(draft, "province", one)):
        return
    if draft.state.asked in ("province", *OPEN_FORM):
        told = len(one.folded.split()) <= PLACE_WORDS or LIVES.search(one.folded) is not None
    else:
        lives = LIVES.search(one.folded) is not None or _by_itself(draft, one)
        told = lives and draft.state.slots.get("product") != TRIP
    if told:
        write(draft, "province", province=one.place)


def _by_itself(draft: Draft, one: Heard) -> bool:
    """ "Nam. 0912345678. Xe máy. HN.": a part of the list is nothing but the place."""
    parts = [part for part in PART.split(one.said.text) if part.strip()]
    if len(parts) < PARTS:
        return False
    short = (part for part in parts if len(part.split()) <= PLACE_ALONE)
    return any(reread(part, now=draft.now).place == one.place for part in short)
