"""A comparison names a stretch of numbers: never the number that stands in it."""

from __future__ import annotations

import pytest

from handlers.understanding import understand
from handlers.understanding.bounds import Bounds, find, parse
from handlers.understanding.fold import clean, flatten

SEATS: list[tuple[str, str]] = [
    ("dưới 6 chỗ", "<6"),
    ("duoi 6 cho", "<6"),
    ("duoi 6 cho gia dinh", "<6"),
    ("nhỏ hơn 6 chỗ", "<6"),
    ("nho hon 6 cho ngoi", "<6"),
    ("ít hơn 6 ghế", "<6"),
    ("<6 chỗ", "<6"),
    ("< 6 cho", "<6"),
    ("chưa tới 6 chỗ", "<6"),
    ("dưới sáu chỗ", "<6"),
    ("tối đa 5 chỗ", "<=5"),
    ("toi da 5 cho", "<=5"),
    ("không quá 5 chỗ", "<=5"),
    ("5 chỗ trở xuống", "<=5"),
    ("từ 5 chỗ trở xuống", "<=5"),
    ("≤5 chỗ", "<=5"),
    ("trên 24 chỗ", ">24"),
    ("tren 24 cho", ">24"),
    ("hơn 24 chỗ", ">24"),
    ("hon 10 cho", ">10"),
    ("lớn hơn 24 chỗ ngồi", ">24"),
    (">24 chỗ", ">24"),
    ("trên mười một chỗ", ">11"),
    ("từ 12 chỗ trở lên", ">=12"),
    ("12 chỗ trở lên", ">=12"),
    ("tu 12 cho tro len", ">=12"),
    ("tối thiểu 7 chỗ", ">=7"),
    ("không dưới 7 chỗ", ">=7"),
    ("từ 7 chỗ", ">=7"),
    ("từ 6 đến 11 chỗ", "6-11"),
    ("tu 6 den 11 cho", "6-11"),
    ("6-11 chỗ", "6-11"),
    ("6 tới 11 chỗ", "6-11"),
    ("từ 6 chỗ đến 11 chỗ", "6-11"),
    ("từ 6 đến dưới 12 chỗ", ">=6<12"),
    ("under 6 seats", "<6"),
    ("more than 24 seats", ">24"),
    ("at least 7 seats", ">=7"),
]
TONNES: list[tuple[str, str]] = [
    ("xe tải dưới 3 tấn", "<3"),
    ("xe tải gần 3 tấn", "<3"),
    ("xe tai duoi 3t", "<3"),
    ("xe tải trên 15 tấn", ">15"),
    ("xe tải hơn 15 tấn", ">15"),
    ("xe tai lon hon 15 tan", ">15"),  # "lon" is no abuse
    ("xe tải >15t", ">15"),
    ("xe tai hon 8 tan", ">8"),
    ("xe tải 15 tấn trở lên", ">=15"),
    ("xe tải từ 3 đến 8 tấn", "3-8"),
    ("xe tải 3-8 tấn", "3-8"),
    ("xe tải trên 8 đến 15 tấn", ">8<=15"),
    ("xe tải dưới 2,5 tấn", "<2.5"),
    ("xe tải trên mười lăm tấn", ">15"),
    ("xe tải không quá 1.5 tấn", "<=1.5"),
]
NONE = [
    "xe 7 chỗ",
    "xe tải 5 tấn",
    "đổi từ 5 chỗ sang 7 chỗ",
    "xe 5 chỗ rẻ hơn 7 chỗ",
    "9-10 cho em gọi lại",
    "cho bé dưới 15t",
    "tai nạn trên xe 16 chỗ",
    "trên 18 tuổi",
    "từ ngày 6 đến 11 cho mẹ em",
]


@pytest.mark.parametrize("text, kept", SEATS)
def test_seats(text: str, kept: str) -> None:
    found = find(flatten(clean(text)), "seats")
    assert found is not None
    assert str(found[0]) == kept
    told = understand(f"ô tô {text} phí bắt buộc bao nhiêu").entities
    assert told.get("seats_range") == kept
    assert "seats" not in told


@pytest.mark.parametrize("text, kept", TONNES)
def test_tonnes(text: str, kept: str) -> None:
    told = understand(f"{text} phí tnds bao nhiêu").entities
    assert told.get("payload_range") == kept
    assert "payload_t" not in told
    assert "age" not in told


@pytest.mark.parametrize("text", NONE)
def test_no_comparison(text: str) -> None:
    flat = flatten(clean(text))
    assert find(flat, "seats") is None
    assert find(flat, "payload") is None


@pytest.mark.parametrize(
    "text, kept", [("xe dưới 50cc", "<50"), ("từ 50 cc trở lên", ">=50"), ("trên 150 phân khối", ">150")]
)
def test_engines(text: str, kept: str) -> None:
    found = find(flatten(clean(text)), "engine")
    assert found is not None
    assert str(found[0]) == kept


@pytest.mark.parametrize("kept", ["<6", "<=5", ">24", ">=12", "6-11", ">8<=15", "2.5-3"])
def test_what_is_kept_reads_back(kept: str) -> None:
    assert str(parse(kept)) == kept


def test_what_belongs_to_it() -> None:
    assert [seats for seats in range(4, 9) if Bounds(high=6, high_in=False).holds(seats)] == [4, 5]
    assert [seats for seats in range(4, 9) if Bounds(6, 8).holds(seats)] == [6, 7, 8]
    assert parse("7") is None
    assert parse("") is None


@pytest.mark.parametrize(
    "text, tonnes",
    [
        ("xe tải 500kg phí tnds", 0.5),
        ("xe tải 990 kg bao nhiêu phí bắt buộc", 0.99),
        ("xe tai 1.250kg phi tnds", 1.25),
        ("xe tải 750 ký phí tnds", 0.75),
        ("xe tải 1t4 phí tnds", 1.4),
        ("xe tải 1 tấn rưỡi phí tnds", 1.5),
        ("xe tải 1 tấn 4 phí tnds", 1.4),
        ("xe tải 8t phí tnds", 8),
        ("xe tải 2,5 tấn phí tnds", 2.5),
    ],
)
def test_a_load_in_other_words(text: str, tonnes: float) -> None:
    told = understand(text).entities
    assert told.get("payload_t") == tonnes
    assert "age" not in told
