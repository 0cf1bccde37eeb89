"""What he told of it, said back as he said it."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.wanted import details
from tests.stories.world import World

BACK: list[tuple[dict[str, Any], str, str]] = [
    ({"seats_range": "<6"}, "dưới 6 chỗ", "under 6 seats"),
    ({"seats_range": "<=5"}, "tối đa 5 chỗ", "at most 5 seats"),
    ({"seats_range": ">24", "use": "business"}, "trên 24 chỗ, kinh doanh", "over 24 seats, commercial use"),
    ({"seats_range": ">=12"}, "từ 12 chỗ trở lên", "12 seats or more"),
    ({"seats_range": "6-11"}, "từ 6 đến 11 chỗ", "from 6 to 11 seats"),
    ({"seats_range": ">=6<12"}, "từ 6 đến dưới 12 chỗ", "from 6 to under 12 seats"),
    ({"vehicle_kind": "truck", "payload_range": ">8<=15"}, "xe tải trên 8 đến 15 tấn", "truck over 8 to 15 tonnes"),
    ({"vehicle_kind": "truck", "payload_range": "<2.5"}, "xe tải dưới 2.5 tấn", "truck under 2.5 tonnes"),
    ({"vehicle_kind": "van", "payload_t": 0.5}, "xe van 0.5 tấn", "van 0.5 tonnes"),
    ({"seats_range": "many"}, "", ""),
]


@pytest.mark.parametrize("told, vi, en", BACK)
def test_details(told: dict[str, Any], vi: str, en: str) -> None:
    assert (details(told, "vi"), details(told, "en")) == (vi, en)


@pytest.mark.parametrize("line", ["xe 5 chỗ nhé", "5 chỗ", "5 cho nha em"])
def test_a_comparison_in_the_read_back_and_the_number_after_it(line: str) -> None:
    world = World()
    world.say("mua bảo hiểm bắt buộc ô tô dưới 6 chỗ, mình tên Lan 0901234567")
    world.tap("c1:yes")
    assert "dưới 6 chỗ" in world.words
    assert "seats" not in world.state.slots
    world.say(line)
    assert (world.state.slots["seats"], "seats_range" in world.state.slots) == (5, False)
