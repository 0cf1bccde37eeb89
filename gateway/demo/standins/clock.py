"""The platform's clock: what it stamps messages with, and what its retries wait on."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time

from gateway.demo.standins.watch import Watch


class Clock:
    """Real time; `speed` compresses what the platform waits for (60: a minute of its retries takes a second)."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


class HandClock(Clock):
    """A clock that a test moves: sleepers wait until `advance` reaches them."""

    def __init__(self, start: float = 1_793_345_010.0) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._watch = Watch()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waits.append(seconds)
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        self._watch.changed()
        await future

    async def sleepers(self, number: int = 1, *, timeout: float = 60.0) -> None:
        """Until so many wait on this clock: only then does advancing it mean anything."""
        await self._watch.until(
            lambda: self._asleep() >= number,
            timeout=timeout,
            what=lambda: f"{self._asleep()} wait on the clock, not {number}",
        )

    def advance(self, seconds: float) -> None:
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    def _asleep(self) -> int:
        return sum(not future.done() for _, _, future in self._sleepers)
