"""The audit chain is looked at by itself: when, what it is known to be, and without keeping anybody waiting."""

from __future__ import annotations

import asyncio

import pytest

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


def cut(left: int, tx: Tx) -> None:
    """The tail is gone."""
    tx.run("ALTER TABLE audit_entry DISABLE TRIGGER USER" if tx.postgres else "DROP TRIGGER IF EXISTS audit_entry_kept")
    assert tx.run("DELETE FROM audit_entry WHERE chain_seq > :left", left=left)


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


@pytest.mark.parametrize("left", [0, 3, 200], ids=["nothing", "a part", "a whole bite"])
async def test_a_cut_tail_is_found_whatever_is_added_after(shop: Shop, left: int) -> None:
    await chained(shop, left + 2)
    assert (await trail.verify(shop.store)).broken is None
    await shop.store.run(lambda tx: cut(left, tx))
    walked = await trail.verify(shop.store)
    assert (walked.broken, walked.checked) == (left + 1, left)
    await chained(shop, 2)
    await trail.verify(shop.store)
    assert await told(shop) == (0, True), "the chain that goes on does not hide it"


@pytest.mark.parametrize(
    "value", [None, '{"seq":3,"mac":"00"}', '{"seq":0,"mac":""}'], ids=["gone", "made up", "nought"]
)
async def test_the_seal_of_the_end_is_not_to_be_had_without_the_keys(shop: Shop, value: str | None) -> None:
    await chained(shop, 5)
    await shop.store.run(lambda tx: cut(3, tx))
    await shop.store.run(
        lambda tx: tx.run(
            "UPDATE setting SET value = COALESCE(:value, value), name = CASE WHEN :gone THEN 'x' ELSE name END WHERE name = 'audit_head'",
            value=value,
            gone=value is None,
        )
    )
    await chained(shop, 1)
    assert await told(shop) == (None, True), "who links the next entry sees it"
    assert (await trail.verify(shop.store)).broken == 4


async def test_a_long_chain_is_walked_between_other_peoples_work(shop: Shop) -> None:
    await chained(shop, 2000)
    walking = asyncio.create_task(trail.verify(shop.store))
    done = 0
    while not walking.done():
        await shop.store.run(lambda tx: None)
        done += 1
    assert (await walking).checked == 2000
    assert done >= 5, "one read of everything lets at most one or two through"
