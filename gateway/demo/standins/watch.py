"""Waiting for something to become true: woken by what happens, never by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watch:
    """Those who wait for a condition on this state; `changed` is called wherever the state changes."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def changed(self) -> None:
        if not self._waiting:
            return
        for ready, future in self._waiting:
            if not future.done():
                _settle(ready, future)
        self._waiting = [entry for entry in self._waiting if not entry[1].done()]

    async def until(self, ready: Callable[[], bool], *, timeout: float, what: Callable[[], str]) -> None:
        """Returns once `ready()`; after `timeout` seconds a TimeoutError that says `what()`."""
        if ready():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, future))
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            raise TimeoutError(what()) from None


def _settle(ready: Callable[[], bool], future: asyncio.Future[None]) -> None:
    try:
        if ready():
            future.set_result(None)
    except Exception as err:  # the waiter's own mistake: his to see, not the server's to die of
        future.set_exception(err)
