"""Two numbers of his own: both kept, asked about once, in the turn of the read-back."""

from __future__ import annotations

import pytest

from tests.stories.world import World

FIRST, SECOND = "+84912345678", "+84987654321"


def told(line: str = "mua bh xe máy, tên Tâm, gọi 0912345678 hoặc 0987654321") -> World:
    world = World()
    world.say(line)
    world.tap("c1:yes")
    return world


@pytest.mark.parametrize(
    "line",
    [
        "mua bh xe máy, tên Tâm, gọi 0912345678 hoặc 0987654321",
        "mua bh xe máy, tên Tâm, 0912345678 hay 0987654321 đều được",
        "mua bh xe may, ten Tam, so em 0912345678 hoac 0987654321",
    ],
)
def test_asked_beside_the_read_back(line: str) -> None:
    world = told(line)
    assert world.said[-2:] == ["ask.phone_two", "confirm.summary"]
    assert "0912 345 678 và 0987 654 321" in world.words
    world.say("sáng mai")
    assert "ask.phone_two" not in world.said  # once


@pytest.mark.parametrize(
    "line, first",
    [
        ("0987654321", SECOND),
        ("gọi số 0987654321 trước", SECOND),
        ("số sau nhé", SECOND),
        ("số thứ hai", SECOND),
        ("số 0987 nha", SECOND),
        ("đuôi 321", SECOND),
        ("số đầu tiên", FIRST),
        ("số 0912345678 nhé", FIRST),
        ("số nào cũng được", FIRST),
    ],
)
def test_the_one_that_he_names_is_called_first(line: str, first: str) -> None:
    world = told()
    world.say(line)
    assert {world.state.slots[slot] for slot in ("phone", "phone_alt")} == {FIRST, SECOND}
    assert (world.state.slots["phone"], "callback_time" in world.state.slots) == (first, False)
    assert world.said == ["confirm.summary"]


def test_a_yes_leaves_them_as_he_wrote_them() -> None:
    world = told()
    world.say("đúng rồi")
    assert world.said[0] == "confirm.saved"
    assert (world.state.slots["phone"], world.state.slots["phone_alt"]) == (FIRST, SECOND)


@pytest.mark.parametrize(
    "line",
    [
        "mua bh xe máy, tên Tâm, số 0912345678",
        "mua bh xe máy, tên Tâm, 0912345678 không được thì 0987654321",
        "mua bh xe máy, tên Tâm, 0912345678, zalo 0987654321",
        "mua bh xe máy cho ba, con là Tâm số con 0912345678, số ba con 0987654321",
    ],
)
def test_one_number_or_somebody_elses_is_not_asked_about(line: str) -> None:
    assert "ask.phone_two" not in told(line).said


def test_a_third_number_ends_it() -> None:
    world = told()
    world.say("nhầm, gọi số 0933111222 nhé")
    assert (world.state.slots["phone"], world.state.slots.get("phone_alt")) == ("+84933111222", None)
    world.say("số sau")
    assert world.state.slots["phone"] == "+84933111222"
