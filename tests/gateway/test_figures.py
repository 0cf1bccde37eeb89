"""The figures of /metrics from real tables, on every database."""

from __future__ import annotations

import asyncio
import time

from gateway.figures import _read, floor
from gateway.metrics import Figures, Metrics
from storage import accounts
from storage.db import Store
from storage.ids import new_id
from storage.keys import KeyRing


def test_the_floor_of_ids() -> None:
    now = time.time_ns() // 1_000_000
    made = new_id()
    assert floor(now - 1) < made
    assert floor(now + 1000) > made


async def test_empty_tables_on_every_database(database_url: str) -> None:
    store = Store(database_url, KeyRing.ephemeral())
    await asyncio.to_thread(store.open)
    store.attach(asyncio.get_running_loop())
    try:
        await store.run(lambda tx: accounts.ensure(tx, [("telegram:main", "telegram", "main")]))
        now_ms = time.time_ns() // 1_000_000
        found = Figures(**await store.read(lambda tx: _read(tx, now_ms)))
    finally:
        await asyncio.to_thread(store.close)
    assert found == Figures(
        outbox=dict.fromkeys(("queued", "sending", "retry_wait", "unknown", "unconfirmed"), 0),
        accounts={"telegram:main": "ok"},
    )
    metrics = Metrics()
    metrics.take(found)
    assert b'gateway_outbox{state="unconfirmed"} 0.0' in metrics.text()
