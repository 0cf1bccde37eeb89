"""After the sale: when it is asked, how the answers are read, and what comes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.windows import Anywhere, Window
from handlers.model import CareAnswered, OpenHandoff, Stage, State, TimerFired, WakeAt
from tests.stories.world import HANOI, MAI, MONDAY, World

DATA = {"task": "t1", "policy": "p1", "number": "XM-123", "product": "tnds_xe_may", "insurer": "Hãng mẫu"}


def after_the_sale(**changes: Any) -> World:
    return World(
        state=State(
            stage=Stage.WON, consents={"C1": "given"}, slots={"name": "Lan", "phone": "+84901234567"}, **changes
        )
    )


def asked(kind: str) -> World:
    world = after_the_sale()
    due(world, kind)
    assert world.found(CareAnswered) == [CareAnswered(task="t1", state="sent")]
    return world


def due(world: World, kind: str, name: str = "care") -> None:
    world.happens(TimerFired(name=name, at=world.now, data={**DATA, "kind": kind}))


@pytest.mark.parametrize("kind, text", [("check_t1", "delivery.check_t1"), ("csat", "care.csat_ask")])
def test_it_is_asked(kind: str, text: str) -> None:
    world = asked(kind)
    assert world.said == [text]
    assert (world.state.stage, world.state.care["task"]) == (Stage.WON, "t1")
    purpose = {"check_t1": "delivery_check", "csat": "care"}[kind]  # the survey rests on consent, the check does not
    assert [(say.klass, say.purpose) for say in world.effects if hasattr(say, "klass")] == [("D", purpose)]


@pytest.mark.parametrize(("hours", "state"), [(1, "sent"), (30, "skipped")])
def test_a_window_is_counted_from_what_opens_it(hours: int, state: str) -> None:
    """As what leaves counts it (handlers.outgoing): by the contact point's clock, which an edit of his does not move."""
    world = after_the_sale(last_inbound_at=MONDAY.astimezone(UTC) - timedelta(minutes=5))
    heard_at = world.now.astimezone(UTC) - timedelta(hours=hours)
    world.context = replace(world.context, carries=Anywhere(windows=(Window(hours=24),)), heard_at=heard_at)
    due(world, "check_t1")
    assert [one.state for one in world.found(CareAnswered)] == [state]


@pytest.mark.parametrize(
    "text, answer",
    [
        ("rồi em", "received"),
        ("đã nhận được rồi nhé", "received"),
        ("ok nhận được rồi", "received"),
        ("da nhan", "received"),
        ("da nhan duoc roi", "received"),
        ("da nhan roi", "received"),
        ("da nhan duoc giay roi", "received"),
        ("got it, thanks", "received"),
        ("chưa", "not_received"),
        ("chưa nhận được", "not_received"),
        ("chua thay gi ca", "not_received"),
        ("not yet", "not_received"),
        ("nhận rồi mà sai tên", "wrong_info"),
        ("sai biển số rồi em ơi", "wrong_info"),
    ],
)
def test_received_in_his_own_words(text: str, answer: str) -> None:
    world = asked("check_t1")
    world.say(text)
    assert world.found(CareAnswered) == [CareAnswered(task="t1", state="answered", answer=answer)]
    assert not world.state.care
    if answer == "received":
        assert (world.said, world.state.stage) == (["care.csat_high"], Stage.WON)
    else:
        assert world.found(OpenHandoff) == [OpenHandoff(reason="care", priority=5)]
        assert world.state.stage is Stage.QUEUED
        assert world.said == ["delivery.wrong_info"] * (answer == "wrong_info") + ["handoff.start"]


@pytest.mark.parametrize(
    "text, score",
    [
        ("5", 5),
        ("4 nha em", 4),
        ("3", 3),
        ("cho 5 điểm", 5),
        ("5 sao", 5),
        ("5/5", 5),
        ("tốt lắm 5 sao", 5),
        ("rất tốt", 5),
        ("tuyệt vời", 5),
        ("tốt", 4),
        ("hài lòng", 4),
        ("bình thường thôi", 3),
        ("tạm được", 3),
        ("chưa tốt", 2),
        ("tệ", 2),
        ("không hài lòng", 2),
        ("rất tệ", 1),
        ("very bad", 1),
        ("1 sao", 1),
    ],
)
def test_a_score_in_his_own_words(text: str, score: int) -> None:
    world = asked("csat")
    world.say(text)
    assert world.found(CareAnswered) == [CareAnswered(task="t1", state="answered", answer=str(score))]
    if score <= 2:
        assert world.said == ["care.csat_low"]
        assert world.found(OpenHandoff)[0].reason == "complaint"
        assert "10:00" in world.words  # within a working hour
    else:
        assert (world.said, world.state.asked) == (["care.csat_comment"], "csat_comment")


