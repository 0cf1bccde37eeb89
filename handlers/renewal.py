"""The term of a policy: half-way, towards its end and after it. We remind; whether and how he renews a person sees to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from channels.contract import Button
from handlers import waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import EMPTY, CareAnswered, Relabel, Stage
from handlers.taps import PRODUCTS

ASKED: Final = "renewal"  # the open question
TEXTS: Final[Mapping[str, str]] = {  # kind -> text
    "midterm": "care.midterm",
    "renewal_30": "renewal.t30",
    "renewal_15": "renewal.t15",
    "renewal_7": "renewal.t7",
    "renewal_1": "renewal.t1",
    "ended": "renewal.expired",
}
NAMELESS: Final = {"care.midterm": "care.midterm_plain", "renewal.t30": "renewal.t30_plain"}
PURPOSE: Final = "reminder"
VEHICLES: Final = frozenset({"tnds_xe_may", "tnds_o_to", "vat_chat_o_to"})
RENEW: Final = Button(id="term:renew", label="renew_now")
LATER: Final = Button(id="term:later", label="remind_later")
DECLINE: Final = Button(id="term:declined", label="not_renew")
SOLD: Final = Button(id="term:sold", label="sold_vehicle")
PUT_OFF: Final = re.compile(
    r"\b(?:de sau|lat nua|hom khac|bua khac|nhac lai|tinh da|suy nghi|xem da|mai mot|tu tu|later|remind me|not now)\b"
)
WISHES: Final = ("renewal", "buy", "yes")
LABEL: Final = "renewal"


def say(draft: Draft, care: Mapping[str, str], name: str) -> None:
    """A touch that is due: a letter as it stands, elsewhere with the choices beneath it."""
    kind, chat = care["kind"], not draft.context.letters
    if chat and draft.state.stage is Stage.NEW:  # we speak first: who, and that it is a machine
        draft.move(Stage.GREETED)
        draft.say("greeting.bot_identity", klass="D", purpose=PURPOSE)
    asks = kind != "midterm"
    if chat and asks:
        draft.set(asked=ASKED, care={**care, "at": draft.now.isoformat()}, tries=0)
    text = TEXTS[kind]
    unnamed = not name and not draft.state.slots.get("name")
    key = NAMELESS.get(text, text) if unnamed else text
    buttons = choices(care.get("product", ""), ended=kind == "ended") if chat and asks else ()
    draft.say(key, *buttons, klass="D", purpose=PURPOSE, **_values(care, name))
    draft.add(CareAnswered(task=care["task"], state="sent"))


def choices(product: str, *, ended: bool) -> tuple[Button, ...]:
    sold = (SOLD,) if product in VEHICLES else ()
    return (RENEW, DECLINE, *sold) if ended else (RENEW, LATER, DECLINE, *sold)


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """His answer to the reminder; False when he speaks of something else."""
    told = next((answer for one in reversed(heard) if (answer := _answer(one))), "")
    if not told:
        return False
    care = draft.state.care
    draft.add(CareAnswered(task=care["task"], state="answered", answer=told))
    draft.set(asked="", tries=0, care=EMPTY)
    match told:
        case "renew":
            draft.add(Relabel(add=(LABEL,)))
            waiting.hand_over(draft, "care", consent_line=False)
        case "sold":
            draft.say("renewal.sold", purpose="care")
        case "declined":
            draft.say("renewal.declined", purpose="care")
        case _:
            draft.say("renewal.later", purpose="care")
    return True


def _answer(one: Heard) -> str:
    """renew, later, declined, sold, or ''."""
    if one.said.payload.startswith("term:"):
        return one.said.payload.removeprefix("term:")
    if one.stale or one.wants("claim", "complaint", "talk_to_human", "privacy_request"):
        return ""
    if one.entities.get("reason") == "sold_vehicle":
        return "sold"
    if PUT_OFF.search(one.folded):
        return "later"
    if one.intent == "no":
        return "declined"
    return "renew" if one.intent in WISHES else ""


def _values(care: Mapping[str, str], name: str) -> dict[str, str | tuple[str, ...]]:
    product = care.get("product", "")
    return {
        "san_pham": (f"product.{product}",) if product in PRODUCTS else product,
        "so_hop_dong": care.get("number", ""),
        "den_ngay": date.fromisoformat(care["ends_on"]).strftime("%d/%m/%Y"),
        "cong_ty_bao_hiem": care.get("insurer", ""),
        **({"ten": name} if name else {}),
    }
