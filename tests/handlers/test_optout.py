"""Stop words (process 3.6): everything stops at once, how much was meant is asked after it, and it is undone as easily."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.model import CancelSends, Stage, State, WakeAt
from tests.stories.world import MAI, World


def stopped() -> World:
    world = World()
    world.say("dừng")
    return world


def test_all_stops_at_once_and_the_scope_is_asked() -> None:
    world = stopped()
    assert world.said == ["optout.scope"]
    assert world.shown == ["opt:ads", "opt:all", "opt:on"]
    assert (world.state.ads_off, world.state.reminders_off) == (True, True)
    assert world.found(CancelSends)[0].purposes == ("ads", "reminder", "care", "delivery_check")
    assert world.found(WakeAt)[0].at - world.now == timedelta(minutes=10)


@pytest.mark.parametrize(
    "answer, said, reminders_off",
    [
        ("opt:ads", "optout.confirm_ads", False),
        ("quảng cáo thôi", "optout.confirm_ads", False),
        ("chỉ dừng quảng cáo", "optout.confirm_ads", False),
        ("Only ads", "optout.confirm_ads", False),
        ("opt:all", "optout.confirm_all", True),
        ("dừng tất cả", "optout.confirm_all", True),
        ("dừng", "optout.confirm_all", True),
        ("tat ca tin", "optout.confirm_all", True),
    ],
)
def test_the_answer_settles_it(answer: str, said: str, reminders_off: bool) -> None:
    world = stopped()
    (world.tap if answer.startswith("opt:") else world.say)(answer)
    assert world.said == [said]
    assert (world.state.ads_off, world.state.reminders_off, world.state.asked) == (True, reminders_off, "")


def test_ten_minutes_without_an_answer_leave_both_off_and_say_nothing() -> None:
    world = stopped()
    world.wait(timedelta(minutes=9))
    assert world.state.asked == "scope"
    world.wait(timedelta(minutes=2))
    assert (world.said, world.state.asked) == ([], "")
    assert (world.state.ads_off, world.state.reminders_off) == (True, True)
    world.tap("opt:ads")  # the button is good later too
    assert (world.said, world.state.reminders_off) == (["optout.confirm_ads"], False)


def test_something_else_is_answered_and_the_stop_stays() -> None:
    world = stopped()
    world.say("mua bảo hiểm xe máy")
    assert world.said == ["greeting.first", "consent.layer1"]
    world.wait(timedelta(minutes=11))
    assert world.state.asked == "consent"
    assert (world.state.ads_off, world.state.reminders_off) == (True, True)


@pytest.mark.parametrize("line", ["dừng hết tin nhắn đi", "đừng nhắc gia hạn nữa", "ngưng gửi tất cả tin"])
def test_who_says_how_much_is_not_asked(line: str) -> None:
    world = World()
    world.say(line)
    assert world.said[0] in ("optout.confirm_all", "optout.scope")
    assert (world.state.ads_off, world.state.reminders_off) == (True, True)


def test_nobody_is_asked_over_an_advisor_or_while_another_question_waits() -> None:
    taken = World(state=State(stage=Stage.WITH_ADVISOR, assignee=MAI))
    taken.say("STOP")
    assert (taken.said, taken.state.asked) == (["optout.confirm_all"], "")
    waits = World(state=State(stage=Stage.QUEUED, asked="phone", consents={"C1": "given"}))
    waits.say("STOP")
    assert (waits.said, waits.state.asked) == (["optout.confirm_all"], "phone")
    off = World()
    off.context = replace(off.context, bot=False)
    off.say("STOP")
    assert off.said == ["optout.confirm_all"]


@pytest.mark.parametrize(
    "asked, stage, off",
    [
        ("", Stage.GREETED, True),  # nothing was asked: dừng
        ("confirm", Stage.CONFIRMING, False),  # a yes or no was asked: đúng
        ("received", Stage.WON, False),
    ],
)
def test_dung_without_its_mark(asked: str, stage: Stage, off: bool) -> None:
    care = {"task": "t1", "kind": "check_t1"} if asked == "received" else {}
    slots = {"name": "Lan", "phone": "+84901234567", "product": "du_lich"}
    world = World(state=State(stage=stage, asked=asked, consents={"C1": "given"}, slots=slots, care=care))
    world.say("dung")
    assert world.state.ads_off is off
    if off:
        assert world.said == ["optout.scope"]  # so that a đúng is put right by one tap


def test_it_is_undone_by_one_message() -> None:
    world = stopped()
    world.say("nhận tin")
    assert world.said == ["optout.resumed"]
    assert (world.state.ads_off, world.state.reminders_off, world.state.asked) == (False, False, "")


def test_a_mute_ends_with_a_clean_slate_and_people_can_end_it() -> None:
    world = World()
    for _ in range(3):
        world.say("đồ ngu")
    assert world.state.stage is Stage.CLOSED_SPAM
    world.say("mua bảo hiểm xe máy")
    assert world.said == []
    world.wait(timedelta(hours=25))
    world.say("đồ ngu")
    assert "error.abuse" in world.said  # warned anew, not muted at the first word
    for _ in range(2):
        world.say("đồ ngu")
    assert world.state.muted_until is not None
    world.act("take", MAI)
    assert (world.state.muted_until, world.state.warnings) == (None, 0)
