"""The inbox: once, in order, counted, committed before it is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from channels.contract import Kind
from storage import inbox
from storage.db import Store
from storage.errors import StorageUnavailable
from storage.inbox import Arrival
from storage.tx import Tx
from tests.storage.conftest import ACCOUNT


def arrival(key: str, thread: str = "t1", body: bytes = b"{}", **more: Any) -> Arrival:
    return Arrival(account_id=ACCOUNT, key=key, kind="text", thread=thread, body=body, **more)


def stat(tx: Tx) -> dict[str, int]:
    row = tx.one("SELECT * FROM account_stat WHERE account_id = :id", id=ACCOUNT)
    assert row is not None
    return {name: getattr(row, name) for name in inbox.STATS}


def sums_hold(counts: dict[str, int]) -> bool:
    events = counts["messages"] + counts["receipts"] + counts["ignored"] + counts["quarantined"] + counts["pending"]
    return (
        counts["deliveries"] == counts["duplicates"] + counts["rejected"] + counts["events"]
        and counts["events"] == events
    )


async def test_an_event_is_stored_once_whatever_comes_again(store: Store) -> None:
    first = await store.ingest([arrival("u:1"), arrival("u:2"), arrival("u:1")])
    again = await asyncio.gather(*(store.ingest([arrival("u:1"), arrival("u:2")]) for _ in range(8)))
    assert first == [True, True, False]
    assert again == [[False, False]] * 8
    counts = await store.read(stat)
    assert (counts["events"], counts["duplicates"], counts["deliveries"]) == (2, 17, 19)
    assert sums_hold(counts)


async def test_order_in_a_lane_is_the_order_of_arrival(store: Store) -> None:
    for number in range(6):
        await store.ingest([arrival(f"u:{number}", thread=f"t{number % 2}")])
    await store.ingest([arrival("u:6", "t0"), arrival("u:7", "t0"), arrival("u:8", "t1")])
    rows = await store.read(
        lambda tx: tx.all(
            "SELECT p.thread, e.seq, e.key FROM inbox_event e JOIN contact_point p ON p.id = e.point_id ORDER BY p.thread, e.seq"
        )
    )
    assert [tuple(row) for row in rows if row.thread == "t0"] == [
        ("t0", 1, "u:0"),
        ("t0", 2, "u:2"),
        ("t0", 3, "u:4"),
        ("t0", 4, "u:6"),
        ("t0", 5, "u:7"),
    ]
    assert [row.seq for row in rows if row.thread == "t1"] == [1, 2, 3, 4]


async def test_only_his_own_word_opens_a_window(store: Store) -> None:
    kinds = [kind.value for kind in Kind if kind is not Kind.IGNORED]
    for kind in kinds:
        await store.ingest([replace(arrival(f"u:{kind}", thread=kind), kind=kind)])
    rows = await store.read(lambda tx: tx.all("SELECT thread FROM contact_point WHERE last_inbound_at IS NOT NULL"))
    silent = {"unfollow", "edit", "retract", "system", "receipt", "echo"}
    assert {row.thread for row in rows} == set(kinds) - silent


HOUR = 3_600_000
# the platform's times in the order they came, hours ago, None = untold -> his last act
ACTS: list[tuple[list[int | None], int]] = [
    ([None], 0),
    ([0], 0),
    ([2 * 24], 2 * 24),
    ([8 * 24], 0),  # no platform is so late: a sample, or a clock that is wrong
    ([-5], 0),
    ([2 * 24, 1], 1),
    ([1, 2 * 24], 1),
    ([1, None], 0),
    ([-5, 1], 0),
]


async def test_a_window_counts_from_his_act(store: Store) -> None:
    now = int(await store.run(lambda tx: tx.now_ms))
    for number, (told, _) in enumerate(ACTS):
        for how in ("together", "singly"):
            thread = f"{how}{number}"
            came = [
                replace(arrival(f"{thread}:{n}", thread), said_ms=0 if ago is None else now - ago * HOUR)
                for n, ago in enumerate(told)
            ]
            for each in [came] if how == "together" else [[one] for one in came]:
                await store.ingest(each)
    found = await store.read(lambda tx: tx.all("SELECT thread, last_inbound_at FROM contact_point"))
    assert {row.thread: round((now - row.last_inbound_at) / HOUR) for row in found} == {
        f"{how}{number}": ago for number, (_, ago) in enumerate(ACTS) for how in ("together", "singly")
    }


async def test_same_key_with_another_body_keeps_both(store: Store) -> None:
    await store.ingest([arrival("u:1", body=b"one")])
    assert await store.ingest([arrival("u:1", body=b"two")]) == [False]
    kept = await store.read(lambda tx: tx.all("SELECT id, day, body_sealed FROM inbound_conflict"))
    assert len(kept) == 1
    assert (await store.read(lambda tx: inbox.body(tx, kept[0].id, kept[0].day, kept[0].body_sealed))) == b"two"


async def test_a_body_is_sealed_and_opens_only_in_its_place(store: Store) -> None:
    await store.ingest([arrival("u:1", body="số 0912345678".encode()), arrival("u:2", body=b"other")])
    rows = await store.read(lambda tx: tx.all("SELECT id, day, body_sealed FROM inbox_event ORDER BY seq"))
    assert b"0912345678" not in bytes(rows[0].body_sealed)
    assert (
        await store.read(lambda tx: inbox.body(tx, rows[0].id, rows[0].day, rows[0].body_sealed))
        == "số 0912345678".encode()
    )
    with pytest.raises(Exception, match="another place"):
        await store.read(lambda tx: inbox.body(tx, rows[0].id, rows[0].day, rows[1].body_sealed))


async def test_refused_posts_are_counted_as_deliveries(store: Store) -> None:
    await store.run(lambda tx: inbox.reject(tx, {ACCOUNT: 3}))
    counts = await store.read(stat)
    assert (counts["deliveries"], counts["rejected"]) == (3, 3)
    assert sums_hold(counts)


async def test_ignored_and_quarantined_are_counted_and_wake_nobody(store: Store) -> None:
    await store.ingest(
        [arrival("u:1", "", state="ignored"), arrival("u:2", "", state="quarantined", reason="unreadable")]
    )
    counts = await store.read(stat)
    assert (counts["ignored"], counts["quarantined"], counts["pending"]) == (1, 1, 0)
    assert sums_hold(counts)
    assert len(store.lanes) == 0


async def test_one_bad_unit_fails_alone(store: Store) -> None:
    def bad(tx: Tx) -> None:
        tx.run("INSERT INTO setting (name, value, updated_at) VALUES ('bad', '', 0)")
        raise ValueError("mine")

    good = [
        store.run(
            lambda tx, n=n: tx.run("INSERT INTO setting (name, value, updated_at) VALUES (:n, '', 0)", n=f"good{n}")
        )
        for n in range(5)
    ]
    results = await asyncio.gather(
        *good[:2], store.run(bad), *good[2:], store.ingest([arrival("u:1")]), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, int, ValueError, int, int, int, list]
    names = await store.read(
        lambda tx: [
            row[0] for row in tx.all("SELECT name FROM setting WHERE name LIKE 'good%' OR name = 'bad' ORDER BY name")
        ]
    )
    assert names == [f"good{n}" for n in range(5)]


async def test_an_event_that_cannot_be_bound_does_not_take_its_neighbours_down(store: Store) -> None:
    broken = arrival("u:2", thread="t\x00" if store.postgres else "t2")
    if not store.postgres:
        broken = Arrival(account_id=ACCOUNT, key="u:2", kind=object(), thread="t2", body=b"{}")  # type: ignore[arg-type]
    results = await asyncio.gather(
        store.ingest([arrival("u:1")]), store.ingest([broken]), store.ingest([arrival("u:3")]), return_exceptions=True
    )
    assert results[0] == [True]
    assert results[2] == [True]
    assert isinstance(results[1], Exception)


async def test_after_close_nothing_is_taken(store: Store) -> None:
    await asyncio.to_thread(store.close)
    with pytest.raises(StorageUnavailable):
        await store.ingest([arrival("u:1")])


async def test_an_advisor_sees_each_word_as_it_comes(store: Store) -> None:
    await store.ingest([arrival("u:1", wait_ms=60_000), arrival("u:2", "t2", wait_ms=60_000)])

    def taken(tx: Tx) -> None:
        point = tx.value("SELECT id FROM contact_point WHERE thread = 't1'")
        tx.insert(
            "conversation", id="c1", point_id=point, contact_id="k1", account_id=ACCOUNT, channel="telegram",
            stage="with_advisor", status="with_advisor", labels="[]", test=False, lang="vi", version=1, outcome="",
            opened_at=tx.now_ms, last_message_at=tx.now_ms, changed_at=tx.now_ms, seen_seq=0,
        )  # fmt: skip

    await store.run(taken)
    await store.ingest([arrival("u:3", wait_ms=60_000), arrival("u:4", "t2", wait_ms=60_000)])
    waits = await store.read(
        lambda tx: tx.all("SELECT key, due_at - received_at AS wait FROM inbox_event ORDER BY key")
    )
    assert [row.wait for row in waits if row.key != "u:1"] == [60_000, 0, 60_000]
