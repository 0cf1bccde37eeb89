"""What a compulsory motor cover costs, in our words: the law's fee where one is open, else what it goes by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from handlers import tariff, wanted
from handlers.draft import Draft
from handlers.understanding import bounds

ENGINE: Final = re.compile(r"\b(\d{2,4})\s?(?:cc|phan khoi|pk)\b")
INSURER: Final = ("slot.insurer",)
# What most people drive: both are named when nobody said which it is
EITHER: Final[Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]] = {
    tariff.MOTORBIKE: ({"vehicle_kind": "mo_to_tu_50"}, {"vehicle_kind": "mo_to_duoi_50"}),
    tariff.CAR: ({"seats": 5, "use": "non_business"}, {"seats": 7, "use": "non_business"}),
}
BY_TONNES: Final = frozenset({"truck", "special_purpose"})
NUMBERS: Final = (("seats", "seats_range"), ("payload_t", "payload_range"), ("engine_cc", "engine_range"))


def engine(folded: str) -> dict[str, Any]:
    """`engine_cc`, or `engine_range` where it was compared with a number; nothing where no engine is spoken of."""
    if told := bounds.find(folded, "engine"):
        return {"engine_range": str(told[0])}
    size = ENGINE.search(folded)
    return {"engine_cc": int(size[1])} if size else {}


def together(known: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What was known and what is told now; a number and what it lies between never stand beside each other."""
    gone = {key for pair in NUMBERS if not told.keys().isdisjoint(pair) for key in pair}
    return {**{key: value for key, value in known.items() if key not in gone}, **told}


def tell(draft: Draft, product: str, told: Mapping[str, Any]) -> None:
    """The fee of what was told. One that more than one row leaves open is not named: what it goes by is asked."""
    left = tariff.fees(product, told)
    if len(left) == 1:
        _exactly(draft, left[0], told)
    elif product == tariff.MOTORBIKE:
        _either(draft, product, "advice.fee_motorbike")
    elif not left and told.get("use") != "business" and tariff.kind_of(told) in tariff.OF_EITHER_USE:
        _either(draft, product, "advice.fee_car")
    elif told.get("use"):
        _open(draft, told)
    else:
        _of_either_use(draft, product, told)


def _of_either_use(draft: Draft, product: str, told: Mapping[str, Any]) -> None:
    """Whether it earns money was not told: both fees, or the one that is sure if it does not."""
    private, business = (tariff.fees(product, {**told, "use": use}) for use in tariff.USES)
    if private == business or len(private) != 1:
        _open(draft, told)
    elif len(business) == 1:
        draft.say(
            "advice.fee_by_use",
            **_sums(private[0]),
            **_sums(business[0], "_2"),
            vat=f"{tariff.VAT}%",
            loai_xe=_vehicle(draft, told),
        )
    else:
        draft.say("advice.fee_if_private", **_values(private[0]))
    draft.remember(price_owed=True)  # what he answers names the one that is his


def _exactly(draft: Draft, fee: tariff.Fee, told: Mapping[str, Any]) -> None:
    if not fee.seats:
        draft.say("advice.fee_by_law", **_values(fee))
        return
    compared = told.get("seats_range") if not told.get("seats") else None
    seats = wanted.compared(str(compared), "", draft.state.lang) if compared else str(fee.seats)
    draft.say("advice.fee_by_seats", so_cho=seats, **_values(fee))


def _either(draft: Draft, product: str, key: str) -> None:
    first, second = (
        _sums(tariff.fees(product, told)[0], which) for told, which in zip(EITHER[product], ("", "_2"), strict=True)
    )
    draft.say(key, **first, **second, vat=f"{tariff.VAT}%")


def _open(draft: Draft, told: Mapping[str, Any]) -> None:
    kind = tariff.kind_of(told)
    by = ["slot.of_payload"] if kind in BY_TONNES else ["slot.of_seats"]
    if kind in tariff.OF_EITHER_USE and not told.get("use"):
        by.append("slot.of_use")
    draft.say("advice.fee_open", loai_xe=_vehicle(draft, told), muc_can_biet=tuple(by))
    draft.remember(price_owed=True)


def _vehicle(draft: Draft, told: Mapping[str, Any]) -> str:
    of_it = {
        key: told[key]
        for key in ("vehicle_kind", "payload_t", "payload_range", "seats", "seats_range", "use")
        if key in told
    }
    return wanted.details(of_it, draft.state.lang)


def _values(fee: tariff.Fee) -> dict[str, Any]:
    return {
        **_sums(fee),
        "vat": f"{tariff.VAT}%",
        "loai_xe": (f"slot.vehicle_{fee.row}",),
        "cong_ty_bao_hiem": INSURER,
    }


def _sums(fee: tariff.Fee, which: str = "") -> dict[str, Any]:
    return {f"phi_chua_vat{which}": tariff.money(fee.net), f"phi_co_vat{which}": tariff.money(fee.gross)}
