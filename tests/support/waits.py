"""Waiting for what will come: for a condition, asked again and again, never for so many seconds or rounds."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from storage.db import Store

PATIENCE: Final = 60.0  # seconds: a machine may be busy with other things, and only what never comes waits so long
NEW: Final = "SELECT 1 AS one FROM inbox_event WHERE state = 'new'"
LEAVING: Final = "SELECT 1 AS one FROM outbox WHERE state IN ('queued', 'sending')"


async def until(
    find: Callable[[], Any], what: str = "what was waited for", *, patience: float = PATIENCE, pause: float = 0.02
) -> Any:
    """What `find` (a coroutine function, or a function) comes up with at last."""
    now = asyncio.get_running_loop().time
    end = now() + patience
    while True:
        found = find()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert now() < end, f"it never came: {what}"
        await asyncio.sleep(pause)


async def thought(store: Store) -> None:
    """Until no event is left to think about."""
    await until(lambda: _none(store, NEW), "every event is thought about", pause=0.01)


async def rest(store: Store, *, also: Callable[[], object] = lambda: True) -> None:
    """Until nothing is left to think or to send, and `also`."""

    async def nothing() -> bool:
        return bool(await _none(store, f"{NEW} UNION ALL {LEAVING}") and also())

    await until(nothing, "rest", pause=0.01)


async def _none(store: Store, rows: str) -> bool:
    """Asked in one statement: of two, each sees the tables of its own moment."""
    return await store.read(lambda tx: tx.one(f"SELECT 1 FROM ({rows}) AS left_over LIMIT 1")) is None