@pytest.mark.parametrize(
    "text", ["phí xe máy 2 bánh bao nhiêu", "nhà mình có 3 người muốn mua bảo hiểm sức khỏe", "gặp nhân viên"]
)
def test_a_number_in_something_else_is_no_score(text: str) -> None:
    world = asked("csat")
    world.say(text)
    assert not world.found(CareAnswered)
    assert not world.state.care
    assert world.state.stage is not Stage.WON


@pytest.mark.parametrize("answer", ["5 sao, em Mai nhiệt tình", "bỏ qua", "không", "cảm ơn em"])
def test_a_comment_or_none(answer: str) -> None:
    world = asked("csat")
    world.tap("csat:4")
    world.say(answer)
    assert (world.said, world.state.asked, world.state.stage) == (["care.csat_high"], "", Stage.WON)
    comments = [effect.comment for effect in world.found(CareAnswered)]
    assert comments == ([answer] if "Mai" in answer else [])


@pytest.mark.parametrize(
    "text",
    [
        "Nên có sẵn bảng phí trên trang",
        "Phí hơi cao so với bên khác, còn lại ổn",
        "Lần sau mua bảo hiểm ô tô chị cũng chọn bên em",
        "Nhắc gia hạn sớm hơn nhé",
        "Không có gì để chê, em Mai nhiệt tình",
        "cảm ơn em Mai đã tư vấn rất kỹ",
    ],
)
def test_a_comment_is_nothing_else(text: str) -> None:
    world = asked("csat")
    world.tap("csat:4")
    world.say(text)
    assert (world.said, world.state.asked, world.state.stage) == (["care.csat_high"], "", Stage.WON)
    assert [effect.comment for effect in world.found(CareAnswered)] == [text]


@pytest.mark.parametrize(
    "text", ["xe tôi vừa bị tông", "cho gặp nhân viên", "tôi muốn khiếu nại", "xóa hết dữ liệu của tôi", "dừng"]
)
def test_what_cannot_wait_is_no_comment(text: str) -> None:
    world = asked("csat")
    world.tap("csat:4")
    world.say(text)
    assert not world.found(CareAnswered)
    assert "care.csat_high" not in world.said


def test_what_nobody_understands_is_asked_once_more_and_then_let_be() -> None:
    world = asked("csat")
    world.say("hả")
    assert world.said == ["error.not_understood_1"]
    assert world.shown == ["csat:5", "csat:4", "csat:3", "csat:2", "csat:1"]
    world.say("là sao")
    assert not world.state.care


def test_never_while_a_person_has_it() -> None:
    world = after_the_sale()
    world.act("take", MAI)
    due(world, "csat")
    assert world.said == []
    assert world.found(WakeAt) == [
        WakeAt(name="care:t1", at=world.now.astimezone(UTC) + timedelta(hours=2), data={**DATA, "kind": "csat"})
    ]
    world.wait(timedelta(hours=1))
    world.act("close", MAI, outcome="won")
    world.wait(timedelta(hours=1))
    assert world.said == ["care.csat_ask"]


def test_never_beside_another_open_question() -> None:
    world = asked("check_t1")
    world.happens(TimerFired(name="care", at=world.now, data={**DATA, "task": "t2", "kind": "csat"}))
    assert world.said == []
    assert world.state.care["task"] == "t1"
    assert "care:t2" in world.timers


def test_never_at_night() -> None:
    world = after_the_sale()
    world.now = MONDAY.replace(hour=21, minute=30)
    due(world, "csat")
    assert world.said == []
    assert world.timers["care:t1"][0] == datetime(2026, 11, 24, 8, 0, tzinfo=HANOI)


@pytest.mark.parametrize("changes", [{"reminders_off": True}, {"reminders_off": True, "ads_off": True}])
def test_never_to_him_who_wants_no_reminders(changes: dict[str, Any]) -> None:
    world = after_the_sale(**changes)
    due(world, "csat")
    assert world.effects == [CareAnswered(task="t1", state="skipped", reason="opted out")]


def test_a_late_tap_on_an_old_question_says_nothing_new() -> None:
    world = asked("check_t1")
    world.tap("got:yes")
    world.tap("got:no")
    assert not world.found(CareAnswered)
    assert world.state.stage is Stage.WON
    assert world.said == []


@pytest.mark.parametrize("data", [{}, {"task": "t1"}, {"kind": "csat"}, {"task": "t1", "kind": "renewal_t30"}])
def test_a_task_that_is_not_ours_is_let_be(data: dict[str, str]) -> None:
    world = after_the_sale()
    world.happens(TimerFired(name="care", at=world.now, data=data))
    assert world.effects == []
