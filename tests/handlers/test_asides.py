"""What only looks like an aside."""

from __future__ import annotations

import pytest

from tests.stories.world import World


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tôi tên Lâm Chí Dũng", "ask.why"),
        ("viết hóa đơn cho công ty, mst 0312345678", "advice.who_we_are"),
        ("xuất cho tôi file toàn bộ dữ liệu cá nhân", "handoff.start"),
    ],
    ids=["name", "invoice", "data"],
)
def test_what_only_looks_like_one_is_none(text: str, key: str) -> None:
    world = World()
    world.say("mua bảo hiểm xe máy")
    world.say("đồng ý")
    world.say(text)
    assert key not in world.said


@pytest.mark.parametrize(
    "text",
    ["không muốn chờ nữa, gọi tôi đi", "không mua xe máy nữa, mua ô tô", "nếu không mua nữa thì sao"],
    ids=["waiting", "another", "if"],
)
def test_who_wants_it_otherwise_still_waits(text: str) -> None:
    world = World()
    for said in ("mua bảo hiểm xe máy, mình tên Lan, 0912345678", "đồng ý", "đúng rồi", text):
        world.say(said)
    assert world.state.stage.value in ("queued", "callback_scheduled")


@pytest.mark.parametrize(
    "text",
    ["không đồng ý với giá này", "nếu không đồng ý thì sao", "không đồng ý nhận tin quảng cáo", "không đồng ý, à nhầm, đồng ý"],
    ids=["price", "if", "ads", "after_all"],
)  # fmt: skip
def test_what_is_no_withdrawal_keeps_the_consent(text: str) -> None:
    world = World()
    for said in ("mua bảo hiểm xe máy, mình tên Lan, 0912345678", "đồng ý", text):
        world.say(said)
    assert world.state.consents["C1"] == "given"
