"""A backup is made while the gateway goes on: what waits is done between its steps, and the copy is sound."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway import backup
from storage import accounts
from storage.db import Store
from storage.inbox import Arrival
from storage.keys import KeyRing
from tests.storage.conftest import ACCOUNT


async def test_events_are_taken_in_the_middle_of_a_backup(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'gateway.db'}", KeyRing.ephemeral())
    await asyncio.to_thread(store.open)
    store.attach(asyncio.get_running_loop())
    await store.run(lambda tx: accounts.ensure(tx, [(ACCOUNT, "telegram", "main")]))
    for number in range(40):
        await store.ingest(
            [
                Arrival(account_id=ACCOUNT, key=f"a:{number}:{n}", kind="text", thread="t", body=os.urandom(3000))
                for n in range(20)
            ]
        )
    target = tmp_path / "copy.db"
    steps = 0

    def copy(connection: Any, between: Callable[[], None]) -> None:
        def step() -> None:
            nonlocal steps
            steps += 1
            between()

        backup.copy(connection, target, between=step)

    copying = asyncio.create_task(store.copy(copy))
    during = 0
    while not copying.done():
        during += sum(
            await store.ingest([Arrival(account_id=ACCOUNT, key=f"b:{during}", kind="text", thread="t", body=b"{}")])
        )
    await copying
    await asyncio.to_thread(store.close)
    assert steps > 1
    assert during > 0
    backup.check(target)
    with sqlite3.connect(target) as connection:
        assert connection.execute("SELECT COUNT(*) FROM inbox_event WHERE key LIKE 'a:%'").fetchone() == (800,)
    connection.close()
