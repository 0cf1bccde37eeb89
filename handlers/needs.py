"""Several wishes in one message: "xe máy cho ba, xe ô tô cho mẹ và du lịch cho em" is three, and all of them count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from handlers.hearing import Heard
from handlers.taps import PRODUCTS
from handlers.understanding import understand
from handlers.understanding.fold import fold

CAR: Final = "o_to_unspecified"  # a car, and nobody knows yet which cover
CARS: Final = frozenset({"tnds_o_to", "vat_chat_o_to"})
WISHES: Final = frozenset({"buy", "ask_fee", "renewal", "other", "give_phone", "give_name", "give_plate"})
# looked for in every message, so that only what may name two covers is read part by part
NAMED: Final = re.compile(
    r"\b(?:(?P<two_wheels>xe may|mo ?to|honda|motorbike)|(?P<car>o ?to|xe hoi|xe con|xe tai|xe ban tai|\d+ cho|car|truck)"
    r"|(?P<own>than (?:vo|xe)|vat chat|hai chieu|2 chieu|own damage)|(?P<health>suc khoe|health)|(?P<trip>du lich|travel)|(?P<home>nha|can ho|chung cu|home)"
    r"|(?P<accident>tai nan|accident)|(?P<life>nhan tho|life))\b"
)
PART: Final = re.compile(
    r"[,;+&\n/.]|\b(?:và|va|với|voi|cộng|kèm|kem|cùng|lẫn|rồi|roi|thêm|them|and|plus|also)\b", re.IGNORECASE
)
HOUSEHOLD: Final = re.compile(r"\b(?:ca|gia dinh|nguoi|ve|tai|tan|ong|ba|me|bo|vo|chong|con|be|chau) nha\b")
ONLY: Final = re.compile(r"\b(?:chi|moi|only|just)\b")  # "à không, chỉ cần sức khỏe thôi"
LESS: Final = re.compile(
    r"\b(?:bo|khoi|thoi khong|(?:khong|ko|k|hong) (?:can|mua|lay|muon|lam)|without|drop|remove|no need for)\b"
)
NOT_THAT: Final = re.compile(r"\b(?:khong|ko|k|khoi|chua|thoi|bo|not|no)\b")


def find(one: Heard, *, now: datetime) -> list[str]:
    """The covers that it names, in his order: codes of the catalogue and `o_to_unspecified`; [] when it is less than two."""
    if one.intent not in WISHES or one.said.payload or one.stale or one.entities.get("correction"):
        return []
    if len({found.lastgroup for found in NAMED.finditer(one.folded)}) < 2:
        return []
    found = [
        code for part in PART.split(one.said.text) if not NOT_THAT.search(fold(part)) and (code := _of(part, now=now))
    ]
    named = list(dict.fromkeys(found))
    if not CARS.isdisjoint(named) and CAR in named:
        named.remove(CAR)
    return named if len(named) > 1 else []


def fewer(one: Heard, known: Sequence[str], *, now: datetime) -> list[str]:
    """Of the covers that are known those that are left: "chỉ cần sức khỏe thôi", "bỏ du lịch đi"; all of them when he
    takes none away."""
    if len(known) < 2 or one.said.payload or not (LESS.search(one.folded) or ONLY.search(one.folded)):
        return list(known)
    left, only = list(known), set[str]()
    for part in PART.split(one.said.text):
        code, said = _of(part, now=now), fold(part)
        if code in left and LESS.search(said):
            left.remove(code)
        elif code in left and ONLY.search(said):
            only.add(code)
    return [code for code in left if not only or code in only] or list(known)


def _of(part: str, *, now: datetime) -> str:
    """The cover that a part of a message names, or ''."""
    if NAMED.search(HOUSEHOLD.sub(" ", fold(part))) is None:
        return ""
    code = str(understand(part, "ask_product", now=now).entities.get("product", ""))
    return code if code in (*PRODUCTS, CAR) else ""
