"""What is put right at the read-back, sums and references, and stops that are one clause of several."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.understanding import understand

PUT_RIGHT = [
    ("không phải 3h mà 4h chiều cơ", {"correction": "time", "time": "16:00"}),
    ("không phải thứ bảy, chủ nhật cơ", {"correction": "time", "day": "sunday"}),
    ("biển số bị nhầm kìa", {"correction": "plate"}),
    ("số 0376 ấy, em ghi 0367 là sai", {"correction": "phone"}),
    ("wrong email", {"correction": "email"}),
    ("đúng hết trừ tên", {"correction": "name"}),
]


@pytest.mark.parametrize("text, wanted", PUT_RIGHT)
def test_which_line_is_wrong_is_told_with_what_is_right(text: str, wanted: dict[str, Any]) -> None:
    found = understand(text, "confirm")
    assert found.intent == "no"
    assert wanted.items() <= found.entities.items()


def test_a_time_that_is_not_meant_is_not_taken() -> None:
    assert "time" not in understand("không phải 3h", "confirm").entities


@pytest.mark.parametrize(
    "text", ["thôi stop nhé, bên này mua chỗ khác rồi", "để cho tui yên", "end all notifications please"]
)
def test_a_stop_in_one_clause_or_in_other_words(text: str) -> None:
    assert understand(text).intent == "opt_out"


@pytest.mark.parametrize(
    "text", ["để em yên tâm đi du lịch", "cho em ở Hưng Yên hỏi phí xe máy", "cho tôi gặp chị Yên"]
)
def test_yen_is_peace_of_mind_a_place_and_a_name(text: str) -> None:
    assert understand(text).intent != "opt_out"


def test_sums_have_their_own_names() -> None:
    found = understand("em định giá xe 485 triệu, mua bảo hiểm thân vỏ khấu trừ 500k").entities
    assert (found["vehicle_value"], found["deductible"]) == (485_000_000, 500_000)
    assert understand("mua bao hiem du lich chau au muc 30.000 euro").entities["sum_insured_eur"] == 30_000


def test_the_last_of_two_plates_when_he_was_wrong() -> None:
    assert understand("19C-208.66 à nhầm 19C-206.88", "ask_plate").entities["plate"] == "19C-20688"
