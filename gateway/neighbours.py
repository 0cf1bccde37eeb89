"""Hints across the gateway's processes: what one of them committed, the others' desks and web chats hear of at once.

Over PostgreSQL only; on SQLite there is one process. Of each moment one line, nothing of it stored, none of it repeated: a
line that is lost is made good by the looks at the tables that everybody who listens takes anyway.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson

from storage.wire import LONGEST, Wire

if TYPE_CHECKING:
    from gateway.parts import Parts

TOGETHER_S: Final = 0.02  # between two lines
MOST: Final = 2000  # hints of a moment; what is beyond is found by a look at the tables
HERE: Final = "here"  # somebody of ours is in a conversation
# What works itself off the tables (notices, calls, webhooks) has its own claims there and is not woken twice.
CROSSING: Final = frozenset(
    "conversation handoff message attachment retold contact care case policy delivery account switch later notice told alarm"
    " typing advisor_typing advisor erased routing here".split()
)


def attach(parts: Parts) -> None:
    """From the start of the store until its end, where there may be other processes."""
    if parts.store.postgres:
        Neighbours(parts)


class Neighbours:
    """See the module."""

    def __init__(self, parts: Parts) -> None:
        self._hub = parts.hub
        self._hints: dict[tuple[str, str], None] = {}
        self._planned: asyncio.TimerHandle | None = None
        self._said_at = 0.0
        self._repeating = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wire = Wire(parts.store.url, self._heard)
        parts.hub.hears_all = lambda: self._wire.up
        parts.hub.listen(self._mine)
        parts.starters.append(self.start)
        parts.closers.insert(0, self.close)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wire.start()

    async def close(self) -> None:
        self._loop = None
        if self._planned is not None:
            self._planned.cancel()
        await asyncio.to_thread(self._wire.close)

    def _mine(self, kind: str, object_id: str) -> None:
        """A listener of the hub: quick, on the loop."""
        if self._repeating or kind not in CROSSING or self._loop is None or len(self._hints) >= MOST:
            return
        self._hints[kind, object_id] = None
        if self._planned is None:
            self._planned = self._loop.call_at(max(self._loop.time(), self._said_at + TOGETHER_S), self._say)

    def _say(self) -> None:
        self._planned = None
        self._said_at = self._loop.time() if self._loop is not None else 0.0
        hints, self._hints = list(self._hints), {}
        for line in lines(hints):
            self._wire.say(line)

    def _heard(self, line: str) -> None:
        """On the wire's thread."""
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._repeat, hints_of(line))

    def _repeat(self, hints: list[tuple[str, str]]) -> None:
        self._repeating = True
        try:
            self._hub.publish(hints)
        finally:
            self._repeating = False


def lines(hints: list[tuple[str, str]]) -> list[str]:
    """As few as carry them, each of at most LONGEST bytes."""
    found: list[str] = []
    room = 0
    some: list[tuple[str, str]] = []
    for hint in hints:
        size = len(orjson.dumps(hint)) + 1
        if size > LONGEST - 2:
            continue
        if size > room:
            if some:
                found.append(orjson.dumps(some).decode())
            some, room = [], LONGEST - 2
        some.append(hint)
        room -= size
    return [*found, orjson.dumps(some).decode()] if some else found


def hints_of(line: str) -> list[tuple[str, str]]:
    """Those of a line that cross; another release may say things that we do not know."""
    try:
        given: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(given, list):
        return []
    pairs = [(one[0], one[1]) for one in given if isinstance(one, list) and len(one) == 2]
    return [
        (kind, each) for kind, each in pairs if isinstance(kind, str) and isinstance(each, str) and kind in CROSSING
    ]
