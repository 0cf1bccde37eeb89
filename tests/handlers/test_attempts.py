"""When to call again: other parts of the day, over two working days, only while people work."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import attempts, schedule
from handlers.model import Business, Note, Refused, Stage, State
from handlers.schedule import local
from tests.stories.world import HANOI, MAI, MONDAY, OFFICE, World

LATE_SHIFT = Business(hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), (("08:00", "20:00"),)))
MORNINGS = Business(hours=dict.fromkeys(("mon", "wed"), (("08:00", "11:00"),)))

NEXT = [
    (["2026-11-23 09:00"], OFFICE, "2026-11-23 13:00"),
    (["2026-11-23 11:30"], OFFICE, "2026-11-23 13:30"),
    (["2026-11-23 14:00"], OFFICE, "2026-11-23 17:00"),  # half an hour of the evening is left
    (["2026-11-23 17:10"], OFFICE, "2026-11-24 08:00"),
    (["2026-11-23 09:00", "2026-11-23 13:10"], OFFICE, "2026-11-24 08:00"),  # not on the first day again
    (["2026-11-23 14:00", "2026-11-24 08:30"], OFFICE, "2026-11-24 13:00"),
    (["2026-11-28 14:00", "2026-11-28 17:00"], OFFICE, "2026-11-30 08:00"),  # over Sunday
    (["2026-11-23 14:00"], LATE_SHIFT, "2026-11-23 17:00"),
    (["2026-11-23 09:00"], MORNINGS, "2026-11-25 08:00"),
]


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HANOI)


@pytest.mark.parametrize("tried, business, expected", NEXT, ids=[f"{tried[-1]}-{at}" for tried, _, at in NEXT])
def test_the_next_try(tried: list[str], business: Business, expected: str) -> None:
    assert local(attempts.next_try([here(one) for one in tried], business), business) == here(expected)


@given(minutes=st.integers(0, 7 * 24 * 60))
def test_three_tries_are_over_two_working_days_in_other_parts_of_the_day(minutes: int) -> None:
    first = schedule.next_opening(MONDAY + timedelta(minutes=minutes), OFFICE)
    second = attempts.next_try([first], OFFICE)
    third = attempts.next_try([first, second], OFFICE)
    for one, other in ((first, second), (second, third)):
        assert schedule.in_hours(other, OFFICE)
        assert other - one >= attempts.GAP
        assert attempts.part_of_day(one, OFFICE) != attempts.part_of_day(other, OFFICE)
    assert local(third, OFFICE).date() > local(first, OFFICE).date()
    assert local(third, OFFICE).date() - local(first, OFFICE).date() <= timedelta(days=3)  # Saturday to Tuesday


@pytest.mark.parametrize(
    "data", [{}, {"result": "maybe"}, {"result": "busy", "consent": "given"}, {"result": "reached", "consent": "yes"}]
)
def test_what_is_no_result_is_refused(data: dict[str, str]) -> None:
    world = World(state=State(stage=Stage.QUEUED, handoff="h1"))
    with pytest.raises(Refused) as caught:
        world.act("attempt", MAI, **data)
    assert caught.value.code == "invalid"


def test_nobody_is_called_after_the_end() -> None:
    world = World(state=State(stage=Stage.LOST))
    with pytest.raises(Refused) as caught:
        world.act("attempt", MAI, result="busy")
    assert caught.value.code == "wrong_state"


def test_the_last_word_waits_for_a_decent_hour_and_is_said_once() -> None:
    tried = [(MONDAY - timedelta(days=1, hours=hours)).isoformat() for hours in (4, 1)]
    world = World(state=State(stage=Stage.QUEUED, handoff="h1", memory={"tries": tried}))
    world.now = MONDAY.replace(hour=21, minute=30)
    world.act("attempt", MAI, result="no_answer")
    assert (world.state.stage, world.said) == (Stage.UNREACHABLE, [])
    world.wait(timedelta(hours=11))
    assert world.said == ["queue.unreachable"]
    world.wait(timedelta(hours=48))
    assert (world.state.stage, world.said) == (Stage.CLOSED_IDLE, [])


def test_who_has_blocked_us_gets_no_last_word() -> None:
    memory = {"tries": [MONDAY.isoformat()] * 2, "unreachable": True}
    world = World(state=State(stage=Stage.QUEUED, handoff="h1", memory=memory))
    world.act("attempt", MAI, result="no_answer")
    assert (world.state.stage, world.said) == (Stage.UNREACHABLE, [])
    assert any("không nhắn được lời cuối" in note.text for note in world.found(Note))


def test_reached_begins_the_count_anew() -> None:
    world = World(state=State(stage=Stage.QUEUED, handoff="h1", memory={"tries": [MONDAY.isoformat()] * 2}))
    world.act("attempt", MAI, result="reached")
    assert (world.state.stage, world.state.assignee, world.state.memory.get("tries")) == (Stage.WITH_ADVISOR, MAI, None)
    world.act("attempt", MAI, result="no_answer")
    assert world.state.stage is Stage.CALLBACK_SCHEDULED


@pytest.mark.parametrize(
    "state, said",
    [
        (State(stage=Stage.CLOSED_IDLE, consents={"C1": "given"}), ["queue.unreachable"]),
        (State(stage=Stage.CLOSED_IDLE), []),
        (State(stage=Stage.OPTED_OUT, consents={"C1": "withdrawn"}), []),
        (State(stage=Stage.WITH_ADVISOR, assignee=MAI, consents={"C1": "given"}), []),
    ],
    ids=["agreed", "never asked", "withdrawn", "with an advisor"],
)
def test_the_last_word_elsewhere_needs_a_yes_and_silence(state: State, said: list[str]) -> None:
    world = World(state=state)
    world.act("last_word", MAI)
    assert (world.said, world.state.stage) == (said, state.stage)
