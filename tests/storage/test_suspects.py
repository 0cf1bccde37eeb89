"""After a death the turns that were open are suspects: whoever was at hand is counted, the others must not pay for it."""

from __future__ import annotations

from storage import inbox
from storage.db import Store
from storage.inbox import MAX_DEATHS, Arrival
from tests.storage.conftest import ACCOUNT, Hand


async def arrived(store: Store, hand: Hand, *threads: str) -> None:
    await store.ingest(
        [Arrival(account_id=ACCOUNT, key=f"k:{one}", kind="text", thread=one, body=b"{}") for one in threads]
    )
    hand.ms += 1000


async def dies(store: Store) -> str:
    """A start that counts a try of its first suspect and dies with it in hand; whose event that was."""

    def boot(tx: inbox.Tx) -> str:
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
