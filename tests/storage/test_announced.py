"""What happens is told outside at least once, in order where that is possible, one subscription undisturbed by another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import announced, announcements, subscriptions
from storage.announced import IN_ORDER, KEPT_MS, LEASE_MS, Telling, Told
from storage.db import Store
from storage.keys import KeyRing
from storage.tx import Tx
from tests.storage.conftest import Hand
from tests.support import tables

ALL = subscriptions.TYPES


async def subscribe(store: Store, name: str = "crm", *, types: tuple[str, ...] = ALL) -> str:
    secret = subscriptions.new_secret()
    return await store.run(
        lambda tx: subscriptions.add(
            tx, secret, url=f"https://{name}.example.com/", name=name, types=types, include=(), owner_id="a", by="a"
        )
    )


async def happen(store: Store, *lanes: str, type_: str = "policy.issued") -> None:
    """One announcement a lane, in this order."""
    await store.run(
        lambda tx: announcements._note(
            tx, [announcements._announcement(type_, f"about {lane}", lane, {"id": lane}) for lane in lanes]
        )
    )


async def claim(store: Store, **more: Any) -> list[Telling]:
    return await store.run(lambda tx: announced.due(tx, room=more.get("room", 4), busy=more.get("busy", {})))


async def end(store: Store, telling: Telling, state: str = "done", **more: Any) -> None:
    told = Told(telling=telling, state=state, started_at=store.now_ms(), took_ms=7, **more)
    await store.run(lambda tx: announced.record(tx, told))


def lanes(found: list[Telling]) -> list[str]:
    return [one.about.removeprefix("about ") for one in found]


async def rows(store: Store, sql: str) -> list[Any]:
    return list(await store.read(lambda tx: [tuple(row) for row in tx.all(sql)]))


async def test_where_nobody_listens_nothing_is_noted(store: Store) -> None:
    assert not store.listening.anybody
    gone = await subscribe(store, types=("care.answered",))
    assert store.listening.anybody
    await happen(store, "p1")
    assert await rows(store, "SELECT * FROM announcement") == []  # nobody asked for this type
    await store.run(lambda tx: subscriptions.change(tx, gone, by="a", enabled=False))
    await store.run(subscriptions.look)
    assert not store.listening.anybody


async def test_what_happens_in_one_millisecond_has_an_order(store: Store) -> None:
    await subscribe(store)

    def unit(tx: Tx) -> None:
        for number in range(200):
            announcements._note(tx, [announcements._announcement("policy.issued", f"{number:03}", "p", {})])

    await store.run(unit)
    told = await rows(store, "SELECT about, id FROM announcement ORDER BY id")
    assert [about for about, _ in told] == [f"{number:03}" for number in range(200)]
    assert {len(id_) for _, id_ in told} == {26}


async def test_each_is_claimed_once_and_a_lane_keeps_its_order(store: Store) -> None:
    await subscribe(store)
    await happen(store, "p1", "p1", "p2")
    first = await claim(store)
    assert lanes(first) == ["p1", "p2"]
    assert await claim(store) == []
    await end(store, first[0])
    (second,) = await claim(store)
    assert (lanes([second]), second.id > first[0].id) == (["p1"], True)
    assert second.secrets
    assert second.url == "https://crm.example.com/"


async def test_the_next_goes_on_when_the_one_before_is_past_its_quick_tries(store: Store, hand: Hand) -> None:
    await subscribe(store)
    await happen(store, "p1", "p1")
    for number in range(1, IN_ORDER + 1):
        (one,) = await claim(store)
        assert one.number == number
        await end(store, one, "waiting", next_at=hand.ms + 5000)
        hand.ms += 5000
    found = await claim(store)  # one only: it fails
    assert [each.number for each in found] == [IN_ORDER + 1]
    await end(store, found[0], "waiting", next_at=hand.ms + 3_600_000)
    assert [each.number for each in await claim(store)] == [1]


async def test_what_waits_behind_many_that_wait_is_reached(
    store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announced, "FAR", 2)
    await subscribe(store)
    await happen(store, *["p1"] * 6, "p2")
    (one,) = await claim(store)
    await end(store, one, "waiting", next_at=hand.ms + 5000)
    assert await claim(store) == []
    hand.ms += 5000
    (again,) = await claim(store)
    assert (again.id, again.number) == (one.id, 2)
    await end(store, again)
    said = []
    while found := await claim(store):
        said += lanes(found)
        for each in found:
            await end(store, each)
    assert said == ["p1", "p1", "p1", "p1", "p2", "p1"]


@pytest.mark.parametrize("kind", ["tried", "behind one"])
async def test_a_look_walks_through_no_backlog(kind: str, tmp_path: Path, hand: Hand) -> None:
    """Steps of the database's machine, at some rows and at six times as many."""

    async def steps(count: int) -> int:
        store = Store(f"sqlite:///{tmp_path}/{count}.sqlite3", KeyRing.ephemeral(), now_ms=hand)
        tables.lay(store)
        await asyncio.to_thread(store.open)
        store.attach(asyncio.get_running_loop())
        await subscribe(store)
        await happen(store, *(["p"] * count if kind == "behind one" else [f"p{number}" for number in range(count)]))
        (first, *_) = await claim(store, room=1)
        await end(store, first, "waiting", next_at=hand.ms + 5000)
        if kind == "tried":
            await store.run(lambda tx: tx.run("UPDATE announced SET attempts = 4, next_at = :at", at=hand.ms + 5000))
        await happen(store, "p", type_="care.answered")
        ticks = []

        def look(tx: Tx) -> None:
            tx.raw.set_progress_handler(lambda: ticks.append(1), 10)
            announced.due(tx, room=4, busy={})
            tx.raw.set_progress_handler(None, 0)

        await store.run(look)
        await asyncio.to_thread(store.close)
        return len(ticks)

    few, many = await steps(announced.FAR + 100), await steps(6 * (announced.FAR + 100))
    assert many < 1.5 * few + 100, (few, many)


