"""`kill -9` at random instants and at every kill point: nothing acknowledged is lost, nothing is said twice."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final

import pytest

from tests.e2e import killing
from tests.support.gatewayd import Zygote

RANDOM_KILLS: Final = 8
ROOT: Final = Path(__file__).parents[2]


@pytest.mark.timeout(240)
async def test_killed_at_random_and_at_every_point(zygote: Zygote, tmp_path: Path, database_url: str) -> None:
    plan = [*killing.POINTS, *[killing.AT_RANDOM] * RANDOM_KILLS]
    random.Random(1).shuffle(plan)
    books = await killing.campaign(zygote, tmp_path, database_url, plan=plan, seed=1)
    print(books)
    assert books.faults == []
    assert books.hits == {**dict.fromkeys(killing.POINTS, 1), killing.AT_RANDOM: RANDOM_KILLS}
    assert sum(books.hits.values()) >= 20
    assert min(books.acknowledged, books.sent, books.unknown, books.swallowed, books.deeds, books.woken) > 0


def test_the_loop_meets_every_kill_point_that_the_code_has() -> None:
    sources = [
        path.read_text("utf-8")
        for folder in ("channels", "gateway", "handlers", "scheduler", "storage")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "killpoints.py"
    ]
    calls = [call for source in sources for call in re.findall(r"\bkp\((.*?)\)", source)]
    assert {call.strip('"') for call in calls} == set(killing.POINTS)
    assert all(re.fullmatch(r'"[a-z_.]+"', call) for call in calls)  # a name that is computed could not be seen here
