"""What the API holds while it runs: doors, sign-in, idempotent calls, files, the list of what people read."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway import lawclocks, routing
from gateway.api.allow import Actor
from gateway.api.auth import Doors
from gateway.api.idempotency import Once
from gateway.api.rows import OF_ALL, OF_ONE, Rows
from gateway.api.signin import SignIn
from gateway.boards import Boards
from gateway.csvfile import Allowance
from gateway.erasing import EVERY_S as ERASE_S
from gateway.erasing import Erasing
from gateway.filestore import FileStore
from storage import accounts, audit, files, idempotency, search
from storage.errors import StorageUnavailable
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

FLUSH_S: Final = 1.0
AGAIN_S: Final = 300.0  # the same person reading the same thing within this is one line of the audit
REMEMBERED: Final = 20_000
BITES_S: Final = 0.3  # of each second for the search index
IDLE: Final = 4  # items in the store's queue: more are more urgent than search


class Reads:
    """The audit of reading: collected in memory, written once a second in one statement's time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seen: dict[tuple[str, str, str, str], float] = {}
        self._waiting: list[tuple[str, str, str, str, tuple[str, ...], str, str]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def note(
        self,
        actor: Actor,
        action: str,
        object_type: str,
        object_id: str,
        *,
        fields: tuple[str, ...] = (),
        request_id: str = "",
    ) -> None:
        """The actor saw personal values: of which object, which fields, never the values."""
        key, now = (actor.id, action, object_id, actor.through), time.monotonic()
        if now - self._seen.get(key, -AGAIN_S) < AGAIN_S:
            return
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[key] = now
        self._waiting.append((actor.id, action, object_type, object_id, fields, request_id, actor.through))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._start)

    def _start(self) -> None:
        self._timer = None
        task = asyncio.create_task(self.flush())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        lines, self._waiting = self._waiting, []

        def write(tx: Tx) -> None:
            for actor, action, object_type, object_id, fields, request_id, source in lines:
                audit.write(
                    tx,
                    actor=actor,
                    action=action,
                    object_type=object_type,
                    object_id=object_id,
                    fields=fields,
                    request_id=request_id,
                    source=source,
                )

        if lines:
            try:
                await self._parts.store.run(write)
            except StorageUnavailable:
                self._waiting = lines + self._waiting

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(StorageUnavailable):
            await self.flush()


class Api:
    """One a mounted application, `app[API]`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.doors = Doors(parts)
        self.sign_in = SignIn(parts)
        self.once = Once(parts.store)
        self.reads = Reads(parts)
        self.rows = Rows(parts.store)
        self.files = FileStore(parts.config.files.path)
        self.erasing = Erasing(parts.store, self.files, parts.config.keys.path)
        self.boards = Boards(parts)
        self.exports = Allowance()

    def attach(self) -> None:
        """Lend the parts what others need of us: reading files, closing in time, and our ticks."""
        self.parts.read_file = self.read_file
        self.parts.closers.insert(0, self.close)
        self.parts.hub.listen(self._heard, ("advisor", "erased"))
        self.parts.hub.listen(self.rows.heard, OF_ONE | OF_ALL)
        if not any(name == "search" for name, _, _ in self.parts.ticks):
            self.parts.ticks += [("search", 1, self._index), ("forget", 600, self._forget)]
            self.parts.ticks.append(("erasures", ERASE_S, self.erasing.run))
            self.parts.starters.append(self.erasing.begin)
            routing.attach(self.parts)
            lawclocks.attach(self.parts)
            if self.parts.store.postgres:  # another process may have switched
                self.parts.ticks.append(("switches", 5, self.read_switches))
                self.parts.ticks.append(("keys", 5, self._look_for_keys))

    async def read_file(self, file_id: str) -> bytes:
        """The bytes of a stored file, for the sender. Raises FileNotFoundError."""
        file = await self.parts.store.read(lambda tx: files.find(tx, file_id))
        if file is None:
            raise FileNotFoundError(file_id)
        return await self.files.get(file.id, file.key)

    def _heard(self, kind: str, object_id: str) -> None:
        if kind == "advisor":
            self.doors.forget(object_id)
        elif kind == "erased":
            self.parts.store.keys.forget(object_id)

    async def _look_for_keys(self) -> None:
        """A command may have begun a new master key beside us: from now on we seal with it."""
        await asyncio.to_thread(self.parts.store.keys.masters.look)

    async def read_switches(self) -> tuple[bool, dict[str, bool]]:
        """How the bot's switches stand, told to the engine. The configuration can only switch off what is on."""
        parts = self.parts
        bot, each = await parts.store.read(lambda tx: accounts.switches(tx, default=parts.config.conversation.bot))
        on = {name: each.get(name, True) and bool(account.get("bot", True)) for name, account in parts.accounts.items()}
        parts.engine.switches.bot, parts.engine.switches.accounts = bot, on
        return bot, dict(sorted(on.items()))

    async def _index(self) -> None:
        """Words of new messages into the search index, in small bites while nobody waits for the database."""
        until = time.monotonic() + BITES_S
        while time.monotonic() < until and self.parts.store.health().queue <= IDLE:
            if await self.parts.store.run(search.index) < search.BITE:
                return

    async def _forget(self) -> None:
        """What has had its time: idempotent answers, files that were never used, halves of a crash."""
        store = self.parts.store
        while await store.run(idempotency.forget_old):
            pass
        await store.run(files.bind_attached)
        for file_id in await store.read(files.orphans):
            await store.run(partial(files.delete, file_id=file_id))
            await self.files.drop(file_id)
        await self.files.sweep()

    async def close(self) -> None:
        """Before the store closes: what was read is written down. Twice does no harm."""
        await self.doors.close()
        await self.reads.close()
        self.sign_in.close()


API: Final = web.AppKey("api", Api)
