"""Credentials that change with every use, on both databases: one of many uses a token, and no pair takes the place of a
newer one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from channels.contract import Account
from channels.house import NEEDS_CONSENT
from channels.http import Http
from channels.zalo.client import ZaloClient
from gateway.demo.standins.zalo import FakeZalo, drop
from gateway.house import OurHouse
from storage import credentials
from storage.db import Store
from tests.storage.conftest import Hand

OA = "zalo:oa"


async def load(store: Store, first: str = "first") -> credentials.Pair:
    return await store.run(lambda tx: credentials.load(tx, OA, first=first))


async def claim(store: Store, generation: int) -> bool:
    return await claim_as_seen(store, generation, await load(store))


async def claim_as_seen(store: Store, generation: int, seen: credentials.Pair) -> bool:
    return await store.run(
        lambda tx: credentials.claim(tx, OA, generation, state=seen.state, changed_at=seen.changed_at, stale_ms=60_000)
    )


async def rotate(store: Store, generation: int, name: str) -> bool:
    return await store.run(
        lambda tx: credentials.rotate(tx, OA, generation, access=f"a{name}", refresh=f"r{name}", expires_at=9)
    )


async def settle(store: Store, generation: int, state: str) -> None:
    await store.run(lambda tx: credentials.settle(tx, OA, generation, state, "why"))


async def test_one_claims_and_only_the_next_generation_counts(store: Store) -> None:
    first = await load(store)
    assert (first.generation, first.state, first.access, first.refresh) == (0, "active", "", "first")
    assert await claim(store, 0)
    assert not await claim(store, 0)
    assert await rotate(store, 0, "1")
    assert not await rotate(store, 0, "late")
    assert not await claim(store, 0)
    pair = await load(store)
    assert (pair.generation, pair.state, pair.access, pair.refresh, pair.expires_at) == (1, "active", "a1", "r1", 9)


async def test_a_claim_that_died_is_taken_over(store: Store, hand: Hand) -> None:
    await load(store)
    assert await claim(store, 0)
    hand.ms += 59_000
    assert not await claim(store, 0)
    hand.ms += 1_000
    assert await claim(store, 0)


async def test_a_claim_on_an_older_sight_of_the_row_is_none(store: Store, hand: Hand) -> None:
    """Two see a flight that died; one takes it over and is refused before the other asks: the token is not used again."""
    await load(store)
    await claim(store, 0)
    hand.ms += 60_000
    seen = await load(store)
    assert await claim_as_seen(store, 0, seen)
    await settle(store, 0, NEEDS_CONSENT)
    assert not await claim_as_seen(store, 0, seen)
    assert (await load(store)).state == NEEDS_CONSENT


async def test_a_pair_that_did_come_wins_over_the_mark_that_it_was_lost(store: Store) -> None:
    await load(store)
    await claim(store, 0)
    await settle(store, 0, NEEDS_CONSENT)
    assert (await load(store)).reason == "why"
    assert await rotate(store, 0, "1")
    assert (await load(store)).state == "active"
    await settle(store, 1, NEEDS_CONSENT)  # nobody had claimed it
    assert (await load(store)).state == "active"


async def test_a_token_that_a_person_puts_into_the_configuration_begins_anew(store: Store) -> None:
    await load(store)
    await rotate(store, 0, "1")
    assert (await load(store)).refresh == "r1"
    again = await load(store, "another")
    assert (again.generation, again.access, again.refresh) == (2, "", "another")
    assert (await load(store, "another")).generation == 2


async def test_nothing_is_stored_in_the_clear(store: Store) -> None:
    await load(store)
    await rotate(store, 0, "secret-pair")
    row = await store.read(lambda tx: tx.one("SELECT * FROM credential"))
    assert row is not None
    assert b"secret-pair" not in b"".join(bytes(value) for value in row if isinstance(value, (bytes, memoryview)))
    assert "secret-pair" not in repr(await load(store))


class Half:
    """As much of the gateway's parts as a house needs."""

    def __init__(self, store: Store, ms: Hand) -> None:
        self.store = store
        self.clock = self
        self.ms = ms


async def _shortly(_seconds: float) -> None:
    await asyncio.sleep(0.005)


@pytest.fixture
async def processes(store: Store, database_url: str, hand: Hand) -> AsyncIterator[list[Store]]:
    """Eight workers: on PostgreSQL four processes of two, on SQLite, which has one process, eight in it."""
    if not store.postgres:
        yield [store] * 8
        return
    others = [Store(database_url, store.keys, now_ms=hand) for _ in range(3)]
    for other in others:
        await asyncio.to_thread(other.open)
        other.attach(asyncio.get_running_loop())
    yield [store, *others] * 2
    for other in others:
        await asyncio.to_thread(other.close)


@pytest.mark.parametrize("lost", [False, True])
async def test_eight_workers_use_a_refresh_token_once(processes: list[Store], hand: Hand, lost: bool) -> None:
    fake = FakeZalo()
    async with fake.running() as url:
        account = Account(
            channel="zalo",
            name="oa",
            settings={
                "app_id": fake.app_id,
                "oa_id": fake.oa_id,
                "app_secret": fake.app_secret,
                "refresh_token": fake.grants.first(),
                "api_url": url,
                "oauth_url": url,
                "zbs_url": url,
            },
        )
        clients = []
        for store in processes:
            store.gates.configure(OA, rate=0, chat_rate=0)
            client = ZaloClient(account, oauth=Http(url, connect_s=60, total_s=120, idle_s=120))
            client.attach(OurHouse(Half(store, hand), OA))  # type: ignore[arg-type]
            # who waits in vain need not wait long; who waits for another's token waits however slow the machine is
            client.tokens._pause = _shortly if lost else asyncio.sleep
            clients.append(client)
        if lost:
            fake.next(drop(accepted=True), path="/v4/oa/access_token")
        tokens = await asyncio.gather(*(client.tokens.current() for client in clients), return_exceptions=lost)
        if lost:
            assert all(isinstance(token, Exception) for token in tokens)
            hand.ms += 61_000
            await asyncio.gather(*(client.tokens.current() for client in clients), return_exceptions=True)
            row = await load(processes[0], account.get("refresh_token"))
            assert row.state == NEEDS_CONSENT
            assert any("consent" in client.trouble for client in clients)
        else:
            assert len(set(tokens)) == 1
        assert sum(call.path.startswith("/v4/") for call in fake.calls) == 1 + lost
        assert len(fake.grants.reused) == int(lost)
        for client in clients:
            await client.close()
