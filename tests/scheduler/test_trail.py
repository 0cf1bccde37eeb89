"""The audit chain is looked at by itself: when, what it is known to be, and without keeping anybody waiting."""

from __future__ import annotations

import asyncio

from gateway.figures import _read
from gateway.metrics import Figures
from scheduler import trail
from storage import audit
from storage.tx import Tx
from tests.support.shop import DAY_MS, HOUR_MS, Shop


def acts(count: int, tx: Tx) -> None:
    for number in range(count):
        audit.write(tx, actor="a", action="test", object_id=str(number))


async def chained(shop: Shop, count: int) -> None:
    await shop.store.run(lambda tx: acts(count, tx))
    while await shop.store.run(audit.chain):
        pass


def forge(seq: int, tx: Tx) -> None:
    """As somebody with the database's file would."""
    tx.run(
        "DROP TRIGGER IF EXISTS audit_entry_guard ON audit_entry"
        if tx.postgres
        else "DROP TRIGGER IF EXISTS audit_entry_fixed"
    )
    assert tx.run("UPDATE audit_entry SET actor = 'somebody else' WHERE chain_seq = :seq", seq=seq)


async def told(shop: Shop) -> tuple[float | None, bool]:
    found = Figures(**await shop.store.read(lambda tx: _read(tx, shop.ms)))
    return found.audit_age_s, found.audit_broken


async def test_the_age_is_that_of_the_last_whole_walk(shop: Shop) -> None:
    await chained(shop, 5)
    assert await told(shop) == (None, False)
    await trail.begin(shop.store)
    assert await told(shop) == (None, False), "the last part says nothing of the whole"
    await trail.daily(shop.store)
    assert await told(shop) == (0, False)
    shop.ms += DAY_MS - HOUR_MS
    await trail.daily(shop.store)
    assert await told(shop) == (23 * 3600, False), "once a day is enough"
    shop.ms += HOUR_MS
    await trail.daily(shop.store)
    assert await told(shop) == (0, False)


async def test_a_forged_entry_is_found_and_stays_known(shop: Shop) -> None:
    await chained(shop, 450)
    assert (await trail.verify(shop.store)).checked == 450
    await shop.store.run(lambda tx: forge(321, tx))
    shop.ms += HOUR_MS
    walked = await trail.verify(shop.store)
    assert (walked.broken, walked.checked) == (321, 320)
    assert await told(shop) == (3600, True), "the age goes on from when it last held"
    shop.ms += HOUR_MS
    assert (await trail.verify(shop.store, last=100)).broken is None
    assert await told(shop) == (7200, True), "a part that holds takes nothing back"


async def test_a_start_finds_what_was_done_to_the_last_entries(shop: Shop) -> None:
    await chained(shop, 1100)
    await shop.store.run(lambda tx: forge(1050, tx))
    await trail.begin(shop.store)
    assert await told(shop) == (None, True)


async def test_a_long_chain_is_walked_between_other_peoples_work(shop: Shop) -> None:
    await chained(shop, 2000)
    walking = asyncio.create_task(trail.verify(shop.store))
    done = 0
    while not walking.done():
        await shop.store.run(lambda tx: None)
        done += 1
    assert (await walking).checked == 2000
    assert done >= 5, "one read of everything lets at most one or two through"
