"""What runs many times a second finds its rows by an index: it must not become slower with all that was ever sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage import inbox, outbox, turns
from storage.db import Store
from storage.keys import KeyRing
from storage.outbox import Outcome, SendJob
from storage.tx import Tx
from tests.support import tables

JOB = SendJob(
    id="o",
    account_id="telegram:main",
    point_id="p",
    conversation_id="c",
    message_id="m",
    klass="A",
    attempts=0,
    not_after=None,
    created_at=0,
    body={},
)
UNITS: dict[str, Callable[[Tx], Any]] = {
    "load": lambda tx: turns.load(tx, ["p", "q"]),
    "open lanes": inbox.open_lanes,
    "record": lambda tx: outbox.record(tx, [Outcome(job=JOB, state="sent", external_id="1", started_at=1, took_ms=1)]),
    "claim of lanes": lambda tx: outbox.claim(tx, points=["p", "q"]),
    "claim of an account": lambda tx: outbox.claim(tx, accounts=["telegram:main"]),
    "cancel": lambda tx: outbox.cancel(tx, "c", reason="x"),
    "cancel of purposes": lambda tx: outbox.cancel(tx, "c", reason="x", purposes=["ads"]),
    "sweep": outbox.sweep,
    "stuck": lambda tx: outbox.recover(tx, idempotent=["telegram:main"], stuck=True),
    "recover": lambda tx: outbox.recover(tx, idempotent=["telegram:main"]),
}


@pytest.mark.parametrize("name", UNITS)
async def test_nothing_reads_a_whole_table(name: str, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/g.sqlite3", KeyRing.ephemeral())
    tables.lay(store)
    await asyncio.to_thread(store.open)
    said: list[str] = []

    def watched(tx: Tx) -> None:
        tx.raw.set_trace_callback(said.append)
        UNITS[name](tx)
        tx.raw.set_trace_callback(None)

    await store.run(watched)
    plans = await store.read(
        lambda tx: {sql: [row[-1] for row in tx.raw.execute(f"EXPLAIN QUERY PLAN {sql}")] for sql in said}
    )
    await asyncio.to_thread(store.close)
    assert plans
    scans = [
        (sql, step) for sql, steps in plans.items() for step in steps if step.startswith("SCAN") and "INDEX" not in step
    ]
    assert not scans