async def test_what_a_killed_process_was_telling_is_told_again_by_the_same_id(store: Store, hand: Hand) -> None:
    await subscribe(store)
    await happen(store, "p1")
    (one,) = await claim(store)
    other = Store(store.url, store.keys, now_ms=hand)
    if store.postgres:  # another process at its side
        await asyncio.to_thread(other.open)
        other.attach(asyncio.get_running_loop())
        assert await other.run(announced.recover) == 0
        assert await claim(other) == []
        hand.ms += LEASE_MS
        (again,) = await claim(other)
    else:  # SQLite: its one process was killed, and starts anew
        await asyncio.to_thread(store.close, clean=False)
        await asyncio.to_thread(other.open)
        other.attach(asyncio.get_running_loop())
        assert await other.run(announced.recover) == 1
        (again,) = await claim(other)
    assert (again.id, again.number) == (one.id, 2)
    if store.postgres:
        await end(store, one)  # the one who was slow says so, too late: it is another's
        assert await rows(other, "SELECT state FROM announced") == [("calling",)]
    await end(other, again)
    assert await rows(other, "SELECT state, attempts FROM announced") == [("done", 2)]
    await asyncio.to_thread(other.close)


async def test_one_that_hangs_or_fails_holds_nobody_else(store: Store, hand: Hand) -> None:
    slow, quick = await subscribe(store, "slow"), await subscribe(store, "quick")
    await happen(store, *[f"p{number}" for number in range(6)])
    found = await claim(store)
    assert [one.subscription_id for one in found].count(slow) == 4
    more = await claim(store, busy={slow: 4, quick: 0})
    assert {one.subscription_id for one in more} == {quick}
    one = next(each for each in found if each.subscription_id == slow)
    await end(store, one, "waiting", next_at=hand.ms, rest_until=hand.ms + 60_000, status=429)
    assert await claim(store) == []  # it asked for a rest
    hand.ms += 60_000
    assert len([each for each in await claim(store) if each.subscription_id == slow]) == 1  # it fails: one at a time


async def test_gone_is_gone_until_somebody_switches_it_on(store: Store) -> None:
    key = await subscribe(store)
    await happen(store, "p1", "p2")
    one, other = await claim(store)
    await end(store, one, "failed", off="gone", status=410)
    await end(store, other, "waiting", off="gone", status=410)
    found = await store.read(lambda tx: subscriptions.one(tx, key))
    assert found is not None
    assert (found.enabled, found.reason) == (False, "gone")
    assert await claim(store) == []
    entries = await rows(store, "SELECT action FROM audit_entry WHERE action = 'webhook.off'")
    assert len(entries) == 1
    await store.run(lambda tx: subscriptions.change(tx, key, by="a", enabled=True))
    assert len(await claim(store)) == 1


