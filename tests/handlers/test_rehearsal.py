"""What other settings would have done: the same rules over a day that was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from handlers import rehearsal
from handlers.model import Rules
from handlers.rehearsal import Past
from handlers.routing import Candidate, Request
from tests.stories.world import HANOI, OFFICE

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=HANOI).astimezone(UTC)
END = NINE + timedelta(hours=15)
PEOPLE = {one: Candidate(id=one, name=one.title(), online=False, away=True) for one in ("lan", "nam")}


def past(number: int, *, taken: int | None, by: str = "lan", **request: object) -> Past:
    opened = NINE + timedelta(minutes=number)
    return Past(
        id=f"h{number:02}",
        conversation=f"c{number}",
        code="",
        opened_at=opened,
        request=Request(**request),  # type: ignore[arg-type]
        taken_by=by if taken is not None else "",
        taken_at=None if taken is None else opened + timedelta(minutes=taken),
    )


DAY = [past(0, taken=20), past(1, taken=5), past(2, taken=None)]


def replay(rules: Rules, day: list[Past] = DAY) -> list[rehearsal.Fate]:
    return rehearsal.replay(day, PEOPLE, replace(OFFICE, rules=rules), gated=False, until=END)


def test_as_it_was_nobody_is_given_anything() -> None:
    fates = replay(Rules())
    assert [(one.advisor, one.reason, one.late) for one in fates] == [
        ("lan", "pull", True), ("lan", "pull", False), ("", "nobody", True),
    ]  # fmt: skip
    assert not any(one.escalated for one in fates)


def test_other_minutes_other_clocks() -> None:
    assert [one.late for one in replay(Rules(first_minutes=30))] == [False, False, True]
    assert [one.late for one in replay(Rules(first_minutes=3))] == [True, True, True]
    assert [one.escalated for one in replay(Rules(escalate_minutes=10))] == [True, False, True]


def test_given_out_everybody_has_somebody_at_once_in_turn() -> None:
    fates = replay(Rules(mode="assign"))
    assert [(one.advisor, one.reason, one.late) for one in fates] == [
        ("lan", "least_load", False), ("nam", "least_load", False), ("lan", "least_load", False),
    ]  # fmt: skip
    assert [one.reason for one in replay(Rules(mode="assign", capacity=1))] == ["least_load", "least_load", "nobody"]


def test_an_offer_is_taken_when_it_ends_at_the_latest() -> None:
    assert [one.late for one in replay(Rules(mode="offer", offer_minutes=3))] == [False, False, False]
    assert [one.late for one in replay(Rules(mode="offer", offer_minutes=20))] == [True, False, True]


def test_answers_are_measured_from_the_first_word_that_waits() -> None:
    said = [("customer", NINE), ("advisor", NINE + timedelta(minutes=1)), ("customer", NINE + timedelta(minutes=2)),
            ("customer", NINE + timedelta(minutes=4)), ("advisor", NINE + timedelta(minutes=14)),
            ("customer", NINE + timedelta(minutes=20))]  # fmt: skip
    asked = rehearsal.asked_of(said, NINE + timedelta(minutes=1))
    assert asked == (
        (NINE + timedelta(minutes=2), NINE + timedelta(minutes=14)),
        (NINE + timedelta(minutes=20), None),
    )
    day = [replace(past(0, taken=1), asked=asked[:1])]
    assert [one.late_answers for one in replay(Rules(), day)] == [0]
    assert [one.late_answers for one in replay(Rules(next_minutes=10), day)] == [1]
    assert [one.late_answers for one in replay(Rules(next_minutes=15), day)] == [0]
    assert [one.returned for one in replay(Rules(answer_minutes=10), day)] == [True]
    assert [one.returned for one in replay(Rules(), day)] == [False]


def test_yesterday_is_the_agencys() -> None:
    assert rehearsal.day(datetime(2026, 11, 23, 18, 0, tzinfo=UTC), OFFICE) == (
        datetime(2026, 11, 22, 17, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
    )
