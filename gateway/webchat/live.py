"""The open pages of the web chat: each is told what is new in its thread, in the order of the store.

A hint wakes us, the store is read, and what has a greater number than a page's cursor goes out. Hints of another
process do not reach us: a slow look at every open thread is the net.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final, Protocol

import orjson
import structlog
from aiohttp import WSCloseCode

from channels.contract import Permanent
from gateway.hub import Hub
from gateway.webchat import history, sessions
from gateway.webchat.history import Standing
from gateway.webchat.sessions import Visitor
from storage.db import Store
from storage.errors import StorageUnavailable

log = structlog.get_logger("webchat")
SOCKETS_A_VISITOR: Final = 3
QUEUE: Final = 64
SEND_S: Final = 15.0  # a page that takes nothing for so long is gone; it resumes
NET_S: Final = 3.0
CHECK_S: Final = 60.0
AT_ONCE: Final = 100  # threads a look
VISITOR_TYPES: Final = "typing"  # hints for the desk, and from it: (kind, conversation id); nothing is stored
ADVISOR_TYPES: Final = "advisor_typing"
RETOLD: Final = "retold"  # (kind, conversation id)
LATELY_MS: Final = 60_000

UNAUTHORIZED: Final = 4401  # close codes that our own page understands
HELLO_LATE: Final = 4408
ELSEWHERE: Final = 4409
FLOOD: Final = 4429


class Wire(Protocol):
    """What we need of a WebSocket."""

    async def send_str(self, data: str) -> None: ...
    async def close(self, *, code: int = 1000, message: bytes = b"") -> bool: ...


class Page:
    """One open page: what it has been told, and the task that tells it more."""

    def __init__(self, wire: Wire, visitor: Visitor, store: Store, cursor: int, standing: Standing) -> None:
        self.wire = wire
        self.visitor = visitor
        self.standing = standing
        self._store = store
        self._cursor = cursor
        self._skipped: frozenset[int] = frozenset()
        self._queue: deque[dict[str, Any]] = deque()
        self._wake = asyncio.Event()
        self._read = True
        self._reading = False
        self._held = False
        self._told: tuple[str, str] | None = None
        self._told_seen = 0
        self._closing: asyncio.Task[None] | None = None

    def push(self, frame: dict[str, Any]) -> None:
        """A frame that stands in no transcript. A page that does not take its frames is dropped and resumes."""
        if len(self._queue) >= QUEUE:
            self.close(WSCloseCode.TRY_AGAIN_LATER)
            return
        self._queue.append(frame)
        self._wake.set()

    def update(self, standing: Standing) -> None:
        """The thread stands here now."""
        self.standing = standing
        again = self._reading or self._held or bool(self._skipped) or standing.last > self._cursor
        self._read = self._read or again
        self._wake.set()

    def close(self, code: int) -> None:
        """Hang up without waiting for the other end."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._hang_up(code))

    async def _hang_up(self, code: int) -> None:
        with contextlib.suppress(Exception):
            await self.wire.close(code=code)

    async def tell(self) -> None:
        """Send for ever. Ends with the socket."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._round()
        except (ConnectionError, TimeoutError):
            self.close(WSCloseCode.TRY_AGAIN_LATER)
        except Exception as err:  # the page resumes; the fault is ours to find
            log.exception("webchat.page_failed", error=type(err).__name__)
            self.close(WSCloseCode.INTERNAL_ERROR)

    async def _round(self) -> None:
        while self._queue:
            await self._send(self._queue.popleft())
        standing = self.standing
        if self._told != (standing.stage, standing.advisor):
            self._told = (standing.stage, standing.advisor)
            await self._send(
                {
                    "type": "state",
                    "stage": standing.stage,
                    "advisor": {"name": standing.advisor} if standing.advisor else None,
                }
            )
        if self._read and standing.point_id:
            await self._messages(standing)
        if standing.seen > self._told_seen:
            self._told_seen = standing.seen
            await self._send({"type": "status", "seq": standing.seen, "status": "seen"})

    async def _messages(self, standing: Standing) -> None:
        self._read, self._reading = False, True
        try:
            batch = await self._store.read(lambda tx: history.after(tx, standing, self._cursor, self._skipped))
        except StorageUnavailable:
            self._again(1.0)
            return
        finally:
            self._reading = False
        self._cursor, self._skipped, self._held = batch.cursor, batch.skipped, batch.held
        for frame in batch.frames:
            await self._send(frame)
        if batch.more:
            self._again(0)
        elif batch.held:
            self._again(history.HOLD_MS / 1000)  # the hint of the send comes first; this is the net

    def _again(self, seconds: float) -> None:
        def now() -> None:
            self._read = True
            self._wake.set()

        asyncio.get_running_loop().call_later(seconds, now)

    async def _send(self, frame: dict[str, Any]) -> None:
        async with asyncio.timeout(SEND_S):
            await self.wire.send_str(orjson.dumps(frame).decode())


class Room:
    """A thread with its open pages, the oldest first."""

    def __init__(self, thread: str) -> None:
        self.thread = thread
        self.standing = Standing(thread=thread)
        self.pages: list[Page] = []
        self.conversations: set[str] = set()

    def stand(self, standing: Standing, index: dict[str, str]) -> None:
        """It stands here now. `index` -- conversation -> thread, for the hints."""
        self.standing = standing
        if standing.conversation_id:
            self.conversations.add(standing.conversation_id)
            index[standing.conversation_id] = self.thread
        for page in self.pages:
            page.update(standing)


class Live:
    """All open pages of one account."""

    def __init__(self, store: Store, hub: Hub, account_id: str) -> None:
        self.account_id = account_id
        self._store = store
        self._hub = hub
        self._rooms: dict[str, Room] = {}
        self._conversations: dict[str, str] = {}  # conversation -> thread
        self._waiting: set[str] = set()  # threads that said something which is in no transcript yet
        self._dirty: set[str] = set()
        self._retold: set[str] = set()  # threads in which something of ours reads otherwise now
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unlisten = hub.listen(self._hint)
        self.closing = False

    # ---- pages come and go

    async def join(self, wire: Wire, visitor: Visitor, after: int) -> Page:
        """A page is open: it gets `ready`, where the thread stands, and every message after `after`."""
        standing, last = await self._store.read(lambda tx: self._first(tx, visitor.thread))
        room = self._rooms.setdefault(visitor.thread, Room(visitor.thread))
        room.stand(standing, self._conversations)
        cursor = min(max(after, standing.last - history.OLDEST, 0), standing.last)
        page = Page(wire, visitor, self._store, cursor, standing)
        room.pages.append(page)
        while len(room.pages) > SOCKETS_A_VISITOR:
            room.pages.pop(0).close(ELSEWHERE)
        page.push({"type": "ready", "thread": visitor.thread, "seq": last})
        self._look([visitor.thread])  # a hint between the reading and the joining was for nobody
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="webchat")
        return page

    def _first(self, tx: Any, thread: str) -> tuple[Standing, int]:
        standing = history.standings(tx, self.account_id, [thread]).get(thread) or Standing(thread=thread)
        return standing, history.last_shown(tx, standing.point_id) if standing.point_id else 0

    def leave(self, page: Page) -> None:
        thread = page.visitor.thread
        room = self._rooms.get(thread)
        if room is None:
            return
        if page in room.pages:
            room.pages.remove(page)
        if not room.pages:
            del self._rooms[thread]
            self._waiting.discard(thread)
            for conversation in room.conversations:
                self._conversations.pop(conversation, None)

    def end(self, key: bytes) -> None:
        """This session is over: its pages are closed."""
        for page in self._pages():
            if page.visitor.key == key:
                page.close(UNAUTHORIZED)

    async def close(self) -> None:
        """We are stopping: the pages come back a little later, not all at once."""
        self.closing = True
        self._unlisten()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        pages = self._pages()
        for page in pages:
            with contextlib.suppress(Exception):
                page.push({"type": "reconnect", "in_ms": random.randint(300, 2500)})  # noqa: S311
        if pages:
            await asyncio.sleep(0.05)
            await asyncio.wait(
                [asyncio.create_task(page._hang_up(WSCloseCode.GOING_AWAY)) for page in pages], timeout=2
            )

    # ---- what changed

    def said(self, thread: str) -> None:
        """Something of this thread is in the inbox and will be in the transcript soon."""
        if thread in self._rooms:
            self._waiting.add(thread)

    def _hint(self, kind: str, object_id: str) -> None:
        thread = self._conversations.get(object_id)
        if kind == ADVISOR_TYPES:
            for page in self._rooms[thread].pages if thread in self._rooms else ():
                page.push({"type": "typing", "author": "advisor"})
            return
        if kind == RETOLD:
            if thread in self._rooms:
                self._retold.add(thread)
                self._wake.set()
            return
        if kind not in ("conversation", "message", "attachment"):
            return
        if thread is not None:
            self._look([thread])
        elif kind == "conversation":  # perhaps a first one, or the next one, of somebody who waits for it
            self._look(self._waiting)

    def _look(self, threads: Iterable[str]) -> None:
        self._dirty.update(threads)
        if self._dirty:
            self._wake.set()

    async def _run(self) -> None:
        checked = looked = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NET_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                now = time.monotonic()
                threads, self._dirty = self._dirty, set()
                if now - looked >= NET_S:
                    looked, threads = now, set(self._rooms)
                await self._refresh([thread for thread in threads if thread in self._rooms])
                await self._retell()
                if now - checked >= CHECK_S:
                    checked = now
                    await self._check()
            except StorageUnavailable:
                self._dirty.update(self._rooms)
                await asyncio.sleep(1)
            except Exception as err:  # one bad look must not silence every page
                log.exception("webchat.look_failed", error=type(err).__name__)
                await asyncio.sleep(1)

    async def _refresh(self, threads: list[str]) -> None:
        for start in range(0, len(threads), AT_ONCE):
            some = threads[start : start + AT_ONCE]
            found = await self._store.read(lambda tx, some=some: history.standings(tx, self.account_id, some))  # type: ignore[misc]
            for thread, standing in found.items():
                room = self._rooms.get(thread)
                if room is not None:
                    if standing.version != room.standing.version:
                        self._waiting.discard(thread)
                    room.stand(standing, self._conversations)

    async def _retell(self) -> None:
        """Open pages see at once what was changed; others when they are opened."""
        while self._retold:
            room = self._rooms.get(self._retold.pop())
            if room is None or not room.standing.point_id:
                continue
            standing, since = room.standing, self._store.now_ms() - LATELY_MS
            for frame in await self._store.read(lambda tx, s=standing, at=since: history.changed(tx, s, at)):  # type: ignore[misc]
                for page in room.pages:
                    page.push(frame)

    async def _check(self) -> None:
        """Sessions end elsewhere too: those that did may not go on listening here."""
        keys = {page.visitor.key for page in self._pages()}
        some = list(keys)
        for start in range(0, len(some), AT_ONCE):
            part = some[start : start + AT_ONCE]
            alive = await self._store.read(lambda tx, part=part: sessions.alive(tx, part))  # type: ignore[misc]
            for key in set(part) - alive:
                self.end(key)

    def _pages(self) -> list[Page]:
        return [page for room in self._rooms.values() for page in room.pages]


class WebChatClient:
    """The outbox's way to a visitor. A message is in his transcript already and is shown once it is `sent`: the call
    itself has nothing to do, and doing it twice shows it once."""

    async def call(self, request: Any) -> str:
        return str(request["id"])

    async def fetch(self, source: str, *, limit: int) -> bytes:
        raise Permanent(f"webchat: {source[:26]} is in our own store", reason="bad_request")

    async def close(self) -> None:
        """Nothing is open."""
