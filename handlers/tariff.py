"""The statutory fee of compulsory motor cover: Decree 67/2023/ND-CP, annex I. VND a year, without VAT and with it.

The only fee that the bot may name: every other is the insurer's. No discount, no promotion (article 75(1)).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from handlers.understanding import bounds

VAT: Final = 10  # per cent; insurance is outside the cut of 2025-2026
MOTORBIKE: Final = "tnds_xe_may"
CAR: Final = "tnds_o_to"

# I to III: what stands on two or three wheels
_TWO_WHEELS: Final[Mapping[str, tuple[str, int]]] = {
    "mo_to_duoi_50": ("i_1", 55_000),
    "mo_to_tu_50": ("i_2", 60_000),
    "three_wheeler": ("ii", 290_000),
    "xe_may_dien": ("iii_1", 55_000),
}
# IV: not in business; seats up to and with the first number
_PRIVATE: Final = ((5, "iv_1", 437_000), (11, "iv_2", 794_000), (24, "iv_3", 1_270_000), (80, "iv_4", 1_825_000))
# V: in business, by the very number of seats. 16 seats are dearer than 17 in the gazette as printed.
_BUSINESS: Final[Mapping[int, int]] = {
    6: 929_000, 7: 1_080_000, 8: 1_253_000, 9: 1_404_000, 10: 1_512_000, 11: 1_656_000, 12: 1_822_000, 13: 2_049_000,
    14: 2_221_000, 15: 2_394_000, 16: 3_054_000, 17: 2_718_000, 18: 2_869_000, 19: 3_041_000, 20: 3_191_000,
    21: 3_364_000, 22: 3_515_000, 23: 3_688_000, 24: 4_632_000, 25: 4_813_000,
}  # fmt: skip
_BUSINESS_SMALL: Final = 756_000  # under 6 seats
_BEYOND: Final = (25, 4_813_000, 30_000)  # each seat above the 25
_PICKUP: Final = {"non_business": ("iv_5", 437_000), "business": ("v_23", 933_000)}
# VI: trucks; tonnes below the first number, at the borders as the decree has them (3 to 8, over 8 to 15, over 15)
_TRUCK_SMALL: Final = ("vi_1", 853_000)
_TRUCKS: Final = ((8.0, "vi_2", 1_660_000), (15.0, "vi_3", 2_746_000))
_TRUCK_LARGE: Final = ("vi_4", 3_200_000)
_TAXI: Final = 170  # per cent of the business row with as many seats
_TRACTOR_UNIT: Final = 150  # per cent of the largest truck
_SPECIAL: Final = 120  # VII: per cent of the row that such a vehicle is measured by
SMALL_ENGINE: Final = 50  # cc: below it a motorbike pays less
USES: Final = ("non_business", "business")
OF_EITHER_USE: Final = frozenset({"", "pickup", "van"})  # kinds whose fee goes by the use
# what stands for all numbers of which the annex speaks
_SEATS: Final = tuple(map(float, range(2, 81)))
_TONNES: Final = tuple(tenth / 20 for tenth in range(1, 1201))
_ENGINES: Final = tuple(map(float, range(1, 2001)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """`row` -- of the annex, as the texts name it (`vehicle.iv_1`) · `net` -- VND a year · `seats` -- when the row is
    one of many that differ by them, else 0."""

    row: str
    net: int
    seats: int = 0

    @property
    def gross(self) -> int:
        """With VAT; every fee of the annex is a whole number of VND with it."""
        return self.net * (100 + VAT) // 100


def fees(product: str, told: Mapping[str, Any]) -> tuple[Fee, ...]:
    """The fees that what was told leaves open, each once; none where what the fee goes by was not told at all.

    told -- of `vehicle_kind`, `use`, `seats`, `payload_t`, `engine_cc` what is known, or what they lie between
    (`seats_range`, `payload_range`, `engine_range`, see `understanding.bounds`). Whether a car earns money is asked,
    never assumed.
    """
    kind = kind_of(told)
    found: dict[tuple[str, int], Fee] = {}
    if product == MOTORBIKE:
        for one in [kind] if kind in _TWO_WHEELS else _by_engine(told):
            row, net = _TWO_WHEELS[one]
            found[row, net] = Fee(row=row, net=net)
    elif product == CAR:
        uses = [told["use"]] if told.get("use") else USES if kind in OF_EITHER_USE else [""]
        each = [
            {"use": use, "seats": seats, "payload_t": tonnes}
            for use in uses
            for seats in _values(told, "seats", "seats_range", _SEATS)
            for tonnes in _values(told, "payload_t", "payload_range", _TONNES)
        ]
        row_of = _CARS.get(kind, _passenger)
        for fee_ in filter(None, map(row_of, each)):
            found.setdefault((fee_.row, fee_.net), fee_)
    return tuple(found.values())


def fee(product: str, told: Mapping[str, Any]) -> Fee | None:
    """The fee, where what was told leaves one and only one; see `fees`."""
    left = fees(product, told)
    return left[0] if len(left) == 1 else None


def kind_of(told: Mapping[str, Any]) -> str:
    """The kind of vehicle, as understanding names it; '' for a car. What carries so many tonnes is a truck."""
    loaded = (told.get("payload_t") or told.get("payload_range")) and not (told.get("seats") or told.get("seats_range"))
    return str(told.get("vehicle_kind") or ("truck" if loaded else ""))


def _by_engine(told: Mapping[str, Any]) -> list[str]:
    sizes = _values(told, "engine_cc", "engine_range", _ENGINES)
    return ["mo_to_duoi_50" if size < SMALL_ENGINE else "mo_to_tu_50" for size in sizes if size]


def _values(told: Mapping[str, Any], key: str, range_key: str, samples: Sequence[float]) -> Sequence[float]:
    """The number that was told, those of the samples that what was told leaves possible, or 0 for nothing."""
    if number := told.get(key):
        return [float(number)]
    between = bounds.parse(str(told.get(range_key) or ""))
    return [sample for sample in samples if between.holds(sample)] if between else [0]


def money(amount: int) -> str:
    """480.700: as sums are written here."""
    return f"{amount:,}".replace(",", ".")


def _passenger(told: Mapping[str, Any]) -> Fee | None:
    seats = int(told.get("seats") or 0)
    if not seats:
        return None
    return _business(seats) if told.get("use") == "business" else _private(seats)


def _private(seats: int) -> Fee | None:
    return next((Fee(row=row, net=net) for upto, row, net in _PRIVATE if seats <= upto), None)


def _business(seats: int) -> Fee:
    if seats < min(_BUSINESS):
        return Fee(row="v_1", net=_BUSINESS_SMALL)
    largest, net, more = _BEYOND
    return Fee(row="business", net=_BUSINESS.get(seats, net + more * (seats - largest)), seats=seats)


def _taxi(told: Mapping[str, Any]) -> Fee | None:
    seats = int(told.get("seats") or 0)
    return Fee(row="taxi", net=_business(seats).net * _TAXI // 100, seats=seats) if seats else None


def _bus(told: Mapping[str, Any]) -> Fee | None:
    """The row of a private car with as many seats."""
    seats = int(told.get("seats") or 0)
    found = _private(seats) if seats else None
    return Fee(row="bus", net=found.net, seats=seats) if found else None


def _pickup(told: Mapping[str, Any]) -> Fee:
    row, net = _PICKUP["business" if told.get("use") == "business" else "non_business"]
    return Fee(row=row, net=net)


def _truck(told: Mapping[str, Any]) -> Fee | None:
    tonnes = float(told.get("payload_t") or 0)
    if not tonnes:
        return None
    if tonnes < 3:
        return Fee(row=_TRUCK_SMALL[0], net=_TRUCK_SMALL[1])
    return next(
        (Fee(row=row, net=net) for upto, row, net in _TRUCKS if tonnes <= upto),
        Fee(row=_TRUCK_LARGE[0], net=_TRUCK_LARGE[1]),
    )


def _tractor_unit(told: Mapping[str, Any]) -> Fee:
    return Fee(row="vii_4", net=_TRUCK_LARGE[1] * _TRACTOR_UNIT // 100)


def _driving_school(told: Mapping[str, Any]) -> Fee | None:
    """A fifth above a private car with as many seats, or a truck of as many tonnes."""
    seats = int(told.get("seats") or 0)
    found = _private(seats) if seats else _truck(told)
    return _dearer("driving_school", found)


def _ambulance(told: Mapping[str, Any]) -> Fee:
    return Fee(row="ambulance", net=_PICKUP["business"][1] * _SPECIAL // 100)


def _cash_in_transit(told: Mapping[str, Any]) -> Fee:
    return Fee(row="cash_in_transit", net=_PRIVATE[0][2] * _SPECIAL // 100)


def _special_purpose(told: Mapping[str, Any]) -> Fee | None:
    """Without tonnes none is named: whether it carries any nobody has told."""
    return _dearer("special_purpose", _truck(told))


def _tractor(told: Mapping[str, Any]) -> Fee:
    return Fee(row="tractor", net=_TRUCK_SMALL[1] * _SPECIAL // 100)


def _dearer(row: str, measure: Fee | None) -> Fee | None:
    return Fee(row=row, net=measure.net * _SPECIAL // 100) if measure else None


_CARS: Final[Mapping[str, Callable[[Mapping[str, Any]], Fee | None]]] = {
    "pickup": _pickup,
    "van": _pickup,
    "truck": _truck,
    "taxi": _taxi,
    "bus": _bus,
    "tractor_unit": _tractor_unit,
    "driving_school": _driving_school,
    "ambulance": _ambulance,
    "cash_in_transit": _cash_in_transit,
    "special_purpose": _special_purpose,
    "tractor": _tractor,
}
