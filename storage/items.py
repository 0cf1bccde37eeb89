"""What waits for the store's thread, and how its waiters are released."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

OnCommit = Callable[[list[tuple[str, str]], list[Any]], None]  # hints (kind, object id), claimed sends


class Item:
    """Something that waits for the next batch."""

    __slots__ = ("error", "kind", "loop", "payload", "result", "since", "waiter")

    def __init__(self, kind: str, payload: Any, *, asynchronous: bool) -> None:
        self.kind = kind
        self.payload = payload
        self.result: Any = None
        self.since = time.monotonic()
        self.error: BaseException | None = None
        self.loop = asyncio.get_running_loop() if asynchronous else None
        self.waiter: Any = self.loop.create_future() if self.loop else None  # a thread that waits puts its event here


class Deliver:
    """Releases waiters and passes hints and claimed sends on, after a commit, on the loop that each belongs to.

    `loop`, `on_commit` -- who hears of hints (kind, object id) and of rows to be called."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.on_commit: OnCommit | None = None

    def __call__(self, items: list[Item], hints: list[tuple[str, str]], sends: list[Any]) -> None:
        """Release the waiters, one wake-up a loop and batch."""
        waiting: dict[asyncio.AbstractEventLoop, list[Item]] = {}
        for item in items:
            if item.loop is not None:
                waiting.setdefault(item.loop, []).append(item)
            elif item.waiter is not None:
                item.waiter.set()
        if (hints or sends) and self.loop is not None and self.on_commit is not None:
            waiting.setdefault(self.loop, [])
        for loop, group in waiting.items():
            mine = (hints, sends) if loop is self.loop else ([], [])
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(self._release, group, *mine)

    def _release(self, items: list[Item], hints: list[tuple[str, str]], sends: list[Any]) -> None:
        for item in items:
            if not item.waiter.done():
                if item.error is not None:
                    item.waiter.set_exception(item.error)
                else:
                    item.waiter.set_result(item.result)
        if (hints or sends) and self.on_commit is not None:
            self.on_commit(hints, sends)
