"""Outgoing webhooks, the hand: claims what is to be told, calls, and writes down what came of it.

Each subscription for itself: one that hangs holds its own few places and nobody else's. Nothing is followed, kept or
believed of what answers; only its status and its first kilobyte are of interest, and of who is told what is personal
only the answer's size.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog

from channels.contract import ChannelError, DeliveryUnknown
from channels.http import Http
from channels.outside import PublicOnly
from channels.reading import clean
from gateway import outbound_hooks as rules
from storage import announced
from storage.announced import Telling, Told
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

    from gateway.parts import Parts

log = structlog.get_logger("announcer")
EVERY_S: Final = 1.0
ROOM: Final = 4  # calls under way to one subscription
CALL_S: Final = 15.0  # Standard Webhooks: 15 to 20
PATIENCE_S: Final = 2.0  # at a stop, for what is under way
CLIENTS: Final = 64
# What went wrong, in words that the desk has sentences for.
ERRORS: Final = (("Certificate", "tls"), ("SSL", "tls"), ("DNS", "dns"), ("Timeout", "timeout"))


class _Line:
    """The connection to one subscription."""

    def __init__(self, base: str, *, near: bool, resolver: AbstractResolver | None) -> None:
        self.base = base
        self.guard = PublicOnly(resolver)
        self.headers: Mapping[str, str] = {}
        self.http = Http(
            base,
            connect_s=5.0,
            idle_s=CALL_S,
            limit=ROOM,
            resolver=None if near else self.guard,
            encoded=True,
        )
        self.http.hears = self._hear

    def _hear(self, headers: Mapping[str, str]) -> None:
        self.headers = headers


class Announcer:
    """`run` once a tick, and whenever something was noted or done. resolver -- of names, in place of the system's."""

    def __init__(self, parts: Parts, *, resolver: AbstractResolver | None = None) -> None:
        self._parts = parts
        self._resolver = resolver
        self._busy: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: dict[str, _Line] = {}
        self._looking = self._again = False
        self._unlisten = parts.hub.listen(self._heard, ("announcement",))

    async def start(self) -> None:
        """What the last run was telling when it ended may be told again."""
        again = await self._parts.store.run(announced.recover)
        if again:
            log.warning("webhooks.recovered", again=again)

    async def run(self) -> None:
        """Claim what is due and has room, and begin it."""
        if not self._parts.store.listening.anybody or self._parts.state:
            return
        if self._looking:
            self._again = True
            return
        self._looking = True
        try:
            while True:
                self._again = False
                claim = partial(announced.due, room=ROOM, busy=dict(self._busy))
                for telling in await self._parts.store.run(claim):
                    self._busy[telling.subscription_id] += 1
                    self._begin(self._tell(telling))
                if not self._again:
                    return
        except StorageUnavailable:
            return  # the next tick looks again
        finally:
            self._looking = False

    async def stop(self) -> None:
        """What does not end in a moment is told again by the next start, by the same id."""
        self._unlisten()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=PATIENCE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines.values():
            await line.http.close()

    def _heard(self, _kind: str, _object_id: str) -> None:
        self._begin(self.run())

    def _begin(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, telling: Telling) -> None:
        try:
            told = await self._call(telling)
            with contextlib.suppress(StorageUnavailable):  # its lease ends, and it is told again
                await self._parts.store.run(lambda tx: announced.record(tx, told))
                self._parts.metrics.told(told.state)
            if told.off:
                log.error("webhook.off", object=telling.subscription_id, reason=told.off)
        except Exception as err:
            log.exception("webhook.failed", object=telling.subscription_id, error=type(err).__name__)
        finally:
            self._busy[telling.subscription_id] -= 1
        await self.run()

    async def _call(self, telling: Telling) -> Told:
        clock = self._parts.clock
        began = clock.ms()
        status: int | None = None
        answer, error, rest_s = "", "", 0.0
        try:
            near = rules.is_near(self._parts.config.server.host, self._parts.config.server.public_url)
            base, path = rules.address(telling.url, near=near)
        except ValueError:
            error = "address"
        else:
            line = await self._line(telling.subscription_id, base)
            body = rules.payload(telling)
            line.headers = {}
            try:
                status, got = await line.http.post(
                    path, body, rules.signed(telling, body, now_ms=began), total_s=CALL_S
                )
                answer = _kept(telling, got)
                rest_s = rules.retry_after(line.headers, now_ms=began) if status >= 400 else 0.0
                error = "" if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
            except ChannelError as err:
                error = _word(err) if base.partition("://")[2] not in line.guard.closed else "not_public"
        now = clock.ms()
        fate = rules.fate(telling, status, now_ms=now, rest_s=rest_s)
        return Told(
            telling=telling,
            state=fate.state,
            started_at=began,
            took_ms=max(0, now - began),
            status=status,
            error=error,
            answer=answer,
            next_at=fate.next_at,
            off=fate.off,
            rest_until=fate.rest_until,
        )

    async def _line(self, subscription_id: str, base: str) -> _Line:
        line = self._lines.pop(subscription_id, None)
        if line is not None and line.base != base:
            await line.http.close()
            line = None
        line = line or _Line(base, near=base.startswith("http://"), resolver=self._resolver)
        self._lines[subscription_id] = line  # the last used last
        if len(self._lines) > CLIENTS:
            await self._lines.pop(next(iter(self._lines))).http.close()
        return line


def _kept(telling: Telling, got: bytes) -> str:
    """Of the answer, for the log: who is told more than ids may say it back, and the log is not sealed."""
    if telling.include:
        return f"({len(got)} B)" if got else ""
    return clean(got[: announced.ANSWER].decode("utf-8", "replace"))


def _word(err: ChannelError) -> str:
    for mark, word in ERRORS:
        if mark in err.code:
            return word
    return "lost" if isinstance(err, DeliveryUnknown) else "unreachable"
