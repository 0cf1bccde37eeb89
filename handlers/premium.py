"""The premium of a compulsory motor cover: within 15 % of the statutory fee (Decree 67/2023), for each year of its term. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import Any, Final

from handlers import tariff

STATUTORY: Final = frozenset({tariff.MOTORBIKE, tariff.CAR})
WITHIN: Final = 15  # per cent, either way
TERMS: Final = (1, 2, 3)  # years, article 9
NEAR: Final = 3  # days: a term from noon to noon is a day longer than the year, a leap year another one
YEAR: Final = 365
SHORTEST: Final = Fraction(1, 12)  # of a year: what a term of some days costs
# Of each kind what is cheapest and dearest, where nothing is known of the vehicle
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    tariff.MOTORBIKE: ("mo_to_duoi_50", "mo_to_tu_50", "three_wheeler", "xe_may_dien"),
    tariff.CAR: ("", "pickup", "truck", "taxi", "bus", "driving_school", "special_purpose", "tractor_unit", "tractor"),
}
_SEATS: Final = (2, 5, 16, 25, 80)
_TONNES: Final = (1, 60)


def wrong(product: str, premium: int, told: Mapping[str, Any], terms: Iterable[Fraction | int] = TERMS) -> str:
    """What is wrong with this premium in VND with VAT, and what would be right; '' when it may stand.

    told -- of the vehicle, see `tariff.fees` · terms -- in years, any of them
    """
    if product not in STATUTORY:
        return ""
    known = sorted({one.gross for one in tariff.fees(product, told)}) or list(_whole(product))
    spans = [
        (ceil(known[0] * years * (100 - WITHIN) / 100), floor(known[-1] * years * (100 + WITHIN) / 100))
        for years in map(Fraction, terms)
    ]
    if any(low <= premium <= high for low, high in spans):
        return ""
    fee = f"{known[0]}" if known[0] == known[-1] else f"{known[0]} to {known[-1]}"
    right = " or ".join(f"{low} to {high}" for low, high in spans)
    return (
        f"outside {WITHIN} % of the statutory fee ({fee} VND a year with VAT, Decree 67/2023): {right} would be right"
    )


def years(starts_on: str, ends_on: str) -> Fraction:
    """A term as the fee counts it: whole years where it is of about so many, else by the day. ISO dates."""
    days = (date.fromisoformat(ends_on) - date.fromisoformat(starts_on)).days
    whole = round(days / YEAR)
    if whole and abs(days - whole * YEAR) <= NEAR:
        return Fraction(whole)
    return max(SHORTEST, Fraction(days, YEAR))


@cache
def _whole(product: str) -> tuple[int, int]:
    """The least and the most that any vehicle of this product costs a year, with VAT."""
    found = [
        one.gross
        for kind in _KINDS[product]
        for use in tariff.USES
        for size in (*({"seats": seats} for seats in _SEATS), *({"payload_t": tonnes} for tonnes in _TONNES))
        for one in tariff.fees(product, {"vehicle_kind": kind, "use": use, **size})
    ]
    if product == tariff.MOTORBIKE:
        found.append(tariff.Fee(row="iii_2", net=290_000).gross)
    return min(found), max(found)
