"""Questions in between: answered from what is published, as far as a bot may; the rest is for an advisor (R-ADV-1, -6).

The statutory motor fee is named exactly, every other fee is the insurer's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from handlers import inquiring, statutory, steps, tariff, wanted
from handlers.draft import Draft
from handlers.hearing import Heard, reread
from handlers.model import Stage
from handlers.taps import PRODUCTS

ASKING: Final = ("ask_fee", "renewal")
DISCOUNT: Final = re.compile(
    r"\b(?:giam (?:gia|phi|bot|them|duoc|dc|khong|ko|\d+ ?%|\d+ phan tram)|bot (?:chut|gia|phi|tien|them|duoc|dc|cho|mot it)|khuyen m[ai]i|chiet khau|uu dai"
    r"|tang (?:qua|kem|gi)|qua tang|hoan tien|mac ca|voucher|coupon|discount\w*|promotion\w*|promo code|cheaper)\b"
)
NO_QUESTION: Final = frozenset({"menu", "reschedule", "smalltalk", "fraud_signal"})
PRICE: Final = re.compile(
    r"\?|\b(?:bao nhieu|nhieu|may tien|phi|het may|bao gia|xin gia|tinh (?:gia|phi)|re hon|re khong|dat khong|how much|cost|fee|price)\b"
)
AND_WHAT_OF: Final = re.compile(r"\b(?:thi sao|the nao|con|what about)\b|\?")
COMMISSION: Final = re.compile(r"\b(?:hoa hong|dai ly|ctv|cong tac vien|moi gioi|commission)\b")
COMPULSORY: Final = re.compile(r"\b(?:tnds|bat buoc|trach nhiem dan su|compulsory)\b")
TELLS: Final = frozenset({"product", "use"})  # what an owed price waits for, beside a vehicle
SIZES: Final = frozenset({"seats", "seats_range", "payload_t", "payload_range"})
LOOK_BACK: Final = 5  # messages
PIECES: Final = 3
CONTACT: Final = frozenset({"name", "phone", "email", "callback_time", "product"})  # told, not asked


def is_question(one: Heard) -> bool:
    """Something that must not stop the form, whoever answers it."""
    topic = one.entities.get("topic")
    if _tells_the_value(one):
        return False
    asks = (
        one.wants(*ASKING)
        or bargains(one)
        or (one.intent == "other" and topic is not None and topic not in NO_QUESTION)
    )
    return asks and not one.stale


def asks(one: Heard) -> bool:
    """A question, also one that nothing here knows: it is answered or left to an advisor in so many words, and the open
    question of ours stands."""
    if is_question(one):
        return True
    open_ended = one.intent in ("other", "buy", "no") and CONTACT.isdisjoint(one.entities)
    return open_ended and not one.stale and not one.said.payload and inquiring.asks(one.folded)


def _tells_the_value(one: Heard) -> bool:
    """ "Xe Vios 2020 giá 450tr": what the car is worth, and no question."""
    return "vehicle_value" in one.entities and PRICE.search(one.folded) is None


def asks_on(one: Heard) -> bool:
    """ "Còn ô tô 7 chỗ thì sao", "xe 50cc thì sao": after a price, that of another vehicle."""
    return AND_WHAT_OF.search(one.folded) is not None and bool(_vehicle(one))


def answer(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Answer by the bot as far as it may; True when the rest is for an advisor."""
    for one in heard:
        if bargains(one):
            _discount(draft, one)
            return False
        if (one.wants("ask_fee") or asks_on(one)) and not _tells_the_value(one) and _fee(draft, one):
            return False
        if is_question(one) and (said := ANSWERS.get(str(one.entities.get("topic")))) and said(draft):
            return False
    draft.say("advice.no_advice_by_bot")
    return True


def bargains(one: Heard) -> bool:
    """Does he ask for something off the fee?"""
    asks = one.wants("ask_fee") or one.intent in ("other", "buy", "no")
    return (
        asks
        and not one.stale
        and not one.said.payload
        and (one.entities.get("topic") == "discount" or DISCOUNT.search(one.folded) is not None)
        and COMMISSION.search(one.folded) is None
    )


