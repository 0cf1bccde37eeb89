"""By when a person is to be in touch: a table over working hours, and what being late does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers import sla
from handlers.model import Business, Note, OpenHandoff, Stage, State, TimerFired
from handlers.schedule import local
from tests.stories.world import HANOI, MAI, OFFICE, World

MORNINGS = Business(hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), (("10:00", "12:00"),)))
HOLIDAY = Business(hours=OFFICE.hours, holidays=("2026-11-24",))
ALWAYS = Business(hours=None)

DUE = [
    ("2026-11-23 09:00", OFFICE, "2026-11-23 09:15"),
    ("2026-11-23 11:50", OFFICE, "2026-11-23 13:05"),  # the break does not count
    ("2026-11-23 12:30", OFFICE, "2026-11-23 13:15"),
    ("2026-11-23 17:25", OFFICE, "2026-11-24 08:10"),
    ("2026-11-23 17:30", OFFICE, "2026-11-24 09:00"),  # the end of the day is not the day
    ("2026-11-23 22:00", OFFICE, "2026-11-24 09:00"),
    ("2026-11-24 03:00", OFFICE, "2026-11-24 09:00"),
    ("2026-11-24 07:59", OFFICE, "2026-11-24 09:00"),
    ("2026-11-28 18:00", OFFICE, "2026-11-30 09:00"),  # Saturday evening: Monday
    ("2026-11-29 10:00", OFFICE, "2026-11-30 09:00"),
    ("2026-11-23 20:00", HOLIDAY, "2026-11-25 09:00"),
    ("2026-11-24 10:00", HOLIDAY, "2026-11-25 09:00"),
    ("2026-11-23 20:00", MORNINGS, "2026-11-24 10:15"),  # nobody is there at nine
    ("2026-11-29 03:00", ALWAYS, "2026-11-29 03:15"),
]


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HANOI)


@pytest.mark.parametrize("now, business, due", DUE, ids=[f"{now}-{due}" for now, _, due in DUE])
def test_due(now: str, business: Business, due: str) -> None:
    assert local(sla.due(here(now).astimezone(UTC), business), business) == here(due)


def test_an_appointment_is_due_when_it_ends_and_never_before_the_first_contact_could_be() -> None:
    now = here("2026-11-23 09:00")
    assert sla.due(now, OFFICE, here("2026-11-24 15:00")) == here("2026-11-24 15:00")
    assert sla.due(now, OFFICE, here("2026-11-23 09:01")) == here("2026-11-23 09:15")


def test_who_is_late_moves_up_once_and_people_see_why() -> None:
    world = World(state=State(stage=Stage.QUEUED, handoff="h1", memory={"priority": 5}))
    world.happens(TimerFired(name=sla.OVERDUE, at=world.now))
    assert world.found(OpenHandoff) == [OpenHandoff(reason="", priority=15)]
    assert world.found(Note)
    world.happens(TimerFired(name=sla.OVERDUE, at=world.now + timedelta(minutes=1)))
    assert world.effects == []


def test_who_comes_back_to_the_queue_may_be_late_again() -> None:
    world = World(state=State(stage=Stage.QUEUED, handoff="h1"))
    world.happens(TimerFired(name=sla.OVERDUE, at=world.now))
    world.act("take", MAI)
    world.act("transfer", MAI, team="tư vấn")
    world.happens(TimerFired(name=sla.OVERDUE, at=world.now))
    assert world.found(Note)


@pytest.mark.parametrize("had, gets", [(0, 10), (10, 20), (19, 29), (20, 20), (30, 30)])
def test_danger_stays_on_top(had: int, gets: int) -> None:
    world = World(state=State(stage=Stage.QUEUED, handoff="h1", memory={"priority": had}))
    world.happens(TimerFired(name=sla.OVERDUE, at=world.now))
    assert world.found(OpenHandoff) == [OpenHandoff(reason="", priority=gets)]


@pytest.mark.parametrize("stage", [Stage.WITH_ADVISOR, Stage.WON, Stage.COLLECTING])
def test_who_does_not_wait_is_not_late(stage: Stage) -> None:
    world = World(state=State(stage=stage, handoff="h1"))
    world.happens(TimerFired(name=sla.OVERDUE, at=world.now))
    assert not world.found(OpenHandoff)
