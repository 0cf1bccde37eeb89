"""The arithmetic of the wall: working time, medians, periods, reasons, and the conversations behind each figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway import boards
from gateway.boards import Answers, NowBoard, PeriodBoard, Reason
from gateway.hub import Hub
from handlers.model import Business
from storage.times import ms
from storage.wall import Held, Waiting
from storage.wall_period import STEPS, Asked, Begun, Count, Figures, Lost, Scored

OFFICE = Business(
    legal_name="", address="", hotline="", dpo_email="", policy_url="", product_url="",
    hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("08:00", "12:00"), ("13:00", "17:30"))),
    holidays=("2026-11-25",),
)  # fmt: skip


def local(day: int, clock: str) -> datetime:
    """November 2026 at the agency: the 23rd is a Monday."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


@pytest.mark.parametrize(
    ("begin", "end", "minutes"),
    [
        ((23, "09:00"), (23, "09:25"), 25),
        ((23, "11:50"), (23, "13:05"), 15),  # the midday break
        ((23, "17:20"), (24, "08:10"), 20),  # a night
        ((22, "10:00"), (22, "11:00"), 0),  # a Sunday
        ((24, "17:00"), (26, "08:05"), 35),  # a day off between
        ((20, "17:30"), (23, "08:00"), 0),  # a week-end
        ((23, "09:00"), (23, "08:00"), 0),
    ],
)
def test_working_time_between_two_moments(begin: tuple[int, str], end: tuple[int, str], minutes: float) -> None:
    assert boards.WorkingClock(OFFICE).between(ms(local(*begin)), ms(local(*end))) == minutes * 60


def test_middles() -> None:
    assert (boards.middle([]), boards.ninety([])) == (None, None)
    assert (boards.middle([4]), boards.ninety([4])) == (4, 4)
    assert boards.middle([1, 2, 4, 9]) == 3
    assert boards.ninety([float(each) for each in range(1, 11)]) == 9
    assert boards.ninety([float(each) for each in range(1, 12)]) == 10


def test_periods_begin_at_midnight_where_the_agency_is() -> None:
    now = local(23, "00:30")
    assert boards.period("today", now, OFFICE) == (ms(local(23, "00:00")), ms(now) + 1)
    assert boards.period("7d", now, OFFICE)[0] == ms(local(17, "00:00"))
    assert boards.period("30d", local(30, "23:59"), OFFICE)[0] == ms(local(1, "00:00"))


def board(count: Figures) -> PeriodBoard:
    return PeriodBoard(name="today", since=0, until=1, count=count, business=OFFICE)


def test_answer_times_by_channel_and_team() -> None:
    nine = ms(local(23, "09:00"))

    def asked(number: int, channel: str, team: str, after: int | None) -> Asked:
        answered = None if after is None else nine + after * 60_000
        return Asked(f"h{number}", f"c{number}", channel, team, nine, None, answered)

    rows = [
        asked(1, "zalo", "claims", 2), asked(2, "zalo", "", 4), asked(3, "zalo", "claims", 30), asked(4, "telegram", "", None),
        Asked("h5", "c1", "zalo", "claims", nine, nine, nine + 180 * 60_000 + 3_600_000),  # again, over noon: 09:00 to 13:00
    ]  # fmt: skip
    found = board(Figures(asked=rows))
    assert found.answers() == [Answers("", 4, 3, 17, 180)]
    assert found.answers("channel") == [
        Answers("zalo", 3, 3, 17, 180),
        Answers("telegram", 1, 0, None, None),
    ]
    assert found.answers("team") == [Answers("", 2, 1, 4, 4), Answers("claims", 2, 2, 30, 180)]
    assert found.behind("answered", "") == {"c1", "c2", "c3"}
    assert found.behind("unanswered", "") == found.behind("asked", "channel:telegram") == {"c4"}
    assert found.behind("answered", "team:claims") == {"c1", "c3"}
    assert found.behind("asked", "team:") == {"c2", "c4"}


def test_the_funnel_and_what_is_behind_each_step() -> None:
    rows = [Begun(f"c{number}", 0, "zalo", frozenset(STEPS[: number + 1])) for number in range(len(STEPS))]
    found = board(Figures(begun=rows))
    assert [count for _, count in found.funnel] == [8, 7, 6, 5, 4, 3, 2, 1]
    for step, count in found.funnel:
        assert len(found.behind("step", step)) == count


