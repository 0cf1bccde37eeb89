"""Consent C4: what is a wish for it, and where it is asked for when something else is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.contract import Kind
from handlers.hearing import hear
from handlers.model import RecordConsent, Said, State
from tests.stories.world import MONDAY, World

WISH = "đăng ký nhận tin khuyến mãi"
FORM = ("mua bảo hiểm xe máy", "đồng ý", "mình tên Lan", "0901234567")


@pytest.mark.parametrize(
    "text",
    [
        "nhận tin khuyến mãi",
        "gửi khuyến mãi cho tôi nhé",
        "em nhận tin khuyến mãi rồi",
        "gui tin khuyen mai cho minh",
        "cho xin thông tin khuyến mãi",
        "cho em xin tin ưu đãi với",
        "Khi nào có khuyến mãi thì báo em nhé",
        "cho mình nhận tin khuyến mãi được không ạ",
        "đồng ý nhận tin giới thiệu sản phẩm",
        "cho mình nhận quảng cáo nhé",
        "please send me your promotions",
        "I would like to receive offers",
    ],
)
def test_a_wish_for_offers(text: str) -> None:
    assert heard(text) == ("want_ads", "")


@pytest.mark.parametrize(
    "text",
    [
        "không nhận tin khuyến mãi",
        "đừng nhận tin khuyến mãi nữa",
        "đừng gửi khuyến mãi cho tôi",
        "thôi nhận tin khuyến mãi",
        "ngừng nhận tin khuyến mãi",
        "ngừng gửi khuyến mãi cho tôi nhé",
        "thoi gui khuyen mai cho minh",
        "không muốn nhận khuyến mãi",
        "hủy đăng ký nhận tin khuyến mãi",
        "gửi khuyến mãi hoài",
        "gửi tin quảng cáo hoài mệt quá",
        "em nhận tin khuyến mãi nhiều quá",
        "nhận tin khuyến mãi, thôi khỏi đi",
    ],
)
def test_a_word_against_it_still_stops_them(text: str) -> None:
    assert heard(text) == ("opt_out", "marketing")


def heard(text: str) -> tuple[str, str]:
    one = hear(Said(message_id="m", kind=Kind.TEXT, at=MONDAY, text=text), State(), now=MONDAY)
    return one.intent, str(one.entities.get("scope", ""))


@pytest.mark.parametrize("done", range(1, len(FORM) + 1))
def test_the_open_question_stays_open_and_the_offers_come_after_the_request(done: int) -> None:
    world = World()
    for text in FORM[:done]:
        world.say(text)
    asked = world.state.asked
    world.say(WISH)
    assert world.state.asked == asked
    assert world.said[0] == "consent.marketing_later"
    assert len(world.said) == 2, "the question is put again"
    assert world.found(RecordConsent) == []
    for text in (*FORM[done:], "đúng rồi"):
        assert world.state.asked != "ads"
        world.say(text)
    assert world.said[-1] == "consent.marketing"
    world.say("đồng ý")
    assert [(record.purpose, record.state) for record in world.found(RecordConsent)] == [("C4", "given")]


def test_a_call_is_offered_all_the_same_to_whom_did_not_answer_about_the_offers() -> None:
    world = World()
    for text in (*FORM, WISH, "đúng rồi"):
        world.say(text)
    world.wait(timedelta(minutes=6))
    assert world.said == ["queue.long_wait"]
    world.say(WISH)
    assert (world.said, world.state.asked) == (["consent.marketing_later", "queue.long_wait"], "callback")


@pytest.mark.parametrize("beside", ["em mới 12 tuổi", "bị tai nạn gấp, chảy máu", "tôi không muốn sống nữa"])
def test_a_yes_of_a_child_or_in_distress_is_none(beside: str) -> None:
    world = World()
    world.say(WISH)
    world.say("đồng ý", beside)
    assert world.found(RecordConsent) == []
    assert world.state.consents == {}


@pytest.mark.parametrize("before", ["em mới 12 tuổi", "tôi không muốn sống nữa"])
def test_nobody_speaks_of_offers_to_a_child_or_to_who_despairs(before: str) -> None:
    world = World()
    world.say(WISH)
    world.say(before)
    world.say(WISH)
    assert "consent.marketing" not in world.said
    world.tap("c4:yes")
    assert "C4" not in world.state.consents


@pytest.mark.parametrize(
    "text, intent",
    [
        ("nhận tin khuyến mãi nhé, xóa hết dữ liệu của tôi", "privacy_request"),
        ("mua bảo hiểm xe máy. đăng ký nhận tin khuyến mãi", "buy"),
        ("alo, cho em nhận tin khuyến mãi", "want_ads"),
        ("nhận tin khuyến mãi, cảm ơn em", "want_ads"),
    ],
)
def test_a_wish_beside_something_else_in_one_message(text: str, intent: str) -> None:
    one = hear(Said(message_id="m", kind=Kind.TEXT, at=MONDAY, text=text), State(), now=MONDAY)
    assert one.intent == intent
    assert "want_ads" in (one.intent, *one.also)
    assert one.said.text == text, "the evidence is what he wrote"
    assert "day" not in one.entities, "khuyến mãi is not tomorrow"


def test_what_is_said_beside_an_answer_is_answered_too() -> None:
    world = World()
    world.say(WISH)
    world.say("đồng ý", "mua bảo hiểm xe máy")
    assert world.said == ["consent.marketing_on", "consent.layer1"]
    assert [(record.purpose, record.state) for record in world.found(RecordConsent)] == [
        ("C4", "given"),
        ("C1", "asked"),
    ]


def test_a_late_tap_counts_and_the_open_question_stays() -> None:
    world = World()
    for text in (WISH, "mua bảo hiểm xe máy"):
        world.say(text)
    world.tap("c4:yes")
    assert world.said == ["consent.marketing_on", "consent.again"]
    assert (world.state.asked, world.state.consents) == ("consent", {"C4": "given"})


def test_a_stop_ends_the_wish_too() -> None:
    world = World()
    for text in (*FORM, WISH, "dừng quảng cáo", "đúng rồi"):
        world.say(text)
    assert "consent.marketing" not in world.said
