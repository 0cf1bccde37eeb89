"""The desk's live feed: hints become (conversation, version) on Server-Sent Events; the page fetches what changed.

A stream that comes back says where it stopped; what changed since then, less a margin for commits that were under way,
is told again, and the page drops the versions it holds. Hints of another process come over `gateway/neighbours.py`; what
comes by no hint is found by a slow look, the net.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import HttpVersion11, web

from gateway.api.service import API
from gateway.desk.presence import Presence, Word
from gateway.desk.stream import CATCH_UP, Row, Stream, Telling, change, frame
from gateway.neighbours import HERE
from storage import advisors, sessions
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

log = structlog.get_logger("desk")
CHECK_S: Final = 20.0  # how long a session that ended elsewhere may still be told something
TOGETHER_S: Final = 0.03  # between two lines; the first word after a silence waits for nothing
AGAIN_S: Final = 1.0
NET_S: Final = 3.0  # the look at the table, where other processes write into it and are not heard
NET_HEARD_S: Final = 15.0
MARGIN_MS: Final = 30_000
OLDEST_MS: Final = 12 * 3_600_000
WRITE_S: Final = 20.0
AHEAD: Final = 65_536  # bytes that a browser has not taken; from there on it is waited for
A_SESSION: Final = 4  # streams; a browser shares one between its tabs
OF_CONVERSATIONS: Final = frozenset({"conversation", "handoff", "message", "attachment"})
OF_OTHERS: Final = frozenset(
    {"contact", "care", "case", "policy", "delivery", "account", "switch", "later", "notice", "told", "alarm"}
)
TYPING: Final = "typing"


class Live:
    """All streams of this process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._streams: dict[Stream, None] = {}  # the oldest first
        self._serving: set[asyncio.Task[Any]] = set()
        self._kinds: dict[str, set[str]] = defaultdict(set)
        self._others: set[tuple[str, str]] = set()
        self._planned: asyncio.TimerHandle | None = None
        self._told_at = 0.0  # monotonic
        self._told: dict[str, tuple[int, int]] = {}
        self._looked = 0  # changed_at up to which the net has looked
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._presence = Presence(time.monotonic)
        self._stop = parts.hub.listen(self.heard)

    # ---- hints

    def heard(self, kind: str, object_id: str) -> None:
        """A listener of the hub: quick, on the loop."""
        if kind == HERE:
            self._present(object_id)
        elif not self._streams:
            return
        elif kind == "advisor":
            self._later(self._check(object_id))
        elif kind == TYPING:
            for stream in self._streams:
                stream.typing(object_id)
        elif kind in OF_CONVERSATIONS:
            self._kinds[object_id].add(kind)
            self._plan(self._rest())
        elif kind in OF_OTHERS:
            self._others.add((kind, object_id))
            self._plan(self._rest())

    def _rest(self) -> float:
        return max(0.0, self._told_at + TOGETHER_S - time.monotonic())

    def _plan(self, delay_s: float) -> None:
        if self._planned is None and not self._closing:
            self._planned = asyncio.get_running_loop().call_later(delay_s, self._due)

    def _due(self) -> None:
        self._planned = None
        self._told_at = time.monotonic()
        self._later(self._tell())

    async def _tell(self) -> None:
        kinds, self._kinds = self._kinds, defaultdict(set)
        others, self._others = self._others, set()
        cursor = self._parts.store.now_ms()
        try:
            rows = await self._parts.store.read(lambda tx: _versions(tx, list(kinds)))
        except StorageUnavailable:
            for conversation_id, seen in kinds.items():
                self._kinds[conversation_id] |= seen
            self._others |= others
            self._plan(AGAIN_S)
            return
        self._remember(rows)
        if not rows and not others:
            return
        told = Telling(rows, kinds, others, cursor)
        items = [(each, version, at, kinds.get(each, {"conversation"})) for each, version, at in rows]
        rendered = change(items, others, cursor)
        for stream in self._streams:
            stream.tell(told, rendered)

    def _remember(self, rows: Sequence[Row]) -> None:
        if len(self._told) > 20 * CATCH_UP:
            self._told.clear()
        self._told.update({conversation_id: (version, at) for conversation_id, version, at in rows})

    # ---- the net, and who may still listen

    async def watch(self) -> None:
        """Runs as long as the gateway does."""
        loop = asyncio.get_running_loop()
        looked = checked = loop.time()
        while True:
            await asyncio.sleep(1)
            if not self._streams:
                looked = checked = loop.time()
                self._looked = self._parts.store.now_ms()
                continue
            for conversation_id in self._presence.gone():
                self._tell_here(conversation_id)
            try:
                if loop.time() - looked >= (NET_HEARD_S if self._parts.hub.hears_all() else NET_S):
                    looked = loop.time()
                    await self._look()
                if loop.time() - checked >= CHECK_S:
                    checked = loop.time()
                    await self._check()
            except StorageUnavailable:
                continue
            except Exception as err:
                log.exception("desk.watch_failed", error=type(err).__name__)

    async def _look(self) -> None:
        now = self._parts.store.now_ms()
        since = max(self._looked, now - OLDEST_MS) - MARGIN_MS
        rows = await self._parts.store.read(lambda tx: _since(tx, since))
        self._looked = now
        fresh = [row for row in rows if self._told.get(row[0]) != (row[1], row[2])]
        self._remember(fresh)
        if fresh:
            self._looked_up(fresh)
            for stream in self._streams:
                stream.changed(fresh, {}, now)

    def _looked_up(self, rows: Iterable[Row]) -> None:
        """No hint told of these: nobody here may answer with what he kept of them."""
        self._parts.hub.publish(("looked", conversation_id) for conversation_id, _, _ in rows)

    async def _check(self, advisor_id: str = "") -> None:
        """End the streams whose session is over; the others' people are at work."""
        asked = [stream for stream in self._streams if advisor_id in ("", stream.advisor_id)]
        keys = {stream.session for stream in asked}
        if not keys:
            return
        alive = await self._parts.store.read(lambda tx: {key for key in keys if sessions.find(tx, key) is not None})
        for stream in asked:
            if stream.session not in alive:
                stream.end("signed_out")
        here = sorted({stream.advisor_id for stream in asked if stream.session in alive})
        if here and not advisor_id:
            await self._parts.store.run(lambda tx: advisors.seen(tx, here))

    # ---- who is where

    def present(self, word: Word) -> None:
        """Somebody looks at a conversation, writes in it, or has left it: every process hears of it."""
        if self._presence.may_say(word.advisor_id):
            self._parts.hub.publish([(HERE, word.packed())])

    def _present(self, packed: str) -> None:
        """Told to those who look at it too."""
        word = Word.unpacked(packed)
        if word is not None and self._presence.heard(word):
            self._tell_here(word.conversation_id)

    def _tell_here(self, conversation_id: str) -> None:
        people = self._presence.people(conversation_id)
        listed = [{"id": who, "name": name, "writes": writes} for who, (name, writes) in people.items()]
        rendered = frame("here", {"id": conversation_id, "people": listed})
        for stream in self._streams:
            if stream.advisor_id in people:
                stream.here(conversation_id, rendered)

    # ---- serving

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /desk/events."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise web.HTTPForbidden
        doors = request.config_dict[API].doors
        actor = await doors.session(doors.cookie(request))
        if actor is None or actor.enrolling:
            raise web.HTTPUnauthorized
        if self._closing:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "2"})
        stream = Stream(actor.session, actor.id)
        cursor = _cursor(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        if request.version >= HttpVersion11:
            response.enable_chunked_encoding()
        self._make_room(stream)
        self._streams[stream] = None  # from here on nothing is missed
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await response.prepare(request)
            await self._begin(stream, response, cursor)
            stream.straight = _straight(request) if response.chunked and not response.compression else None
            await self._go_on(stream, response)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()  # it takes nothing any more; the page comes back by itself
        finally:
            self._streams.pop(stream, None)
            self._serving.discard(task)
        return response

    def _make_room(self, new: Stream) -> None:
        same = [stream for stream in self._streams if stream.session == new.session and not stream.ended]
        for stream in same[: max(0, len(same) - A_SESSION + 1)]:
            stream.end("crowded")

    async def _begin(self, stream: Stream, response: web.StreamResponse, cursor: int) -> None:
        now = self._parts.store.now_ms()
        await self._write(response, frame("hello", {"at": now, "advisor": stream.advisor_id}))
        if not cursor or cursor < now - OLDEST_MS or cursor > now:
            stream.reset(now)
            return
        try:
            rows = await self._parts.store.read(lambda tx: _since(tx, cursor - MARGIN_MS))
        except StorageUnavailable:
            stream.reset(now)
            return
        self._looked_up(rows)
        if len(rows) > CATCH_UP:
            stream.reset(now)
        elif rows:
            stream.changed(rows, {}, now)

    async def _go_on(self, stream: Stream, response: web.StreamResponse) -> None:
        while True:
            frames = await stream.next()
            if stream.ended:
                await self._write(response, frame("bye", {"reason": stream.ended}))
                await response.write_eof()
                return
            if not frames:
                now = self._parts.store.now_ms()
                frames = [frame("beat", {"at": now}, now)]
            await self._write(response, b"".join(frames))

    @staticmethod
    async def _write(response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(WRITE_S):
            await response.write(data)

    def _later(self, work: Any) -> None:
        async def guarded() -> None:
            try:
                await work
            except StorageUnavailable:
                return
            except Exception as err:
                log.exception("desk.live_failed", error=type(err).__name__)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """The pages come back when we are there again."""
        self._closing = True
        self._stop()
        if self._planned is not None:
            self._planned.cancel()
        for stream in self._streams:
            stream.end("restart")
        if self._serving:
            await asyncio.wait(self._serving, timeout=1.0)
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)


def _straight(request: web.Request) -> Callable[[bytes], bool] | None:
    """Writes a chunk of the answer whose head is out, for as long as the browser keeps up with it."""
    transport = request.transport
    if transport is None:
        return None

    def write(data: bytes) -> bool:
        if transport.is_closing() or transport.get_write_buffer_size() > AHEAD:
            return False  # the task finds out what is the matter
        transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True

    return write


def _cursor(request: web.Request) -> int:
    """Where the page stopped, in ms; 0 when it does not know. The address carries it: the page opens its streams itself."""
    given = request.query.get("cursor", "") or request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 15 else 0


def _versions(tx: Tx, ids: list[str]) -> list[Row]:
    rows = tx.among("SELECT id, version, changed_at FROM conversation WHERE id IN (:among)", ids)
    return [(row.id, row.version, row.changed_at) for row in rows]


def _since(tx: Tx, at: int) -> list[Row]:
    rows = tx.all(
        "SELECT id, version, changed_at FROM conversation WHERE changed_at >= :at ORDER BY changed_at DESC LIMIT :limit",
        at=at,
        limit=CATCH_UP + 1,
    )
    return [(row.id, row.version, row.changed_at) for row in rows]
