"""After a death the turns that were open are suspects: whoever was at hand is counted, only what kills is set aside."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from storage import boots, suspects
from storage.db import Store
from storage.inbox import Arrival
from storage.suspects import MAX_DEATHS, SUSPECTED
from storage.thinking import CALM_S
from storage.tx import Tx
from tests.storage.conftest import ACCOUNT, Hand


class Reader:
    """A thinker that settles what it is given. `read` -- the events, and when · `full` -- all that it waits for is there ·
    `poison` -- the key of an event that kills whoever decides it (but the process of the tests)."""

    def __init__(self, number: int, *, poison: str = "") -> None:
        self.read: dict[str, float] = {}
        self.full = threading.Event()
        self._number = number
        self._poison = poison
        self._tests = os.getpid()

    def load(self, tx: Tx, lanes: Sequence[str]) -> Any:
        rows = tx.among("SELECT id, key FROM inbox_event WHERE state = 'new' AND point_id IN (:among)", list(lanes))
        return rows or None

    def decide(self, work: Any, *, now_ms: int) -> Any:
        if os.getpid() != self._tests and any(row.key == self._poison for row in work):
            os.kill(os.getpid(), signal.SIGKILL)
        self.read |= {row.key: time.monotonic() for row in work}
        if len(self.read) == self._number:
            self.full.set()
        return work

    def write(self, tx: Tx, result: Any) -> None:
        tx.run_among("UPDATE inbox_event SET state = 'done' WHERE id IN (:among)", [row.id for row in result])

    def unwritable(self, result: Any, err: Exception) -> Any:
        raise NotImplementedError

    def unloadable(self, tx: Tx, point_id: str, err: Exception) -> None:
        raise NotImplementedError


async def arrived(store: Store, hand: Hand, *threads: str) -> None:
    await store.ingest(
        [Arrival(account_id=ACCOUNT, key=f"k:{one}", kind="text", thread=one, body=b"{}") for one in threads]
    )
    hand.ms += 1000


async def dies(store: Store) -> str:
    """A start that counts a try of its first suspect and dies with it in hand; whose event that was."""

    def boot(tx: Tx) -> str:
        for point in boots.begin(tx):
            if suspects.take(tx, point, calm=True) in ("try", "trial"):
                return str(tx.value("SELECT thread FROM contact_point WHERE id = :id", id=point))
        return ""

    return await store.run(boot)


async def quarantined(store: Store) -> list[str]:
    rows = await store.read(
        lambda tx: tx.all("SELECT key, reason FROM inbox_event WHERE state = 'quarantined' ORDER BY key")
    )
    assert all(row.reason == "process_ended" for row in rows)
    return [row.key for row in rows]


async def again(store: Store, hand: Hand, database_url: str, reader: Reader) -> tuple[float, list[str]]:
    """Another process on the same tables, until it has read all: when it began, what it set aside."""
    await asyncio.to_thread(store.close, clean=False)
    following = Store(database_url, store.keys, now_ms=hand)
    await asyncio.to_thread(following.open)
    try:
        began = time.monotonic()
        following.start_thinking(reader)
        assert await asyncio.to_thread(reader.full.wait, 30)
        return began, await quarantined(following)
    finally:
        await asyncio.to_thread(following.close)


async def test_of_two_that_were_at_hand_only_the_one_that_kills_is_set_aside(
    store: Store, hand: Hand, database_url: str
) -> None:
    await arrived(store, hand, "a")
    await arrived(store, hand, "b")
    for _ in range((SUSPECTED + 1) * 2):  # both were at hand in three deaths
        await dies(store)
    assert await quarantined(store) == []
    await arrived(store, hand, "c")
    reader = Reader(2, poison="k:a")
    _, aside = await again(store, hand, database_url, reader)
    assert aside == ["k:a"]
    assert set(reader.read) == {"k:b", "k:c"}


async def test_what_kills_outside_of_its_decision_is_set_aside_at_last(store: Store, hand: Hand) -> None:
    await arrived(store, hand, "a")
    assert [await dies(store) for _ in range(MAX_DEATHS)] == ["a"] * MAX_DEATHS
    assert await dies(store) == ""
    assert await quarantined(store) == ["k:a"]


async def test_who_was_at_hand_least_often_comes_first(store: Store, hand: Hand) -> None:
    """Killed from outside again and again, soon after each start: nobody is at hand thrice before all were twice."""
    lanes = ["a", "b", "c", "d"]
    await arrived(store, hand, *lanes)
    deaths = [await dies(store) for _ in range(len(lanes) * SUSPECTED)]
    assert sorted(deaths) == sorted(lanes * SUSPECTED)
    assert await quarantined(store) == []


async def test_a_clean_stop_leaves_no_suspects(store: Store, hand: Hand) -> None:
    await arrived(store, hand, "a")
    await store.run(boots.mark_clean_stop)
    assert await store.run(boots.begin) == []


async def test_a_trial_waits_until_the_process_has_lived_for_a_while(
    store: Store, hand: Hand, database_url: str
) -> None:
    await arrived(store, hand, "a")
    for _ in range(SUSPECTED):
        await dies(store)
    await arrived(store, hand, "b")
    reader = Reader(2)
    began, aside = await again(store, hand, database_url, reader)
    assert aside == []  # at hand in two deaths, and alone in its third try: its child lived
    assert reader.read["k:b"] < reader.read["k:a"]  # whoever waits behind nobody is not kept waiting
    assert reader.read["k:a"] - began >= CALM_S


def hang() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.01)  # its alarm, sooner
    while True:
        signal.pause()


@pytest.mark.parametrize(
    ("work", "lives"),
    [
        (lambda: None, True),
        (lambda: 1 / 0, True),  # counted where it can be written down
        (lambda: os.kill(os.getpid(), signal.SIGTERM), True),  # the whole group is told to stop: no verdict
        (lambda: os.kill(os.getpid(), signal.SIGKILL), False),
        (os.abort, False),
        (hang, False),
    ],
    ids=["nothing", "raises", "told to stop", "killed", "aborts", "hangs"],
)
def test_a_childs_death_is_a_verdict(work: Any, lives: bool) -> None:
    assert suspects.survives(work) is lives
