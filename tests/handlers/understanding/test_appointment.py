"""A time to be called is a wish, in every stage, and no complaint of a call that never came."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.understanding import understand
from tests.handlers.test_intake import asking

BARE: list[tuple[str, dict[str, str]]] = [
    ("gọi lúc 10h sáng mai", {"day": "tomorrow", "time": "10:00"}),
    ("gọi lại cho tôi lúc 10h sáng mai", {"day": "tomorrow", "time": "10:00"}),
    ("gọi tôi lúc 10h", {"time": "10:00"}),
    ("gọi lúc 9h", {"time": "09:00"}),
    ("goi luc 9h", {"time": "09:00"}),
    ("hẹn gọi lúc 14h", {"time": "14:00"}),
    ("chiều mai 3h gọi nhé", {"day": "tomorrow", "time": "15:00"}),
    ("9h sáng thứ 2 gọi lại cho chị nha em", {"day": "monday", "time": "09:00"}),
    ("goi e sau 5h chieu nha", {"time_after": "17:00"}),
    ("tối mai 8h alo cho chú nghen", {"day": "tomorrow", "time": "20:00"}),
    ("gọi lại trước 11h giúp mình", {"time_to": "11:00"}),
    ("gọi lúc 9h30 sáng thứ tư", {"day": "wednesday", "time": "09:30"}),
    ("goi luc 7h30 toi", {"time": "19:30"}),
    ("hẹn gọi 9h30 mai", {"day": "tomorrow", "time": "09:30"}),
    ("alo em lúc 9h", {"time": "09:00"}),
    ("đầu giờ chiều gọi nhé", {"part": "afternoon"}),
    ("9h sáng mai gọi được không em", {"day": "tomorrow", "time": "09:00"}),
    ("gọi lúc 10h ngày 25/11", {"time": "10:00", "date": "25-11"}),
    ("call me at 9am tomorrow", {"day": "tomorrow", "time": "09:00"}),
]


@pytest.mark.parametrize("text, told", BARE)
@pytest.mark.parametrize(
    "context, intent", [(None, "talk_to_human"), ("confirm", "other"), ("ask_time", "other"), ("ask_phone", "other")]
)
def test_a_bare_appointment_is_a_wish_for_a_call(text: str, told: dict[str, str], context: str, intent: str) -> None:
    read = understand(text, context)
    assert (read.intent, dict(read.entities)) == (intent, told)


@pytest.mark.parametrize("text", ["10h sáng mai", "9h sáng thứ 2 nhé", "chieu mai 3h", "mai 8h nha em"])
@pytest.mark.parametrize("context", [None, "confirm", "ask_phone", "ask_need", "ask_product", "ask_consent"])
def test_a_bare_hour_is_no_complaint_and_no_refusal(text: str, context: str) -> None:
    read = understand(text, context)
    assert read.intent == "other"
    assert read.entities["time"]


@pytest.mark.parametrize(
    "text",
    [
        "gọi lúc 9h sáng mai để tư vấn bảo hiểm xe máy cho em",
        "mai 10h gọi cho mẹ em nhé",
        "tư vấn viên gọi cho em lúc 3h chiều giúp em",
    ],
)
def test_what_stands_beside_a_call_makes_it_no_complaint(text: str) -> None:
    assert understand(text).intent != "complaint"


@pytest.mark.parametrize(
    "text",
    [
        "hẹn 9h gọi mà giờ 3h chiều chưa thấy",
        "hẹn gọi lúc 10h mà chờ hoài không ai gọi",
        "hẹn 2h gọi mà 5h vẫn chưa gọi",
        "nói gọi lúc 9h sáng mà có thấy ai gọi đâu",
        "gọi lúc 9h mà sao gọi hoài không được",
    ],
)
def test_a_call_that_never_came_is_a_complaint_still(text: str) -> None:
    assert understand(text).intent == "complaint"


@pytest.mark.parametrize("text", ["đừng gọi lúc 9h sáng", "gọi lúc 9h rồi", "đừng gọi nữa"])
def test_what_is_no_appointment(text: str) -> None:
    assert understand(text).intent != "talk_to_human"


@pytest.mark.parametrize("context", [None, "confirm", "ask_time"])
@pytest.mark.parametrize("text", ["đừng gọi lúc 9h", "đừng gọi chị lúc 12h trưa", "khoi goi luc 9h"])
def test_the_hour_at_which_he_must_not_be_called_is_none_to_call(text: str, context: str | None) -> None:
    assert "time" not in understand(text, context).entities


@pytest.mark.parametrize("text", ["đừng gọi lúc 9h, gọi lúc 14h", "đừng gọi trước 14h"])
def test_but_the_other_one_is(text: str) -> None:
    told = understand(text, "ask_time").entities
    assert told.get("time") == "14:00" or told.get("time_after") == "14:00"


STAGES: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "name": (("name",), {"invited": True}, "ask.name"),
    "phone": (("phone",), {"invited": True}, "ask.phone"),
    "need": (("product",), {"invited": True}, "ask.need"),
    "product": (("product",), {"invited": True, "car": True, "a_car": True}, "ask.product_car"),
    "confirm": ((), {"invited": True}, "confirm.summary"),
}


@pytest.mark.parametrize("text", ["gọi lúc 10h sáng mai", "goi lai cho toi luc 10h sang mai", "10h sáng mai nhé"])
@pytest.mark.parametrize("asked", STAGES)
def test_the_form_keeps_the_appointment_and_goes_on(asked: str, text: str) -> None:
    missing, memory, then = STAGES[asked]
    world = asking(asked, *missing, "callback_time", memory=memory)
    world.say(text)
    assert world.state.slots["callback_time"]["from"] == "2026-11-24T03:00:00.000Z"
    assert "need" not in world.state.slots
    assert world.said[-1] == then, world.said
    assert not {"complaint.start", "handoff.start"} & set(world.said)
