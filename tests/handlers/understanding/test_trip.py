"""The days of a trip: as told, and as days of the calendar where the moment is known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.understanding import understand
from tests.stories.world import World

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TRIPS: list[tuple[str, str, str | None, int | None]] = [
    ("du lịch đi Pháp từ 10/12/2026 đến 20/12/2026", "2026-12-10", "2026-12-20", 11),
    ("du lịch đi Pháp từ 10/12 đến 20/12", "2026-12-10", "2026-12-20", 11),
    ("du lich di Phap tu 10/12 den 20/12", "2026-12-10", "2026-12-20", 11),
    ("du lịch đi Pháp từ ngày 10/12 tới ngày 20/12", "2026-12-10", "2026-12-20", 11),
    ("du lịch đi Pháp 10/12 - 20/12", "2026-12-10", "2026-12-20", 11),
    ("mua bảo hiểm du lịch Nhật 10-20/12", "2026-12-10", "2026-12-20", 11),
    ("du lịch Pháp từ ngày 10 đến 20 tháng 12 năm 2026", "2026-12-10", "2026-12-20", 11),
    ("du lịch Pháp từ 10/12/2026 đến 20/12", "2026-12-10", "2026-12-20", 11),
    ("du lịch Pháp 10/12 đến 20/12/2026", "2026-12-10", "2026-12-20", 11),
    ("du lich Thai Lan ngay 5/1 ve ngay 9/1", "2027-01-05", "2027-01-09", 5),
    ("bay đi Sing ngày 12 tháng 12 về ngày 16 tháng 12 mua bảo hiểm", "2026-12-12", "2026-12-16", 5),
    ("đi du lịch Úc 28/12 đến 5/1", "2026-12-28", "2027-01-05", 9),
    ("du lịch Nhật 5/12-10/12 4 người", "2026-12-05", "2026-12-10", 6),
    ("du lịch Nhật 20/12 đến 2/1/2027", "2026-12-20", "2027-01-02", 14),
    ("du lich han quoc tu ngay 3 den 9 thang 12", "2026-12-03", "2026-12-09", 7),
    ("đi du lịch từ 28/2 đến 2/3", "2027-02-28", "2027-03-02", 3),
    ("bay 12/12 về 15/12 đi Bangkok", "2026-12-12", "2026-12-15", 4),
    ("đi Mỹ từ ngày 10 đến 20/12", "2026-12-10", "2026-12-20", 11),
    ("đi Hàn Quốc 7 ngày từ 3/12", "2026-12-03", None, 7),
    ("du lịch Pháp 2 người, khởi hành 10/12/2026", "2026-12-10", None, None),
    ("travel insurance to Japan from 10/12/2026 to 20/12/2026", "2026-12-10", "2026-12-20", 11),
]


@pytest.mark.parametrize("text, first, last, days", TRIPS)
def test_from_when_to_when(text: str, first: str, last: str | None, days: int | None) -> None:
    told = understand(text, now=NOW).entities
    assert (told.get("product"), told.get("date_from"), told.get("date_to"), told.get("days")) == (
        "du_lich",
        first,
        last,
        days,
    )
    assert "date" not in told
    assert "callback_from" not in told


@pytest.mark.parametrize(
    "text", ["đi du lịch Nhật từ 3/11 đến 9/11 bị mất hành lý", "du lịch Hàn 3/11 đến 9/11 em bị ngã gãy tay"]
)
def test_what_happened_on_it_is_a_claim_still(text: str) -> None:
    assert understand(text, now=NOW).intent == "claim"


def test_without_the_moment_they_are_as_told() -> None:
    told = understand("du lịch đi Pháp từ 10/12 đến 20/12").entities
    assert (told["date_from"], told["date_to"], told["days"]) == ("10-12", "20-12", 11)


@pytest.mark.parametrize(
    "text",
    [
        "du lịch Đức từ 31/2 đến 5/3",  # no such day
        "du lịch Pháp từ 20/12/2026 đến 10/12/2026",  # back before he leaves
        "du lịch Pháp từ 10/12/2026 đến 20/12/2028",  # longer than a year
        "mua bảo hiểm du lịch Nhật, gọi em ngày 25/11",
        "mua bảo hiểm du lịch Nhật cho bé sinh 10/12/2015",
        "bảo hiểm xe hết hạn 10/12",
        "mua bảo hiểm xe máy từ 10/12 đến 10/12/2027",
        "24/7 có ai trực không",
    ],
)
def test_no_days_of_a_trip(text: str) -> None:
    assert "date_from" not in understand(text, now=NOW).entities


@pytest.mark.parametrize("line", ["từ 10/12 đến 20/12", "10-20/12 nhé", "đi từ 10/12/2026 đến 20/12/2026"])
def test_they_stand_in_the_read_back_and_may_be_told_later(line: str) -> None:
    world = World()
    world.say("mua bảo hiểm du lịch đi Pháp từ 1/12 đến 5/12, tên Lan 0901234567")
    world.tap("c1:yes")
    assert "đi Pháp, từ 01/12/2026 đến 05/12/2026, 5 ngày" in world.words
    world.say(line)
    assert world.said[-1] == "confirm.summary"
    assert "từ 10/12/2026 đến 20/12/2026, 11 ngày" in world.words
    assert "callback_time" not in world.state.slots
