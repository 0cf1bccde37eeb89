"""Posting callbacks: signed over the bytes that leave, and again for an hour until they are answered with 200."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

import aiohttp

from gateway.demo.standins.clock import Clock

from .records import Delivery, Json, dumps

AGAIN_S: Final = (60.0, 300.0, 900.0, 1800.0)
ANSWER_S: Final = 5.0


class Webhook:
    """One bot's. `heard` -- called after each POST."""

    def __init__(self, *, token: str, clock: Clock, heard: Callable[[], None], answer_s: float = ANSWER_S) -> None:
        self.url = ""
        self.token = token
        self.deliveries: list[Delivery] = []
        self._clock, self._heard, self._answer_s = clock, heard, answer_s
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Delivery]] = set()

    def send(self, event: Json) -> asyncio.Task[Delivery]:
        """Callbacks go out side by side. The last attempt."""
        task = asyncio.create_task(self._deliver(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def pending(self) -> int:
        """Callbacks that nobody has acknowledged yet."""
        return len(self._tasks)

    async def _deliver(self, event: Json) -> Delivery:
        body = dumps(event)
        done = await self.post(self.url, event, body)
        for retry, wait in enumerate(AGAIN_S, 1):
            if done.status == 200 or not self.url:
                break
            await self._clock.sleep(wait)
            done = await self.post(self.url, event, body, retry=retry)
        return done

    async def post(self, url: str, event: Json, body: bytes = b"", *, retry: int = 0) -> Delivery:
        """One attempt, to any address."""
        body = body or dumps(event)
        done = Delivery(event, retry, self._clock.now())
        self.deliveries.append(done)
        headers = {
            "X-Viber-Content-Signature": hmac.new(self.token.encode(), body, hashlib.sha256).hexdigest(),
            "Content-Type": "application/json",
        }
        if self._session is None:
            self._session = aiohttp.ClientSession()
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            timeout = aiohttp.ClientTimeout(total=self._answer_s)
            async with self._session.post(url, data=body, headers=headers, timeout=timeout) as response:
                done.status, done.answer = response.status, await response.read()
        self._heard()
        return done

    async def get(self, url: str) -> bytes | None:
        """A file that the bot sent, as the platform fetches it."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=self._answer_s)) as response:
                return await response.read() if response.status == 200 else None
        return None

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None