def first(draft: Draft, heard: Sequence[Heard]) -> None:
    """A price asked with the first words: answered before the consent is asked under it."""
    begins = draft.state.stage in (Stage.NEW, Stage.GREETED) and not draft.consented
    if begins and any((one.wants("ask_fee") or bargains(one)) and not one.said.payload for one in heard):
        steps.greet(draft)
        answer(draft, heard)


def _fee(draft: Draft, one: Heard) -> bool:
    """False when it is not known of which cover the fee is asked."""
    known = draft.state.slots if draft.consented else said_before(draft)
    vehicle = _vehicle(one)
    if vehicle == tariff.CAR and known.get("product") == "vat_chat_o_to":
        vehicle = ""  # the cover of which he spoke, of this car
    a_car = wanted.UNSPECIFIED if draft.state.memory.get(wanted.CAR) else ""
    product = str(one.entities.get("product") or vehicle or known.get("product") or a_car)
    if product == wanted.UNSPECIFIED:
        product = tariff.CAR  # of its two covers the one whose fee is the law's
    draft.remember(price_owed=None if product in PRODUCTS else True)
    if product not in (tariff.MOTORBIKE, tariff.CAR):
        if product not in PRODUCTS:
            return False
        draft.say("advice.fee_insurer", san_pham=(f"product.{product}",))
        return True
    statutory.tell(draft, product, statutory.together(known, {**one.entities, **statutory.engine(one.folded)}))
    return True


def owed(draft: Draft, heard: Sequence[Heard]) -> None:
    """The price that was asked before anybody knew of what: told with the word that says it ("bao nhiêu tiền" - "xe máy")."""
    if draft.state.memory.get("price_owed"):
        any(_fee(draft, one) for one in heard if not TELLS.isdisjoint(one.entities) or _vehicle(one))


def _discount(draft: Draft, one: Heard) -> None:
    """Nothing comes off a compulsory cover, whoever sells it (Decree 67/2023, article 75(1)); of the others the insurer
    decides."""
    known = draft.state.slots if draft.consented else said_before(draft)
    product = str(one.entities.get("product") or _vehicle(one) or known.get("product") or "")
    if product in (tariff.MOTORBIKE, tariff.CAR) or COMPULSORY.search(one.folded):
        draft.say("advice.no_discount")
    elif product in PRODUCTS:
        draft.say("advice.discount_insurer", san_pham=(f"product.{product}",))
    else:
        draft.say("advice.discount_either")


def said_before(draft: Draft) -> Mapping[str, Any]:
    """What he has told of it before the yes to the consent: read anew each time, not kept."""
    last = draft.history[-LOOK_BACK:]
    told: dict[str, Any] = {}
    for text in (" ".join(last[-PIECES:]), *last):  # people type in pieces: "mua", "xe", "máy"
        told |= reread(text, now=draft.now).entities
    return told


def _vehicle(one: Heard) -> str:
    """The compulsory cover of the vehicle that is spoken of, where no cover is named."""
    if statutory.ENGINE.search(one.folded):
        return tariff.MOTORBIKE
    kind = str(one.entities.get("vehicle_kind", ""))
    if kind:
        return tariff.MOTORBIKE if kind in ("three_wheeler", "xe_may_dien") else tariff.CAR
    told = not SIZES.isdisjoint(one.entities) or ("use" in one.entities and COMPULSORY.search(one.folded))
    return tariff.CAR if told else ""


def _who(draft: Draft) -> bool:
    if not draft.said():  # the greeting has just told him
        draft.say("greeting.bot_identity")
    return True


def _covers(draft: Draft) -> bool:
    draft.say("advice.compulsory_vs_voluntary")
    return True


def _electronic(draft: Draft) -> bool:
    draft.say("advice.ecert")
    return True


def _office(draft: Draft) -> bool:
    if not draft.business.address:
        return False
    draft.say("advice.office")
    return True


def _agency(draft: Draft) -> bool:
    """He doubts that we are real."""
    business = draft.business
    if not (business.legal_name and business.address and business.hotline):
        return False
    draft.say("advice.who_we_are")
    return True


ANSWERS: Final[Mapping[str, Callable[[Draft], bool]]] = {  # topics of understanding -> what is published on them
    "bot_identity": _who,
    "company_legit": _agency,
    "compulsory": _covers,
    "ecert_validity": _electronic,
    "office": _office,
    "office_hours": _office,
}
