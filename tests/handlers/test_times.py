"""The times that are offered for a call: parts of the day in which people work, with the hours they keep of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handlers import steps
from handlers.draft import Draft
from handlers.model import Business, Context, State
from tests.stories.world import HANOI, OFFICE, TEXTS


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HANOI).astimezone(UTC)


NIGHTS = replace(OFFICE, hours=dict.fromkeys(("mon", "tue", "wed"), (("07:30", "11:30"), ("13:30", "20:00"))))


@pytest.mark.parametrize(
    "now, business, faces",
    [
        ("2026-11-23 07:00", OFFICE, ["Sáng (8h-12h)", "Chiều (13h-17h)"]),
        ("2026-11-23 09:00", OFFICE, ["Sáng (9h-12h)", "Chiều (13h-17h)"]),
        ("2026-11-23 16:50", OFFICE, ["Sáng mai 8h-12h", "Chiều mai 13h-17h"]),
        ("2026-11-28 18:00", OFFICE, ["Sáng T2 8h-12h", "Chiều T2 13h-17h"]),  # Saturday evening
        ("2026-11-23 14:00", NIGHTS, ["Sáng mai 8h-11h30", "Chiều (14h-17h)", "Tối (17h-20h)"]),
        ("2026-11-23 21:00", NIGHTS, ["Sáng mai 8h-11h30", "Chiều mai 13h30-17h", "Tối mai 17h-20h"]),
    ],
    ids=range(6),
)
def test_a_time_that_is_offered_is_one_that_people_keep(now: str, business: Business, faces: list[str]) -> None:
    draft = Draft(state=State(), now=at(now), context=Context(business=business, channel="telegram"))
    shown = [TEXTS.button(button.label, "vi") for button in steps.times(draft)]
    assert shown == faces
    english = Draft(state=State(lang="en"), now=at(now), context=Context(business=business, channel="telegram"))
    assert all(len(TEXTS.button(button.label, "en")) <= 20 for button in steps.times(english))
    assert all(len(face) <= 20 for face in shown)


def test_at_once_is_not_offered_while_nobody_is_there() -> None:
    for now, label in (("2026-11-23 09:00", "t_now"), ("2026-11-23 20:00", "t_soon"), ("2026-11-29 09:00", "t_soon")):
        draft = Draft(state=State(), now=at(now), context=Context(business=OFFICE, channel="telegram"))
        assert steps.buttons(draft, "time")[0].label == label
