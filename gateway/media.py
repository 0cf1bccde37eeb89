"""Customers' files: fetched from the platform that keeps them, checked, sealed into our store.

A few at a time, each account for itself: a platform that drips must not keep another's files waiting until their
addresses are dead. What dies first is fetched first. What cannot be had at once is tried until its life is over.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from channels.contract import ChannelError, Permanent, RateLimited
from gateway.filecheck import MEDIA, FileRefused, accept
from storage import attachments, files
from storage.attachments import EXPIRED

if TYPE_CHECKING:
    from channels.contract import Capabilities
    from gateway.filestore import FileStore
    from gateway.parts import Parts

log = structlog.get_logger("media")
AN_ACCOUNT: Final = 4
AT_ONCE: Final = 8  # files in memory at one time
FETCH_S: Final = 60.0
LIFE_S: Final = 86_400  # of an address whose platform does not say
WAITS_S: Final = (5, 10, 20, 40, 80, 160, 300)
LAST_S: Final = 60  # before its life is over it is tried once more
OWN_TRIES: Final = 5  # of what fails by an error of ours


@dataclass(slots=True)
class Fetcher:
    """`run` once a tick: begins whatever is due and has room."""

    parts: Parts
    store: FileStore
    _busy: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        room = AT_ONCE - len(self._tasks)
        free = {one: AN_ACCOUNT - self._busy[one] for one in self.parts.clients if self._busy[one] < AN_ACCOUNT}
        if room <= 0 or not free:
            return
        lives = {one: self._life_ms(one) for one in free}
        for item in await self.parts.store.run(lambda tx: attachments.due(tx, free=free, lives=lives, limit=room)):
            self._busy[item.account_id] += 1
            task = asyncio.create_task(self._guarded(item))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Returns when nothing is being fetched."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def stop(self) -> None:
        """What is under way is begun anew by the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _carries(self, account_id: str) -> Capabilities:
        return self.parts.adapters[account_id.partition(":")[0]].capabilities

    def _life_ms(self, account_id: str) -> int:
        return 1000 * (self._carries(account_id).file_life_s or LIFE_S)

    async def _guarded(self, item: attachments.Due) -> None:
        try:
            await self._one(item)
        except Exception as err:
            log.exception("media.failed", account=item.account_id, error=type(err).__name__)
            if item.attempts + 1 >= OWN_TRIES:
                await self._end(item, "failed", "gone")
            else:
                await self._later(item, WAITS_S[min(item.attempts, len(WAITS_S) - 1)])
        finally:
            self._busy[item.account_id] -= 1

    async def _one(self, item: attachments.Due) -> None:
        limit = self._carries(item.account_id).fetch_bytes
        if not item.source:
            await self._end(item, "gone", "gone")
            return
        if item.size > limit:
            await self._end(item, "too_large")
            return
        try:
            async with asyncio.timeout(FETCH_S):
                data = await self.parts.clients[item.account_id].fetch(item.source, limit=limit)
        except Permanent as err:
            gone = err.reason == "gone"
            reason = EXPIRED if gone and self._left_s(item) <= 0 else err.reason
            await self._end(item, reason, "gone" if gone else "refused")
        except RateLimited as err:
            await self._later(item, err.retry_after, counts=False)
        except (ChannelError, TimeoutError):
            await self._again(item)
        else:
            await self._keep(item, data, limit)

    async def _keep(self, item: attachments.Due, data: bytes, limit: int) -> None:
        try:
            accepted = await accept(data, name=item.name, allowed=MEDIA, largest=limit, sound=item.kind == "audio")
        except FileRefused as err:
            await self._end(item, err.code)
            return
        key = files.new_key()
        file_id = await self.store.put(accepted.data, key)
        kept = await self.parts.store.run(
            lambda tx: attachments.stored(
                tx,
                item,
                file_id=file_id,
                key=key,
                name=accepted.name,
                mime=accepted.mime,
                size=len(accepted.data),
                sha256=accepted.sha256,
            )
        )
        if not kept:
            await self.store.drop(file_id)  # erased or taken back meanwhile, or another process was faster

    def _left_s(self, item: attachments.Due) -> float:
        return (item.created_at + self._life_ms(item.account_id) - self.parts.clock.ms()) / 1000

    async def _again(self, item: attachments.Due) -> None:
        """Nobody could be reached. Once more just before its life is over; afterwards it is gone."""
        left = self._left_s(item)
        if left <= 0:
            await self._end(item, EXPIRED, "gone")
            return
        wait = WAITS_S[min(item.attempts, len(WAITS_S) - 1)]
        await self._later(item, min(wait, max(left - LAST_S, 1.0)) if left > LAST_S else left)

    async def _later(self, item: attachments.Due, wait_s: float, *, counts: bool = True) -> None:
        await self.parts.store.run(lambda tx: attachments.later(tx, item.id, wait_s=wait_s, counts=counts))

    async def _end(self, item: attachments.Due, reason: str, state: str = "refused") -> None:
        log.info("media.not_kept", account=item.account_id, reason=reason, state=state)
        await self.parts.store.run(lambda tx: attachments.ended(tx, item, reason, state=state))
