"""What nobody asked and no slot takes, a plate, a colour, an insurer: the advisor can use it, so it is never "not
understood". It is acknowledged, and the open question stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers import questions, slots
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.understanding import details
from handlers.understanding.stop import writes_instead

OF_THE_VEHICLE: Final = frozenset({"plate", "plate_invalid", "chassis"})
INSURERS: Final = (
    "bao viet|bao minh|bao long|pvi|pjico|pti|bic|mic|vbi|bsh|vni|gic|liberty|samsung vina|manulife|prudential|aia"
    "|dai ?ichi|chubb|sun ?life|generali|fwd|hanwha"
)
COLOURS: Final = "do|den|trang|xanh|bac|xam|ghi|vang|nau|cam|tim|hong|kem"
TELLS: Final = re.compile(
    rf"\b(?:bien so|bks|bien (?:xe|vang|trang|xanh|\d\d)|mau (?:xe|son|{COLOURS})|(?:{INSURERS})|so khung|so may|dang ky xe"
    r"|nha (?:cap|ong|pho|tro|may|\d+ tang)|\d+ (?:tang|lau|m2|met vuong|cc|phan khoi|tuoi|nguoi|chiec|tan|cho)|dien tich|dia chi|vo chong|ca nha|ca gia dinh"
    r"|(?:qua|bang|nhan|nhan tin|chat) (?:qua )?(?:zalo|email|mail|viber|telegram|tin nhan)"
    r"|xe (?:nay|do|em|e|minh|toi|tui|anh|chi|cua|mua|cu|moi|chay|dung|doi|hang|dang|con|da|vua)|doi \d{4}"
    r"|(?:mua|dung|chay|di) (?:duoc |tu )?(?:\d+ nam|nam (?:ngoai|kia|nay))"
    r"|(?:my|the) (?:car|bike|motorbike) is|plate)\b"
)
FAR: Final = re.compile(  # a time that is no appointment yet
    r"\b(?:(?:sau|truoc|qua) (?:tet|le|nam moi|noel)|thang (?:sau|toi|\d{1,2})|(?:cuoi|dau|giua) (?:thang|nam)|nam sau|(?:vai|may|\d+) (?:tuan|thang) nua"
    r"|(?:next|in a few) (?:month|months|year|weeks)|after (?:tet|new year|the holidays))\b"
)
NO: Final = re.compile(r"\b(?:khong|ko|k|hong|chua|thoi|no|not|don't)\b")
PRIVATE: Final = re.compile(r"\b(?:dia chi)\b")
WONDERS: Final = re.compile(
    r"\b(?:(?:duoc|dc|co|phai) (?:khong|ko|hong)|bao nhieu|bao lau|the nao|nhu nao|tai sao|vi sao|sao (?:phai|lai)"
    r"|why|how (?:much|long|come))\b"
)
VEHICLES: Final = slots.CARS | {"tnds_xe_may"}
OF_VEHICLES: Final = ("seats", "payload_t", "quantity")
WISH_MAX: Final = 40  # characters: it stands in a line of the read-back
ALL_OF_IT: Final = 2000  # characters: data dictionary, need_text


def tells(one: Heard) -> bool:
    """Is it something about what is to be insured, and no question?"""
    if in_writing(one):
        return True
    if one.said.payload or one.stale or one.wants("spam_abuse") or (one.wants("no") and NO.search(one.folded)):
        return False
    if questions.is_question(one) and not one.wants("renewal"):  # "mua năm ngoái của Bảo Việt" only looks like one
        return False
    return not OF_THE_VEHICLE.isdisjoint(one.entities) or any(told.search(one.folded) for told in (TELLS, FAR))


def in_writing(one: Heard) -> bool:
    """ "Không cần gọi, nhắn Zalo": for the advisor to know, and no "no" to anything."""
    return not one.said.payload and not one.stale and not one.wants("opt_out") and writes_instead(one.folded)


def wonders(draft: Draft, heard: Sequence[Heard]) -> bool:
    """A question that we did not understand is still one: it is left to the advisor, in so many words."""
    if not any(not one.said.payload and WONDERS.search(one.folded) for one in heard):
        return False
    draft.say("advice.no_advice_by_bot")
    return True


def note(draft: Draft, heard: Sequence[Heard]) -> None:
    """Acknowledge it. Into the request goes what may be kept from a chat: no papers and nothing of health (F-2, F-3)."""
    for one in heard:
        if not tells(one):
            continue
        _count(draft, one)
        if FAR.search(one.folded):
            draft.remember(wish=one.said.text[:WISH_MAX])
        if (
            PRIVATE.search(one.folded) is None
            and OF_THE_VEHICLE.isdisjoint(one.entities)
            and "sensitive" not in one.entities
        ):
            need = str(draft.state.slots.get("need", ""))
            if one.said.text not in need:
                draft.put(need=" / ".join(filter(None, (need, one.said.text)))[:ALL_OF_IT])
    draft.say("ask.time_far" if any(FAR.search(one.folded) for one in heard) else "ask.noted")
    draft.set(unclear=0)


def _count(draft: Draft, one: Heard) -> None:
    """ "Đi 2 người": numbers that mean something for what he wants."""
    product = draft.state.slots.get("product")
    counts = OF_VEHICLES if product in VEHICLES else ("people", *(("days",) if product == slots.TRIP else ()))
    numbers = details.find_numbers(one.folded)
    told = {key: numbers[key] for key in counts if numbers.get(key, 0) > 1}
    compared = {other: None for pair in (slots.SEATS, slots.LOAD) if pair[0] in told for other in pair[1:]}
    draft.put(**compared, **told)
