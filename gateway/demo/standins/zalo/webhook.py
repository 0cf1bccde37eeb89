"""Posting events: signed over the bytes that leave, within two seconds, and again as Zalo does."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from typing import Final

import aiohttp

from gateway.demo.standins.clock import Clock

from .records import Delivery, Json, dumps

AGAIN_S: Final = (30.0, 300.0, 900.0, 1800.0, 3600.0)  # then the address is switched off
ANSWER_S: Final = 2.0


class Webhook:
    """One app's. `on` -- until it was given up; `heard` -- called after each POST."""

    def __init__(
        self, *, app_id: str, secret: str, clock: Clock, heard: Callable[[], None], answer_s: float = ANSWER_S
    ) -> None:
        self.url = ""
        self.on = True
        self.app_id, self.secret = app_id, secret
        self.deliveries: list[Delivery] = []
        self._clock, self._heard, self._answer_s = clock, heard, answer_s
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[bool]] = set()

    def send(self, event: Json, *, server: str = "OA OpenAPI") -> asyncio.Task[bool]:
        """Events go out side by side; each is tried until it is acknowledged. Whether it was."""
        task = asyncio.create_task(self._deliver(event, server))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def pending(self) -> int:
        """Events that nobody has acknowledged yet."""
        return len(self._tasks)

    async def _deliver(self, event: Json, server: str) -> bool:
        body = dumps(event)
        for retry, wait in enumerate((*AGAIN_S, None)):
            if not self.url or not self.on:
                return False
            if await self.post(event, body, retry=retry, server=server) == 200:
                return True
            if wait is not None:
                await self._clock.sleep(wait)
        self.on = False
        return False

    async def post(self, event: Json, body: bytes, *, retry: int = 0, server: str = "OA OpenAPI") -> int:
        """One attempt; its status, 0 without an answer."""
        stamp = str(event.get("timestamp", ""))
        mac = hashlib.sha256(self.app_id.encode() + body + stamp.encode() + self.secret.encode()).hexdigest()
        headers = {
            "X-ZEvent-Signature": f"mac={mac}",
            "X-ZEvent-Server": server,
            "User-Agent": "ZaloWebhook",
            "Content-Type": "application/json",
        } | ({"num_retry": str(retry)} if retry else {})
        delivery = Delivery(event, retry, self._clock.now())
        self.deliveries.append(delivery)
        if self._session is None:
            self._session = aiohttp.ClientSession()
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            timeout = aiohttp.ClientTimeout(total=self._answer_s)
            async with self._session.post(self.url, data=body, headers=headers, timeout=timeout) as response:
                delivery.status = response.status
        self._heard()
        return delivery.status

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None
