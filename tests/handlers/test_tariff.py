"""The statutory fee, row by row, as the gazette has it."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.tariff import CAR, MOTORBIKE, fee, fees, money
from handlers.texts import Texts
from handlers.understanding import understand

PRIVATE, BUSINESS = {"use": "non_business"}, {"use": "business"}
ROWS: list[tuple[str, dict[str, Any], int, int]] = [
    (MOTORBIKE, {"vehicle_kind": "mo_to_duoi_50"}, 55_000, 60_500),
    (MOTORBIKE, {"vehicle_kind": "mo_to_tu_50"}, 60_000, 66_000),
    (MOTORBIKE, {"vehicle_kind": "three_wheeler"}, 290_000, 319_000),
    (MOTORBIKE, {"vehicle_kind": "xe_may_dien"}, 55_000, 60_500),
    (CAR, {**PRIVATE, "seats": 5}, 437_000, 480_700),
    (CAR, {**PRIVATE, "seats": 4}, 437_000, 480_700),
    (CAR, {**PRIVATE, "seats": 6}, 794_000, 873_400),
    (CAR, {**PRIVATE, "seats": 7}, 794_000, 873_400),
    (CAR, {**PRIVATE, "seats": 11}, 794_000, 873_400),
    (CAR, {**PRIVATE, "seats": 12}, 1_270_000, 1_397_000),
    (CAR, {**PRIVATE, "seats": 24}, 1_270_000, 1_397_000),
    (CAR, {**PRIVATE, "seats": 25}, 1_825_000, 2_007_500),
    (CAR, {"vehicle_kind": "pickup", **PRIVATE}, 437_000, 480_700),
    (CAR, {"vehicle_kind": "van", **PRIVATE}, 437_000, 480_700),
    (CAR, {"vehicle_kind": "van", **BUSINESS}, 933_000, 1_026_300),
    (CAR, {**PRIVATE, "seats_range": "<6"}, 437_000, 480_700),
    (CAR, {**PRIVATE, "seats_range": "<=5"}, 437_000, 480_700),
    (CAR, {**PRIVATE, "seats_range": "6-11"}, 794_000, 873_400),
    (CAR, {**PRIVATE, "seats_range": "7-9"}, 794_000, 873_400),
    (CAR, {**PRIVATE, "seats_range": ">11<=24"}, 1_270_000, 1_397_000),
    (CAR, {**PRIVATE, "seats_range": ">24"}, 1_825_000, 2_007_500),
    (CAR, {**PRIVATE, "seats_range": ">=25"}, 1_825_000, 2_007_500),
    (CAR, {**BUSINESS, "seats_range": "<6"}, 756_000, 831_600),
    (CAR, {"vehicle_kind": "taxi", "seats_range": "<6"}, 1_285_200, 1_413_720),
    (CAR, {"vehicle_kind": "truck", "payload_range": "<3"}, 853_000, 938_300),
    (CAR, {"vehicle_kind": "truck", "payload_range": "3-8"}, 1_660_000, 1_826_000),
    (CAR, {"vehicle_kind": "truck", "payload_range": ">8<=15"}, 2_746_000, 3_020_600),
    (CAR, {"vehicle_kind": "truck", "payload_range": ">15"}, 3_200_000, 3_520_000),
    (CAR, {"payload_range": ">15"}, 3_200_000, 3_520_000),  # what carries tonnes is a truck
    (CAR, {"payload_t": 0.5}, 853_000, 938_300),
    (MOTORBIKE, {"engine_cc": 49}, 55_000, 60_500),
    (MOTORBIKE, {"engine_cc": 110}, 60_000, 66_000),
    (MOTORBIKE, {"engine_range": "<50"}, 55_000, 60_500),
    (MOTORBIKE, {"engine_range": ">=50"}, 60_000, 66_000),
    (MOTORBIKE, {"engine_range": ">125"}, 60_000, 66_000),
    (CAR, {"vehicle_kind": "pickup", **BUSINESS}, 933_000, 1_026_300),
    (CAR, {**BUSINESS, "seats": 5}, 756_000, 831_600),
    (CAR, {**BUSINESS, "seats": 6}, 929_000, 1_021_900),
    (CAR, {**BUSINESS, "seats": 7}, 1_080_000, 1_188_000),
    (CAR, {**BUSINESS, "seats": 8}, 1_253_000, 1_378_300),
    (CAR, {**BUSINESS, "seats": 9}, 1_404_000, 1_544_400),
    (CAR, {**BUSINESS, "seats": 10}, 1_512_000, 1_663_200),
    (CAR, {**BUSINESS, "seats": 11}, 1_656_000, 1_821_600),
    (CAR, {**BUSINESS, "seats": 12}, 1_822_000, 2_004_200),
    (CAR, {**BUSINESS, "seats": 13}, 2_049_000, 2_253_900),
    (CAR, {**BUSINESS, "seats": 14}, 2_221_000, 2_443_100),
    (CAR, {**BUSINESS, "seats": 15}, 2_394_000, 2_633_400),
    (CAR, {**BUSINESS, "seats": 16}, 3_054_000, 3_359_400),  # dearer than 17: printed so
    (CAR, {**BUSINESS, "seats": 17}, 2_718_000, 2_989_800),
    (CAR, {**BUSINESS, "seats": 18}, 2_869_000, 3_155_900),
    (CAR, {**BUSINESS, "seats": 19}, 3_041_000, 3_345_100),
    (CAR, {**BUSINESS, "seats": 20}, 3_191_000, 3_510_100),
    (CAR, {**BUSINESS, "seats": 21}, 3_364_000, 3_700_400),
    (CAR, {**BUSINESS, "seats": 22}, 3_515_000, 3_866_500),
    (CAR, {**BUSINESS, "seats": 23}, 3_688_000, 4_056_800),
    (CAR, {**BUSINESS, "seats": 24}, 4_632_000, 5_095_200),
    (CAR, {**BUSINESS, "seats": 25}, 4_813_000, 5_294_300),
    (CAR, {**BUSINESS, "seats": 29}, 4_933_000, 5_426_300),
    (CAR, {"vehicle_kind": "truck", "payload_t": 2.9}, 853_000, 938_300),
    (CAR, {"vehicle_kind": "truck", "payload_t": 3}, 1_660_000, 1_826_000),
    (CAR, {"vehicle_kind": "truck", "payload_t": 8}, 1_660_000, 1_826_000),
    (CAR, {"vehicle_kind": "truck", "payload_t": 8.5}, 2_746_000, 3_020_600),
    (CAR, {"vehicle_kind": "truck", "payload_t": 15}, 2_746_000, 3_020_600),
    (CAR, {"vehicle_kind": "truck", "payload_t": 16}, 3_200_000, 3_520_000),
    (CAR, {"vehicle_kind": "taxi", "seats": 7}, 1_836_000, 2_019_600),
    (CAR, {"vehicle_kind": "bus", "seats": 30}, 1_825_000, 2_007_500),
    (CAR, {"vehicle_kind": "tractor_unit"}, 4_800_000, 5_280_000),
    (CAR, {"vehicle_kind": "driving_school", "seats": 5}, 524_400, 576_840),
    (CAR, {"vehicle_kind": "driving_school", "payload_t": 5}, 1_992_000, 2_191_200),
    (CAR, {"vehicle_kind": "ambulance"}, 1_119_600, 1_231_560),
    (CAR, {"vehicle_kind": "cash_in_transit"}, 524_400, 576_840),
    (CAR, {"vehicle_kind": "special_purpose", "payload_t": 10}, 3_295_200, 3_624_720),
    (CAR, {"vehicle_kind": "tractor"}, 1_023_600, 1_125_960),
]

# What he types, to the fee that is named; None where what he says leaves it open
SAID: list[tuple[str, int | None]] = [
    ("giá tnds xe taxi 5 chỗ", 1_285_200),
    ("taxi 7 chỗ bảo hiểm bắt buộc đóng bao nhiêu vậy", 1_836_000),
    ("phí tnds taxi bao nhiêu", None),
    ("tnds xe chạy grab 5 chỗ bao nhiêu", 756_000),
    ("taxi công nghệ 5 chỗ phí tnds bao nhiêu", 756_000),
    ("phí tnds xe tập lái 5 chỗ", 524_400),
    ("giá tnds xe cứu thương", 1_119_600),
    ("phí bắt buộc xe buýt 30 chỗ bao nhiêu", 1_825_000),
    ("phí tnds ô tô 5 chỗ gia đình", 437_000),
    ("phí tnds xe tải 5 tấn bao nhiêu", 1_660_000),
    ("phí tnds xe bồn bao nhiêu", None),
    ("xe tải 500kg phí tnds", 853_000),
    ("xe tải 3500 kg phí tnds", 1_660_000),
    ("xe van kinh doanh phí tnds", 933_000),
    ("xe tải van kinh doanh phí tnds", 933_000),
    ("ô tô dưới 6 chỗ không kinh doanh phí bắt buộc", 437_000),
    ("o to duoi 6 cho gia dinh phi tnds", 437_000),
    ("ô tô trên 24 chỗ không kinh doanh phí tnds", 1_825_000),
    ("xe gia đình từ 6 đến 11 chỗ phí tnds", 794_000),
    ("xe 6-11 chỗ không kinh doanh phí tnds bao nhiêu", 794_000),
    ("xe trên 10 chỗ kinh doanh phí tnds", None),
    ("xe tải dưới 3 tấn phí tnds", 853_000),
    ("xe tai duoi 3 tan phi tnds", 853_000),
    ("xe tải trên 15 tấn phí tnds", 3_200_000),
    ("xe tải hơn 15 tấn phí tnds", 3_200_000),
    ("xe tai >15t phi tnds", 3_200_000),
    ("xe tải trên 8 tấn phí tnds", None),
    ("xe tải trên 8 đến 15 tấn phí tnds", 2_746_000),
    ("xe tải không quá 2.5 tấn phí tnds", 853_000),
    ("ô tô 7 chỗ phí tnds", None),  # whether it earns money is asked
    ("phí xe máy điện bao nhiêu", 55_000),
    ("giá bảo hiểm xe điện vinfast", None),  # it makes cars too
]


@pytest.mark.parametrize("product, told, net, gross", ROWS)
def test_a_row_of_the_annex(product: str, told: dict[str, Any], net: int, gross: int) -> None:
    found = fee(product, told)
    assert found is not None, fees(product, told)
    assert (found.net, found.gross) == (net, gross)


@pytest.mark.parametrize(
    "product, told",
    [
        (MOTORBIKE, {}),
        (CAR, {}),
        (CAR, BUSINESS),
        (CAR, {"vehicle_kind": "truck"}),
        (CAR, {"vehicle_kind": "taxi"}),
        (CAR, {"seats": 7}),
        (CAR, {"vehicle_kind": "pickup"}),
        (CAR, {**BUSINESS, "seats_range": ">10"}),
        (CAR, {**PRIVATE, "seats_range": ">10"}),
        (CAR, {**PRIVATE, "seats_range": "<7"}),
        (CAR, {"vehicle_kind": "truck", "payload_range": ">8"}),
        (CAR, {"vehicle_kind": "truck", "payload_range": "<=3"}),
        (MOTORBIKE, {"engine_range": "<125"}),
        ("vat_chat_o_to", {"seats": 5}),
        ("suc_khoe", {}),
    ],
)
def test_what_leaves_more_than_one_row_open_is_not_guessed(product: str, told: dict[str, Any]) -> None:
    assert fee(product, told) is None


def test_both_uses_are_open_until_one_is_told() -> None:
    assert [one.net for one in fees(CAR, {"seats": 7})] == [794_000, 1_080_000]
    assert [one.net for one in fees(CAR, {"vehicle_kind": "van"})] == [437_000, 933_000]


@pytest.mark.parametrize("text, net", SAID, ids=[text for text, _ in SAID])
def test_from_the_sentence_to_the_figure(text: str, net: int | None) -> None:
    told = understand(text).entities
    product = {"o_to_unspecified": CAR}.get(told.get("product", ""), told.get("product", ""))
    found = fee(product, told)
    assert (found.net if found else None) == net


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_row_has_a_name(lang: str) -> None:
    fees = [fee(product, told) for product, told, _, _ in ROWS]
    texts = Texts.load()
    assert all(found and texts.label(f"slot.vehicle_{found.row}", lang) for found in fees)


def test_sums_are_written_as_here() -> None:
    assert [money(sum_) for sum_ in (60_500, 480_700, 1_397_000)] == ["60.500", "480.700", "1.397.000"]
