"""The figures of /metrics from real tables, on every database."""

from __future__ import annotations

import time

from gateway.figures import floor
from storage.ids import new_id


def test_the_floor_of_ids() -> None:
    now = time.time_ns() // 1_000_000
    made = new_id()
    assert floor(now - 1) < made
    assert floor(now + 1000) > made
