"""One answer a key: a repeated call gets the first answer again, and what it does is done once.

The claim on the key is committed before the work; the act's own transaction notes that it happened (`Call.once`), and
the answer follows. So a crash in between neither loses the act nor does it twice: the next call with the key finds the
note and only looks up the answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.api.allow import Actor
from gateway.api.errors import ApiError
from storage import idempotency
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from storage.db import Store

HEADER: Final = "Idempotency-Key"
PATIENCE_S: Final = 5.0  # how long a second call waits for the first one's answer
ORPHANED_MS: Final = 60_000  # a call of another process without an answer for so long has died
_KEY: Final = re.compile(r"[ -~]{1,255}")
_PASSING: Final = frozenset({408, 429})  # answers that say nothing of the request
Work = Callable[[], Awaitable[tuple[int, bytes]]]


def key_of(request: web.Request) -> str:
    """The request's key, '' without one. Raises ApiError."""
    given = request.headers.get(HEADER)
    if given is None:
        return ""
    if not _KEY.fullmatch(given.strip()):
        raise ApiError("invalid", "a key has 1 to 255 visible characters", fields={HEADER: "not a usable key"})
    return given.strip()


def fingerprint(request: web.Request, actor: Actor, content: bytes) -> bytes:
    """What makes two requests the same. `content` -- the body, or a form's digest."""
    head = f"{request.method}\0{request.path_qs}\0{actor.id}\0".encode("utf-8", "replace")
    return hashlib.sha256(head + content).digest()


class Once:
    """Runs a keyed call once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[tuple[str, str], asyncio.Event] = {}
        self._left: set[tuple[str, str]] = set()  # claims that we could not let go of: the database was away

    async def run(self, scope: str, key: str, print_: bytes, work: Work) -> tuple[int, bytes, bool]:
        """Status, body, and whether it is an earlier answer. Raises ApiError key_reused or in_progress."""
        name = (scope, key)
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while name in self._running or not await self._mine(name, print_):
            claim = await self._store.read(lambda tx: idempotency.look(tx, scope, key, print_))
            if claim.state == "other":
                raise ApiError("key_reused", "this Idempotency-Key was used for another request")
            if claim.state == "answered":
                return claim.status, claim.answer, True
            ended = claim.state == "acted" or claim.age_ms > ORPHANED_MS or name in self._left
            if name not in self._running and ended:
                break
            if asyncio.get_running_loop().time() > deadline:
                raise ApiError("in_progress", "the first call with this Idempotency-Key still runs", retry_s=2)
            await self._wait(name)
        self._left.discard(name)
        done = self._running[name] = asyncio.Event()
        try:
            return (*await self._work(name, work), False)
        finally:
            del self._running[name]
            done.set()

    async def _mine(self, name: tuple[str, str], print_: bytes) -> bool:
        claim = await self._store.run(lambda tx: idempotency.claim(tx, *name, print_))
        return claim.state == "mine"

    async def _wait(self, name: tuple[str, str]) -> None:
        running = self._running.get(name)
        if running is None:
            await asyncio.sleep(0.1)
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await running.wait()
        except TimeoutError:
            return

    async def _work(self, name: tuple[str, str], work: Work) -> tuple[int, bytes]:
        try:
            status, body = await work()
        except BaseException:
            await self._let_go(name)
            raise
        if status >= 500 or status in _PASSING:
            await self._let_go(name)
        else:
            await self._store.run(lambda tx: idempotency.keep(tx, *name, status, body))
        return status, body

    async def _let_go(self, name: tuple[str, str]) -> None:
        try:
            await self._store.run(lambda tx: idempotency.let_go(tx, *name))
        except StorageUnavailable:
            self._left.add(name)
