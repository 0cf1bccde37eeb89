"""After a death the turns that were open are suspects: whoever was at hand is counted, the others must not pay for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

from storage import inbox
from storage.db import Store
from storage.inbox import MAX_DEATHS, Arrival
from storage.thinking import CALM_S
from storage.tx import Tx
from tests.storage.conftest import ACCOUNT, Hand


class Reader:
    """A thinker that settles what it is given. `read` -- the events, and when · `full` -- all that it waits for is there."""

    def __init__(self, number: int) -> None:
        self.read: dict[str, float] = {}
        self.full = threading.Event()
        self._number = number

    def load(self, tx: Tx, lanes: Sequence[str]) -> Any:
        rows = tx.among("SELECT id, key FROM inbox_event WHERE state = 'new' AND point_id IN (:among)", list(lanes))
        return rows or None

    def decide(self, work: Any, *, now_ms: int) -> Any:
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
        for point in inbox.begin_boot(tx):
            if inbox.suspect(tx, point):
                return str(tx.value("SELECT thread FROM contact_point WHERE id = :id", id=point))
        return ""

    return await store.run(boot)


async def quarantined(store: Store) -> list[str]:
    rows = await store.read(
        lambda tx: tx.all("SELECT key, reason FROM inbox_event WHERE state = 'quarantined' ORDER BY key")
    )
    assert all(row.reason == "process_ended" for row in rows)
    return [row.key for row in rows]


async def test_an_event_that_kills_three_times_is_set_aside(store: Store, hand: Hand) -> None:
    await arrived(store, hand, "a")
    assert [await dies(store) for _ in range(MAX_DEATHS)] == ["a"] * MAX_DEATHS
    assert await dies(store) == ""
    assert await quarantined(store) == ["k:a"]


async def test_who_was_at_hand_least_often_comes_first(store: Store, hand: Hand) -> None:
    """Killed from outside again and again, soon after each start: nobody is at hand thrice before all were twice."""
    lanes = ["a", "b", "c", "d"]
    await arrived(store, hand, *lanes)
    deaths = [await dies(store) for _ in range(len(lanes) * (MAX_DEATHS - 1))]
    assert sorted(deaths) == sorted(lanes * (MAX_DEATHS - 1))
    assert await quarantined(store) == []


async def test_a_clean_stop_leaves_no_suspects(store: Store, hand: Hand) -> None:
    await arrived(store, hand, "a")
    await store.run(inbox.mark_clean_stop)
    assert await store.run(inbox.begin_boot) == []


async def test_the_last_try_is_made_once_the_process_has_lived_for_a_while(
    store: Store, hand: Hand, database_url: str
) -> None:
    await arrived(store, hand, "a")
    for _ in range(MAX_DEATHS - 1):
        await dies(store)
    await arrived(store, hand, "b")
    await asyncio.to_thread(store.close, clean=False)
    again, reader = Store(database_url, store.keys, now_ms=hand), Reader(2)
    await asyncio.to_thread(again.open)
    try:
        began = time.monotonic()
        again.start_thinking(reader)
        assert await asyncio.to_thread(reader.full.wait, 30)
        assert reader.read["k:b"] < reader.read["k:a"]  # whoever waits behind nobody is not kept waiting
        assert reader.read["k:a"] - began >= CALM_S
    finally:
        await asyncio.to_thread(again.close)
