"""What a compulsory cover may cost: 15 % around the decree's fee, for each year."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import pytest

from handlers import premium

BIKE: Final = {"vehicle_kind": "mo_to_tu_50"}
CAR: Final = {"seats": 5, "use": "non_business"}


@pytest.mark.parametrize(
    "product, told, terms, amount, good",
    [
        ("tnds_xe_may", BIKE, (1,), 66_000, True),
        ("tnds_xe_may", BIKE, (1,), 56_100, True),
        ("tnds_xe_may", BIKE, (1,), 56_099, False),
        ("tnds_xe_may", BIKE, (1,), 75_900, True),
        ("tnds_xe_may", BIKE, (1,), 75_901, False),
        ("tnds_xe_may", BIKE, (2,), 66_000, False),
        ("tnds_xe_may", BIKE, (2,), 132_000, True),
        ("tnds_xe_may", BIKE, (1, 2, 3), 198_000, True),
        ("tnds_xe_may", BIKE, (1, 2, 3), 1_000, False),
        ("tnds_xe_may", {}, (1,), 51_425, True),
        ("tnds_xe_may", {}, (1,), 51_424, False),
        ("tnds_xe_may", {}, (1,), 366_850, True),
        ("tnds_xe_may", {}, (1,), 366_851, False),
        ("tnds_xe_may", {"engine_range": "<50"}, (1,), 1, False),
        ("tnds_o_to", CAR, (1,), 480_700, True),
        ("tnds_o_to", CAR, (1,), 560_000, False),
        ("tnds_o_to", {}, (1,), 408_595, True),
        ("tnds_o_to", {}, (1,), 408_594, False),
        ("tnds_o_to", {}, (1,), 5_280_000, True),
        ("tnds_o_to", {}, (1,), 100_000_000, False),
        ("suc_khoe", {}, (1,), 1, True),
    ],
)
def test_within_fifteen_per_cent(product: str, told: dict[str, Any], terms: Any, amount: int, good: bool) -> None:
    assert (premium.wrong(product, amount, told, terms) == "") is good


def test_it_says_what_would_be_right() -> None:
    assert premium.wrong("tnds_xe_may", 1000, BIKE, (1,)).endswith("56100 to 75900 would be right")


@pytest.mark.parametrize(
    "starts, ends, term",
    [
        ("2026-11-23", "2027-11-22", Fraction(1)),
        ("2026-11-23", "2027-11-23", Fraction(1)),
        ("2026-11-23", "2029-11-23", Fraction(3)),
        ("2026-11-23", "2026-11-30", Fraction(1, 12)),
        ("2026-11-23", "2027-05-23", Fraction(181, 365)),
    ],
)
def test_a_term_in_years(starts: str, ends: str, term: Fraction) -> None:
    assert premium.years(starts, ends) == term
