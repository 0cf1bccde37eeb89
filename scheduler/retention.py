"""Once an hour: every step of forgetting, until it has nothing left, a bite at a time between other people's work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from storage import retention

if TYPE_CHECKING:
    from storage.db import Store

log = structlog.get_logger("retention")
BREATH_S: Final = 0.02  # after each bite: whoever waits for the database goes first


async def tidy(store: Store) -> int:
    """How much was looked at. Any number of processes may do it: each bite is a unit of its own."""
    total = 0
    for name, step in retention.STEPS:
        done = 0
        while count := await store.run(step):
            done += count
            await asyncio.sleep(BREATH_S)
        if done:
            log.info("retention.done", step=name, count=done)
        total += done
    return total
