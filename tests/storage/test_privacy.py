"""Data-subject requests in the tables: clocks that ring once, for whoever is due."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from gateway.lawclocks import LawClocks
from handlers.rights import ALARMS
from storage import people, privacy, privacy_clocks
from storage.db import Store
from storage.tx import Tx
from tests.storage.conftest import Hand
from tests.support.shop import Shop

DAY_MS = 86_400_000


def asked(tx: Tx, days: int = 10, *, received: int = 0, **more: Any) -> str:
    """Of somebody new, received `received` days ago, due `days` after that."""
    since = tx.now_ms - received * DAY_MS
    values: dict[str, Any] = {
        "contact_id": more.pop("contact_id", "") or people.newcomer(tx, name="Lan", phones=[], emails=[], source="x"),
        "conversation_id": None, "kind": "access", "code": "", "source": "desk", "way": "phone", "words": "",
        "received_at": since, "ack_due_at": since + 2 * DAY_MS, "due_at": since + days * DAY_MS, "acknowledged_at": since,
        "by": "x", **more,
    }  # fmt: skip
    return privacy.add(tx, **values)


CLOCKS = (  # days since it came in, was he answered, what has rung, days from then to an extension, does it ring
    (4, True, "", 0, False),
    (5, True, "", 0, True),
    (5, True, "half", 0, False),
    (8, True, "half", 0, True),
    (8, True, "half near", 0, False),
    (10, True, "near", 0, False),
    (11, True, "near", 0, True),
    (11, True, "near over", 0, False),
    (11, True, "near over", 1, True),
    (3, False, "", 0, True),
    (3, False, "unanswered", 0, False),
    (9, False, "unanswered", 0, True),
    (9, False, "near", 0, True),
    (9, False, "near unanswered", 0, False),
)


async def test_only_what_has_not_rung_rings(store: Store) -> None:
    def unit(tx: Tx) -> None:
        person = people.newcomer(tx, name="Lan", phones=[], emails=[], source="x")
        made = {}
        for received, answered, rung, extended, rings in CLOCKS:
            more: dict[str, Any] = {} if answered else {"acknowledged_at": None}
            one = asked(tx, received=received, contact_id=person, **more)
            for alarm in rung.split():
                privacy.write_step(tx, one, person, f"alarm_{alarm}", "", "", "system", {})
            if extended:
                later = tx.now_ms + extended * DAY_MS
                tx.run("UPDATE privacy_request SET extended_at = :at WHERE id = :id", at=later, id=one)
            made[one] = rings
        found = {each.id for each in privacy_clocks.ringing(tx, ALARMS)}
        assert {one: one in found for one in made} == made

    await store.run(unit)


async def test_what_rang_long_ago_is_in_nobodys_way(store: Store, hand: Hand) -> None:
    def fill(tx: Tx) -> None:
        person = people.newcomer(tx, name="Lan", phones=[], emails=[], source="x")
        for _ in range(4):
            late = asked(tx, received=20, contact_id=person)
            privacy.write_step(tx, late, person, "alarm_over", "", "", "system", {})
        asked(tx, received=5, contact_id=person)
        asked(tx, received=8, contact_id=person)

    await store.run(fill)
    assert await store.read(lambda tx: privacy_clocks.counts(tx, near=0.8)) == (6, 1, 4)
    seen = await store.run(lambda tx: privacy_clocks.ringing(tx, ALARMS, limit=2))
    assert [hand.ms - one.received_at for one in seen] == [8 * DAY_MS, 5 * DAY_MS]


async def test_two_processes_ring_once(pg_url: str) -> None:
    one = await Shop(pg_url).open()
    two = await Shop(pg_url, keys=one.keys).open()
    try:
        await one.store.run(lambda tx: asked(tx, received=8))
        looks = [LawClocks(cast("Any", SimpleNamespace(store=shop.store))) for shop in (one, two)]
        rang: list[list[str]] = []

        def first(tx: Tx) -> None:
            rang.append(looks[0]._ring(tx))
            rang.append(asyncio.run_coroutine_threadsafe(two.store.run(looks[1]._ring), loop).result(30))

        loop = asyncio.get_running_loop()
        await one.store.run(first)
        rang.append(await two.store.run(looks[1]._ring))
        assert rang == [["near"], [], []]
    finally:
        await two.close()
        await one.close()
