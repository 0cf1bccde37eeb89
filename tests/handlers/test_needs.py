"""Several wishes in one message: which covers they are, in his order, and what is left when he takes some away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers import needs, understanding, wanted
from handlers.hearing import reread
from handlers.model import State
from tests.stories.world import MONDAY, TEXTS


@pytest.mark.parametrize(
    "said, found",
    [
        ("mua bảo hiểm xe máy cho ba, xe ô tô cho mẹ và du lịch cho em", ["tnds_xe_may", needs.CAR, "du_lich"]),
        ("mua TNDS xe máy, du lịch, thân vỏ ô tô", ["tnds_xe_may", "du_lich", "vat_chat_o_to"]),
        ("cần TNDS ô tô, thân vỏ với bảo hiểm du lịch cho cả nhà", ["tnds_o_to", "vat_chat_o_to", "du_lich"]),
        ("bao hiem suc khoe va nhan tho, tai nan cho con", ["suc_khoe", "nhan_tho", "tai_nan"]),
        ("I need car, health and travel insurance", [needs.CAR, "suc_khoe", "du_lich"]),
        ("mua xe máy, không cần ô tô", []),
        ("mua bảo hiểm xe máy", []),
        ("bảo hiểm sức khỏe cho cả nhà, vợ chồng và hai con", []),
        ("bảo hiểm ô tô 7 chỗ, biển 51F-12345, Nam 0912345678", []),
    ],
    ids=range(9),
)
def test_every_wish_is_found(said: str, found: list[str]) -> None:
    assert needs.find(reread(said, now=MONDAY), now=MONDAY) == found


@pytest.mark.parametrize(
    "said, left",
    [
        ("chỉ cần sức khỏe thôi", ["suc_khoe"]),
        ("bỏ du lịch đi em", ["suc_khoe", "tnds_xe_may"]),
        ("bỏ xe máy đi, chỉ lấy du lịch", ["du_lich"]),
        ("đúng rồi", ["suc_khoe", "du_lich", "tnds_xe_may"]),
    ],
    ids=range(4),
)
def test_he_takes_some_away(said: str, left: list[str]) -> None:
    known = ["suc_khoe", "du_lich", "tnds_xe_may"]
    assert needs.fewer(reread(said, now=MONDAY), known, now=MONDAY) == left


def test_every_kind_of_vehicle_that_is_understood_is_read_back() -> None:
    lexicon = Path(understanding.__file__).parent / "lexicon"
    kinds = {
        kind for path in lexicon.glob("*.txt") for kind in re.findall(r"vehicle_kind=(\w+)", path.read_text("utf-8"))
    }
    assert kinds
    for lang, words in wanted.KINDS.items():
        assert kinds <= words.keys()
        state = State(lang=lang, slots={"product": "tnds_o_to", "vehicle_kind": "ambulance"})
        assert words["ambulance"] in wanted.wanted(state, TEXTS)


def test_what_was_told_of_a_trip_goes_with_it() -> None:
    state = State(slots={"product": "tnds_xe_may", "destination": "Thái Lan"})
    assert wanted.wanted(state, TEXTS) == "bảo hiểm TNDS xe máy"
