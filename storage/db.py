"""The store: one thread, one connection, group commit. Here is what callers see of it; `storage.thread` is the thread.

What arrives while a commit runs is the next batch; every waiter, a webhook's 200 too, is released by the commit. Between
batches the thread thinks: it loads the lanes that are ready, lets the thinker decide outside any transaction, and the next
batch writes the result. Reads run between batches on SQLite, on two read-only threads on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from storage import boots, inbox, outbox
from storage.connection import Connection
from storage.engines import FileLock, sqlite_is_gated, sqlite_path
from storage.errors import StorageBroken, StorageUnavailable, classify
from storage.gates import Gates
from storage.ids import new_id
from storage.items import Deliver, Item, OnCommit
from storage.keys import KeyRing
from storage.lanes import Lanes
from storage.listening import Listening
from storage.readers import Readers
from storage.thinking import Thinker, Thinking
from storage.thread import StoreThread
from storage.tx import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """heartbeat_age_s -- since the last committed heartbeat · reason -- '' while writable."""

    heartbeat_age_s: float
    writable: bool
    reason: str
    queue: int


class Store:
    """See the module. `now_ms` -- wall clock in ms UTC (tests shift it)."""

    def __init__(self, url: str, keys: KeyRing, *, now_ms: Callable[[], int] | None = None) -> None:
        self.url = url
        self.keys = keys
        self.boot = new_id()[-10:]
        self.now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self.path = sqlite_path(url)
        self.postgres = self.path is None
        self.gates = Gates()
        self.listening = Listening()
        self._deliver = Deliver()
        self._connection = Connection(
            url, keys, self.gates, self.listening, boot=self.boot, postgres=self.postgres, now_ms=self._now
        )
        self._thinking = Thinking(self._connection.transaction, postgres=self.postgres)
        self._thread = StoreThread(
            self._connection, self._thinking, self._deliver, keys=keys, gates=self.gates, now_ms=self._now
        )
        self._readers: Readers | None = None
        self._lock: FileLock | None = None
        self._visiting = False

    # ---- life

    def open(self, *, visiting: bool = False) -> None:
        """Lock, connect, migrate, recover, start the thread. Raises AlreadyRunning, SchemaNewer, StorageUnavailable.
        `visiting` -- for a command: what the last run left open stays as it is, for the next run to settle."""
        self._visiting = visiting
        from storage import migrations

        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path)
            self._lock.take()
        try:
            self._connection.open(migrations.upgrade)
            if not visiting:
                self._connection.transaction(self._first)
        except BaseException as err:
            self._drop()
            unavailable = classify(err)
            if unavailable is not None:
                raise unavailable from err
            raise
        if self.postgres:
            self._readers = Readers(self.url, self._connection.begin)
        self._thread.start()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hints and claimed sends are delivered on this loop from now on."""
        self._deliver.loop = loop

    def start_thinking(self, thinker: Thinker) -> None:
        self._thinking.start(thinker)
        self.wake()

    def stop_thinking(self) -> None:
        """No new turns; what is being thought is still written."""
        self._thinking.on = False

    def close(self, *, clean: bool = True) -> None:
        """Finish the queue, checkpoint, let go. `clean` marks the stop, so that the next start need not suspect
        the events that it finds open."""
        if clean and not self._visiting and self._thread.takes:
            with contextlib.suppress(StorageUnavailable):
                self.call(boots.mark_clean_stop)
        self._thread.stop()
        if self._readers is not None:
            self._readers.close()
            self._readers = None
        self._drop()

    def _drop(self) -> None:
        self._connection.close()
        if self._lock is not None:
            self._lock.drop()
            self._lock = None

    @property
    def on_commit(self) -> OnCommit | None:
        """Called on the attached loop, after each commit that made any, with hints and claimed sends."""
        return self._deliver.on_commit

    @on_commit.setter
    def on_commit(self, heard: OnCommit | None) -> None:
        self._deliver.on_commit = heard

    @property
    def on_broken(self) -> Callable[[StorageBroken], None] | None:
        """Called on the store's thread when the database is damaged."""
        return self._thread.on_broken

    @on_broken.setter
    def on_broken(self, heard: Callable[[StorageBroken], None] | None) -> None:
        self._thread.on_broken = heard

    @property
    def on_wait(self) -> Callable[[str, float], None] | None:
        """Told of each batch's first item: kind, and the seconds that it waited."""
        return self._thread.on_wait

    @on_wait.setter
    def on_wait(self, heard: Callable[[str, float], None] | None) -> None:
        self._thread.on_wait = heard

    @property
    def lanes(self) -> Lanes:
        """The lanes that wait to be thought."""
        return self._thinking.lanes

    def _now(self) -> int:
        return self.now_ms()  # looked up at each call: tests shift it

    @property
    def single_connection(self) -> bool:
        """True when this SQLite library must be the file's only connection (version gate)."""
        return not self.postgres and sqlite_is_gated()

    @property
    def visiting(self) -> bool:
        """It was opened for a command."""
        return self._visiting

    @property
    def backlog(self) -> int:
        """Items that wait for the thread."""
        return self._thread.backlog

    def health(self) -> StoreHealth:
        return StoreHealth(
            heartbeat_age_s=time.monotonic() - self._thread.beaten,
            writable=not self._thread.reason,
            reason=self._thread.reason,
            queue=self.backlog,
        )

    # ---- what callers use

    async def run(self, unit: Callable[[Tx], T]) -> T:
        """A unit of work: one savepoint in the next batch. May run twice; touches nothing but its tx."""
        result: T = await self._submit("unit", unit)
        return result

    async def read(self, query: Callable[[Tx], T]) -> T:
        """A query that writes nothing, at most about 20 ms."""
        if self._readers is not None:
            return await self._readers.read(query)
        result: T = await self._submit("read", query)
        return result

    async def copy(self, job: Callable[[Any, Callable[[], None]], T]) -> T:
        """A long job with the raw SQLite connection, on the store's thread and outside any transaction (backup).
        `job(connection, between)`: what waits is done whenever it calls `between`."""
        result: T = await self._submit("copy", job)
        return result

    async def ingest(self, arrivals: Sequence[inbox.Arrival]) -> list[bool]:
        """Store events; returns after the commit: True where the event was new, False for a duplicate."""
        fresh: list[bool] = await self._submit("ingest", arrivals)
        return fresh

    def mark(self, outcome: outbox.Outcome) -> None:
        """The fate of a call; rides on the next batch. Kept in memory until a batch takes it."""
        self._thread.put(Item("mark", outcome, asynchronous=False))

    def call(self, unit: Callable[[Tx], T]) -> T:
        """`run` for callers without an event loop."""
        item = Item("unit", unit, asynchronous=False)
        item.waiter = threading.Event()
        self._thread.put(item)
        while not item.waiter.wait(timeout=30):
            if not self._thread.alive:
                raise StorageUnavailable("stopped")
        if item.error is not None:
            raise item.error
        result: T = item.result
        return result

    def wake(self, lanes: Iterable[tuple[str, str, int]] = ()) -> None:
        """Look at these lanes (or at the tables) now."""
        self._thread.put(Item("wake", tuple(lanes), asynchronous=False))

    async def _submit(self, kind: str, payload: Any) -> Any:
        if self._thread.damaged is not None:
            raise self._thread.damaged
        if not self._thread.takes:
            raise StorageUnavailable("stopped")
        item = Item(kind, payload, asynchronous=True)
        self._thread.put(item)
        return await item.waiter

    def _first(self, tx: Tx) -> None:
        """What a start must settle before anything else runs."""
        self._thinking.suspects = boots.begin(tx)