def test_reasons_are_put_together_however_they_are_typed() -> None:
    words = ["Chê phí cao", "chê phí cao!", "che  phi cao", "", "mua nơi khác"] + [
        f"lý do {number}" for number in range(9)
    ]
    found = board(Figures(lost=[Lost(f"c{number}", 0, "zalo", each) for number, each in enumerate(words)]))
    assert [(each.words, each.count) for each in found.lost[:1]] == [("Chê phí cao", 3)]
    assert [each.key for each in found.lost[-2:]] == [boards.REST, boards.NONE]
    assert sum(each.count for each in found.lost) == len(words)
    for reason in found.lost:
        assert len(found.behind("lost", reason.key)) == reason.count, reason
    assert len(found.behind("lost", "")) == len(words)
    assert found.lost[0] == Reason(boards.reason_key("chê phí CAO"), "Chê phí cao", 3)
    assert boards.reason_key("…") == boards.NONE


def test_what_customers_say() -> None:
    found = board(Figures(scored=[Scored("a", 0, 5), Scored("b", 0, 4), Scored("c", 0, 5), Scored("d", 0, 1)]))
    assert found.scores == {1: 1, 2: 0, 3: 0, 4: 1, 5: 2}
    assert found.score == 3.75
    assert found.behind("score", "5") == {"a", "c"}
    assert len(found.behind("score", "")) == 4
    assert board(Figures()).score is None


def test_what_was_counted_of_an_erased_person_is_kept_no_longer() -> None:
    hub = Hub()
    kept, count = boards.Boards(cast(Any, SimpleNamespace(hub=hub))), Count(0)
    kept._counted, kept._periods = count, {("today", False): board(Figures())}
    left: list[tuple[bool, int]] = []
    for kind in ("conversation", "erased"):
        hub.publish([(kind, "k")])
        left.append((kept._counted is count, len(kept._periods)))
    assert left == [(True, 1), (False, 0)]


@pytest.mark.parametrize("erased", [False, True])
async def test_a_board_that_was_counted_while_somebody_was_erased_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, erased: bool
) -> None:
    hub = Hub()
    kept, counted = boards.Boards(cast(Any, SimpleNamespace(hub=hub))), board(Figures())

    async def count(*_: Any) -> PeriodBoard:
        if erased:
            hub.publish([("erased", "k")])
        return counted

    monkeypatch.setattr(boards.Boards, "_count", count)
    assert await kept.period("today") is counted
    assert kept._periods == ({} if erased else {("today", False): counted})


def test_now() -> None:
    waiting = [
        Waiting("a", "zalo", "claims", 20, True),
        Waiting("b", "zalo", "", 10, False),
        Waiting("c", "viber", "", 30, True),
    ]
    held = [Held("d", "lan", True, False), Held("e", "lan", False, True), Held("f", "minh", False, False)]
    found = NowBoard(at_ms=0, waiting=waiting, held=held, people=(), teams={})
    assert (found.oldest, found.late) == (waiting[1], 2)
    assert found.by(lambda one: one.channel) == [("zalo", 2), ("viber", 1)]
    for figure, of, ids in (
        ("waiting", "", "abc"), ("waiting", "channel:zalo", "ab"), ("waiting", "team:claims", "a"), ("late", "", "ac"),
        ("active", "lan", "d"), ("his_turn", "lan", "d"), ("later", "lan", "e"), ("active", "", "df"), ("other", "", ""),
    ):  # fmt: skip
        assert boards.behind_now(found, figure, of) == set(ids), (figure, of)
    assert NowBoard(at_ms=0, waiting=(), held=(), people=(), teams={}).oldest is None


@pytest.mark.parametrize(
    ("active", "capacity", "state"), [(3, 0, "easy"), (3, 4, "easy"), (4, 4, "full"), (5, 4, "over")]
)
def test_who_is_overloaded(active: int, capacity: int, state: str) -> None:
    assert boards.Load("a", "Lan", (), False, active, 0, 0, capacity).state == state
