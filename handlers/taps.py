"""The buttons that customers are offered: what each means, and its label where somebody types it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handlers.model import EMPTY

PRODUCTS: Final = (
    "tnds_xe_may",
    "tnds_o_to",
    "vat_chat_o_to",
    "suc_khoe",
    "du_lich",
    "nha_tu_nhan",
    "tai_nan",
    "nhan_tho",
)


@dataclass(frozen=True, slots=True)
class Tap:
    """What a button means. `steps` -- the open questions it answers; () = it may be pressed at any time."""

    intent: str
    entities: Mapping[str, Any] = EMPTY
    steps: tuple[str, ...] = ()


NEEDS: Final = ("need", "product", "menu")
RIGHTS: Final = ("access", "rectify", "delete", "withdraw")  # that he has over his data
WHEN: Final = ("time", "confirm")
TAPS: Final[Mapping[str, Tap]] = {
    "c1:yes": Tap("yes", steps=("consent",)),
    "c1:no": Tap("no", steps=("consent",)),
    "c1:more": Tap("details", steps=("consent",)),
    "human": Tap("talk_to_human"),
    "buy": Tap("buy"),
    "fee": Tap("ask_fee"),
    "renew": Tap("renewal"),
    "claim": Tap("claim"),
    "complaint": Tap("complaint"),
    "call": Tap("call_me"),
    **{f"p:{code}": Tap("buy", {"product": code}, NEEDS) for code in PRODUCTS},
    "p:other": Tap("buy", {"need": True}, NEEDS),
    "t:now": Tap("other", {"part": "now"}, WHEN),
    "t:morning": Tap("other", {"part": "morning"}, WHEN),
    "t:afternoon": Tap("other", {"part": "afternoon"}, WHEN),
    "t:evening": Tap("other", {"part": "evening"}, WHEN),
    "phone:use": Tap("yes", steps=("phone_same",)),
    "phone:other": Tap("no", steps=("phone_same",)),
    "ok": Tap("yes", steps=("confirm",)),
    "edit": Tap("no", steps=("confirm",)),
    "edit:name": Tap("other", {"edit": "name"}, ("edit", "confirm")),
    "edit:phone": Tap("other", {"edit": "phone"}, ("edit", "confirm")),
    "edit:need": Tap("other", {"edit": "need"}, ("edit", "confirm")),
    "edit:time": Tap("other", {"edit": "time"}, ("edit", "confirm")),
    "got:yes": Tap("yes", steps=("received",)),
    "got:no": Tap("no", steps=("received",)),
    **{f"csat:{score}": Tap("other", {"csat": score}, ("csat",)) for score in range(1, 6)},
    "skip": Tap("skip", steps=("csat_comment",)),
    "term:renew": Tap("renewal"),
    "term:later": Tap("no", steps=("renewal",)),
    "term:declined": Tap("no", steps=("renewal",)),
    "term:sold": Tap("no", steps=("renewal",)),
    **{f"dsr:{right}": Tap("privacy_request", {"request": right}) for right in RIGHTS},
    "c4:yes": Tap("ads_yes"),
    "c4:no": Tap("ads_no"),
    "opt:ads": Tap("opt_ads"),
    "opt:all": Tap("opt_all"),
    "opt:on": Tap("opt_on"),
}
# A button's label typed by hand, where a channel shows none; only what understanding would not read the same way.
TYPED: Final[Mapping[str, str]] = {
    "xem chi tiet": "c1:more",
    "chi tiet": "c1:more",
    "view details": "c1:more",
    "details": "c1:more",
    "edit": "edit",
    "edit details": "edit",
    "sua": "edit",
    "sua lai": "edit",
    "sua thong tin": "edit",
    "bo qua": "skip",
    "skip": "skip",
    "see details": "c1:more",
    "hoi phi": "fee",
    "xem du lieu": "dsr:access",
    "view my data": "dsr:access",
    "sua du lieu": "dsr:rectify",
    "correct my data": "dsr:rectify",
    "delete my data": "dsr:delete",
    "withdraw consent": "dsr:withdraw",
    "ask the price": "fee",
    "home": "p:nha_tu_nhan",
    "sang (8h-12h)": "t:morning",
    "chieu (12h-17h)": "t:afternoon",
    "toi (17h-20h)": "t:evening",
    "talk to an advisor": "human",
    "tai nan": "p:tai_nan",
    "accident": "p:tai_nan",
    "car damage": "p:vat_chat_o_to",
    "loai khac": "p:other",
    "something else": "p:other",
    "dung so nay": "phone:use",
    "use this number": "phone:use",
    "nhap so khac": "phone:other",
    "so khac": "phone:other",
    "another number": "phone:other",
    "ho ten": "edit:name",
    "name": "edit:name",
    "so dien thoai": "edit:phone",
    "phone number": "edit:phone",
    "loai bao hiem": "edit:need",
    "insurance": "edit:need",
    "gio goi": "edit:time",
    "call time": "edit:time",
}
