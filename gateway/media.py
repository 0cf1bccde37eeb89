"""Customers' files: fetched from the platform that keeps them, checked, sealed into our store. A few at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from channels.contract import ChannelError, Permanent, RateLimited
from gateway.filecheck import MEDIA, FileRefused, accept
from storage import attachments, files

if TYPE_CHECKING:
    from gateway.filestore import FileStore
    from gateway.parts import Parts

log = structlog.get_logger("media")
AT_ONCE: Final = 3
FETCH_S: Final = 60.0
TRIES: Final = 6  # 5 s, 10 s … about five minutes; then the advisor sees that it is gone


@dataclass(slots=True)
class Fetcher:
    """`run` once a tick: whatever is due, then it is done until the next one."""

    parts: Parts
    store: FileStore

    async def run(self) -> None:
        due = await self.parts.store.run(lambda tx: attachments.due(tx, limit=AT_ONCE * 4))
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._guarded(gate, item) for item in due))

    async def _guarded(self, gate: asyncio.Semaphore, item: attachments.Due) -> None:
        async with gate:
            try:
                await self._one(item)
            except Exception as err:
                log.exception("media.failed", account=item.account_id, error=type(err).__name__)
                await self._again(item, "failed")

    async def _one(self, item: attachments.Due) -> None:
        parts = self.parts
        client = parts.clients.get(item.account_id)
        limit = parts.adapters[item.account_id.partition(":")[0]].capabilities.fetch_bytes
        if client is None:
            return
        if item.size > limit:
            await parts.store.run(lambda tx: attachments.refused(tx, item.id, "too_large"))
            return
        try:
            async with asyncio.timeout(FETCH_S):
                data = await client.fetch(item.source, limit=limit)
            accepted = await accept(data, name=item.name, declared="", allowed=MEDIA, largest=limit)
        except Permanent as err:
            reason = err.reason
            await parts.store.run(lambda tx: attachments.refused(tx, item.id, reason))
        except RateLimited as err:
            wait = err.retry_after
            await parts.store.run(lambda tx: attachments.later(tx, item.id, wait_s=wait, counts=False))
        except (ChannelError, TimeoutError):
            await self._again(item, "not_reached")
        except FileRefused as err:
            reason = err.code
            await parts.store.run(lambda tx: attachments.refused(tx, item.id, reason))
        else:
            key = files.new_key()
            file_id = await self.store.put(accepted.data, key)
            await parts.store.run(
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

    async def _again(self, item: attachments.Due, reason: str) -> None:
        if item.attempts + 1 >= TRIES:
            await self.parts.store.run(lambda tx: attachments.refused(tx, item.id, reason, state="gone"))
        else:
            await self.parts.store.run(lambda tx: attachments.later(tx, item.id, wait_s=5 * 2**item.attempts))
