"""The rates of an account and of a chat: never more than the platform allows, a burst where it may be, and shared by all processes."""

from __future__ import annotations

import pytest

from storage import boots
from storage.db import Store
from storage.gates import Gates

A = "telegram:main"


def admitted(gates: Gates, lane: str, times: int, now_ms: int = 0) -> int:
    count = 0
    for _ in range(times):
        if gates.admit(A, lane, now_ms):
            gates.release(A)
            count += 1
    return count


def test_an_account_sends_no_faster_than_it_may() -> None:
    gates = Gates()
    gates.configure(A, rate=30, chat_rate=0)
    assert sum(admitted(gates, f"c{n}", 1) for n in range(100)) == 30  # one second's worth at once
    assert sum(admitted(gates, f"c{n}", 1, 500) for n in range(100)) == 15
    seconds = [sum(admitted(gates, f"c{n}", 1, 1000 * second) for n in range(100)) for second in range(1, 6)]
    assert seconds[1:] == [30, 30, 30, 30]


def test_a_chat_has_a_short_burst_and_then_its_rate() -> None:
    gates = Gates()
    gates.configure(A, rate=0, chat_rate=1)
    assert admitted(gates, "c1", 10) == 3
    assert admitted(gates, "c1", 10, 999) == 0
    assert admitted(gates, "c1", 10, 1000) == 1
    assert admitted(gates, "c2", 10, 1000) == 3
    assert admitted(gates, "c1", 10, 60_000) == 3


def test_what_the_account_holds_back_costs_the_chat_nothing() -> None:
    gates = Gates()
    gates.configure(A, rate=1, chat_rate=0.1)
    assert admitted(gates, "c1", 1) == 1
    assert admitted(gates, "c2", 5) == 0  # the account's second is used up
    assert admitted(gates, "c2", 1, 1000) == 1


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_processes_share_what_a_platform_allows(processes: int) -> None:
    every = [Gates() for _ in range(processes)]
    for gates in every:
        gates.shared_by(processes)
        gates.configure(A, rate=30, chat_rate=0)
    first = sum(admitted(gates, "c1", 100) for gates in every)
    assert first <= 30
    later = sum(admitted(gates, "c1", 100, 1000 * second) for gates in every for second in range(1, 11))
    assert 30 * 10 - 2 * processes <= later <= 30 * 10


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    gates = Gates()
    gates.configure(A, rate=10, chat_rate=0)
    assert admitted(gates, "c1", 20, 10_000) == 10
    assert admitted(gates, "c1", 20, 5_000) == 0
    assert admitted(gates, "c1", 20, 10_000) == 0
    assert admitted(gates, "c1", 20, 10_500) == 5


async def test_who_writes_into_the_database_is_counted(store: Store) -> None:
    assert await store.run(boots.processes) == 1