async def test_the_log_and_telling_again(store: Store, hand: Hand) -> None:
    key = await subscribe(store)
    await happen(store, "p1", "p2", "p3")
    for one in await claim(store):
        await end(store, one, "failed", status=500, error="status", answer="x" * 5000)

    async def log(**more: Any) -> list[announced.Entry]:
        return (await store.read(lambda tx: announced.log(tx, key, **more)))[0]

    last = (await log())[0]
    assert (last.about, last.state, last.status, last.took_ms, len(last.answer)) == ("about p3", "failed", 500, 7, 1024)
    page, following = await store.read(lambda tx: announced.log(tx, key, limit=2))
    assert (len(page), following) == (2, page[-1].id)
    assert [each.about for each in await log(before=following)] == ["about p1"]
    assert await store.run(lambda tx: announced.again(tx, key, last.id, by="a"))
    assert [each.about for each in await log(state="waiting")] == ["about p3"]
    (one,) = await claim(store)
    assert (one.id, one.number) == (last.id, 1)
    assert not await store.run(lambda tx: announced.again(tx, key, last.id, by="a"))  # on its way
    await end(store, one)
    later = datetime.fromtimestamp((hand.ms + 1) / 1000, UTC)
    begun = datetime.fromtimestamp(hand.ms / 1000, UTC)
    assert await store.run(lambda tx: announced.failed_again(tx, key, since=later, by="a")) == 0
    assert await store.run(lambda tx: announced.failed_again(tx, key, since=begun, by="a")) == 2
    hand.ms += KEPT_MS + 1
    assert await store.run(announced.forget) == 3
    for table in ("announcement", "announced", "announced_try"):
        assert await rows(store, f"SELECT * FROM {table}") == []


async def test_a_secret_is_sealed_and_the_one_before_signs_for_a_day(store: Store, hand: Hand) -> None:
    key = await subscribe(store)
    (old,) = await store.read(lambda tx: subscriptions.signs_with(tx, key))
    new = subscriptions.new_secret()
    await store.run(lambda tx: subscriptions.rotate(tx, key, new, by="a"))

    def both(tx: Tx) -> list[str]:
        return subscriptions.signs_with(tx, key)

    assert await store.read(both) == [new, old]
    hand.ms += subscriptions.OVERLAP_MS
    assert await store.read(both) == [new]
    for (sealed,) in await rows(store, "SELECT secret_sealed FROM subscription"):
        assert new.encode() not in bytes(sealed)


async def test_what_a_unit_that_fails_had_noted_is_gone_with_it(store: Store) -> None:
    await subscribe(store)

    def unit(tx: Tx) -> None:
        announcements._note(tx, [announcements._announcement("policy.issued", "p", "p", {})])
        raise RuntimeError("after all")

    with pytest.raises(RuntimeError):
        await store.run(unit)
    assert await rows(store, "SELECT * FROM announcement") == []
    telling = replace(TELLING, subscription_id="nobody")
    await end(store, telling)  # a subscription that was removed meanwhile


TELLING = Telling(
    id="x",
    subscription_id="s",
    url="https://x.example.com",
    include=(),
    type="policy.issued",
    about="p",
    data="{}",
    at=0,
    number=1,
    failing_since=None,
    secrets=(),
    personal={},
)


async def test_two_processes_never_tell_the_same(store: Store, hand: Hand) -> None:
    if not store.postgres:
        pytest.skip("a SQLite file has one process")
    await subscribe(store)
    other = Store(store.url, store.keys, now_ms=hand)
    await asyncio.to_thread(other.open)
    other.attach(asyncio.get_running_loop())
    await happen(store, *[f"p{number % 20}" for number in range(60)])
    told: list[str] = []
    while True:
        found = await asyncio.gather(*(claim(one, room=8) for one in (store, other) * 3))
        if not any(found):
            break
        told += [each.id for one in found for each in one]
        for one, each in zip((store, other) * 3, found, strict=True):
            for telling in each:
                await end(one, telling)
    assert len(told) == len(set(told)) == 60
    await asyncio.to_thread(other.close)
