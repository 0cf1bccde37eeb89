"""Waiting for people: an advisor who does not answer, a queue that says where one stands, and holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from handlers.model import CloseHandoff, Note, OpenHandoff, Stage, State
from tests.stories.world import HANOI, MAI, World

GIVEN = {"C1": "given"}


def with_mai() -> World:
    world = World(state=State(stage=Stage.GREETED, consents=GIVEN, slots={"name": "Lan", "phone": "+84901234567"}))
    world.act("take", MAI)
    return world


def test_a_silent_advisor_is_relieved_and_the_customer_is_told() -> None:
    world = with_mai()
    world.say("cho em hỏi thêm về quyền lợi")
    world.wait(timedelta(minutes=29))
    assert world.state.stage is Stage.WITH_ADVISOR
    world.wait(timedelta(minutes=2))
    assert world.said == ["handoff.idle"]
    assert world.shown == ["call"]
    assert (world.state.stage, world.state.assignee, world.state.asked) == (Stage.QUEUED, None, "callback")
    assert world.found(CloseHandoff)[0].outcome == "unanswered"
    assert world.found(OpenHandoff) == [OpenHandoff(reason="unanswered", priority=10)]
    assert "Trần Mai" in world.found(Note)[0].text
    world.tap("call")
    assert world.said == ["queue.callback_set"]


@pytest.mark.parametrize("act, data", [("reply", {"text": "Chào chị"}), ("echo", {})])
def test_an_answer_stops_the_clock(act: str, data: dict[str, str]) -> None:
    world = with_mai()
    world.say("alo")
    world.wait(timedelta(minutes=20))
    world.act(act, MAI, **data)
    world.wait(timedelta(hours=3))
    assert (world.said, world.state.stage) == ([], Stage.WITH_ADVISOR)


def test_the_clock_runs_from_the_first_word_that_nobody_answered() -> None:
    world = with_mai()
    world.say("alo")
    world.act("reply", MAI, text="Dạ")
    world.wait(timedelta(minutes=10))
    world.say("phí bao nhiêu vậy")
    world.wait(timedelta(minutes=15))
    world.say("còn đó không em")
    world.wait(timedelta(minutes=14))
    assert world.state.stage is Stage.WITH_ADVISOR  # the first timer looked again
    world.wait(timedelta(minutes=2))
    assert world.state.stage is Stage.QUEUED


def test_thanks_want_no_answer() -> None:
    world = with_mai()
    world.say("cảm ơn em nhé")
    world.wait(timedelta(hours=2))
    assert world.state.stage is Stage.WITH_ADVISOR


def test_at_night_he_is_told_when_people_are_back() -> None:
    world = with_mai()
    world.now = world.now.replace(hour=17, minute=20)
    world.say("alo em ơi")
    world.wait(timedelta(minutes=31))
    assert world.said == ["handoff.idle", "handoff.failed"]
    assert "09:00 thứ Ba 24/11" in world.words  # when it is due (R-INT-3), not when they open
    assert world.state.asked == ""


def test_a_bot_that_is_off_relieves_nobody() -> None:
    world = with_mai()
    world.say("alo em")
    world.context = replace(world.context, bot=False)
    world.wait(timedelta(hours=1))
    assert world.state.stage is Stage.WITH_ADVISOR


def test_the_place_is_told_anew_at_most_every_five_minutes() -> None:
    world = World(state=State(stage=Stage.QUEUED))
    said = []
    for _ in range(8):
        world.say("mình còn thắc mắc về hợp đồng cũ", later=timedelta(minutes=2))
        said.append(world.said)
    assert said.count(["queue.position"]) == 3  # minutes 0, 6, 12
    assert [] in said


@pytest.mark.parametrize("line", ["gọi lúc 3h chiều mai nhé", "hẹn lại sáng mai giúp em"])
def test_from_the_queue_a_call_may_be_asked_for_at_another_time(line: str) -> None:
    world = World(state=State(stage=Stage.QUEUED, consents=GIVEN, slots={"name": "Lan", "phone": "+84901234567"}))
    world.say(line)
    assert (world.said, world.state.stage) == (["queue.callback_set"], Stage.CALLBACK_SCHEDULED)
    assert "24/11" in world.words


def test_at_night_no_place_and_no_minutes_are_promised() -> None:
    world = World(state=State(stage=Stage.QUEUED))
    world.now = world.now.replace(hour=22)
    world.say("mình còn thắc mắc về hợp đồng cũ")
    assert world.said == ["handoff.failed"]
    world.say("cho mình hỏi thêm về hợp đồng cũ", later=timedelta(minutes=20))
    assert world.said == []


@pytest.mark.parametrize(
    "day, name",
    [("2026-09-02", "lễ Quốc khánh"), ("2027-01-01", "Tết Dương lịch"), ("2027-02-08", "lễ")],
)
def test_on_a_holiday_it_is_called_by_its_name(day: str, name: str) -> None:
    world = World(now=datetime.fromisoformat(f"{day} 10:00").replace(tzinfo=HANOI))
    world.context = replace(world.context, business=replace(world.context.business, holidays=(day,)))
    world.say("chào em")
    assert world.said == ["greeting.first", "greeting.holiday", "greeting.menu"]
    assert f"nghỉ {name}" in world.words
