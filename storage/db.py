"""The store: one thread, one connection, group commit.

What arrives while a commit runs is the next batch (at most 64 items); every waiter, a webhook's 200 too, is released
by the commit. Between batches the thread thinks: it loads the lanes that are ready, lets the thinker decide outside
any transaction, and the next batch writes the result. Reads run between batches on SQLite, on two read-only threads
on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from storage import batch, inbox, outbox
from storage.connection import Connection, InDoubt
from storage.engines import FileLock, sqlite_is_gated, sqlite_path
from storage.errors import Raced, StorageBroken, StorageUnavailable, classify, reruns
from storage.gates import Gates
from storage.ids import new_id
from storage.items import Deliver, Item, OnCommit
from storage.keys import KeyRing
from storage.killpoints import kp
from storage.lanes import Lanes
from storage.listening import Listening
from storage.readers import Readers
from storage.thinking import Thinker, Thinking
from storage.tx import Tx

T = TypeVar("T")
log = structlog.get_logger("storage")

BATCH: Final = 64  # items a transaction
UNITS: Final = 32  # of which units with a savepoint of their own
HEARTBEAT_S: Final = 1.0


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
        self.on_broken: Callable[[StorageBroken], None] | None = None
        self.on_wait: Callable[[str, float], None] | None = None  # of each batch's first item: kind, seconds
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._connection = Connection(
            url, keys, self.gates, self.listening, boot=self.boot, postgres=self.postgres, now_ms=self._now
        )
        self._thinking = Thinking(self._connection.transaction, postgres=self.postgres)
        self._readers: Readers | None = None
        self._thread: threading.Thread | None = None
        self._lock: FileLock | None = None
        self._stopping = False
        self._damaged: StorageBroken | None = None
        self._visiting = False
        self._beat_at = 0.0
        self._beaten = 0.0
        self._reason = "starting"

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
        self._reason = ""
        self._beaten = time.monotonic()
        self._thread = threading.Thread(target=self._main, name="store", daemon=True)
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
        if self._thread is not None:
            if clean and not self._visiting:
                with contextlib.suppress(StorageUnavailable):
                    self.call(inbox.mark_clean_stop)
            self._stopping = True
            self._items.put(None)
            self._thread.join(timeout=15)
            self._thread = None
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
        return self._items.qsize()

    def health(self) -> StoreHealth:
        return StoreHealth(
            heartbeat_age_s=time.monotonic() - self._beaten,
            writable=not self._reason,
            reason=self._reason,
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
        self._items.put(Item("mark", outcome, asynchronous=False))

    def call(self, unit: Callable[[Tx], T]) -> T:
        """`run` for callers without an event loop."""
        item = Item("unit", unit, asynchronous=False)
        item.waiter = threading.Event()
        self._items.put(item)
        while not item.waiter.wait(timeout=30):
            if self._thread is None or not self._thread.is_alive():
                raise StorageUnavailable("stopped")
        if item.error is not None:
            raise item.error
        result: T = item.result
        return result

    def wake(self, lanes: Iterable[tuple[str, str, int]] = ()) -> None:
        """Look at these lanes (or at the tables) now."""
        self._items.put(Item("wake", tuple(lanes), asynchronous=False))

    async def _submit(self, kind: str, payload: Any) -> Any:
        if self._damaged is not None:
            raise self._damaged
        if self._stopping or self._thread is None:
            raise StorageUnavailable("stopped")
        item = Item(kind, payload, asynchronous=True)
        self._items.put(item)
        return await item.waiter

    # ---- the thread

    def _main(self) -> None:
        while True:
            items = self._collect()
            if items is None:
                break
            if items and self.on_wait is not None:
                self.on_wait(items[0].kind, time.monotonic() - items[0].since)
            self._guarded_cycle(items)

    def _guarded_cycle(self, items: list[Item]) -> None:
        try:
            self._cycle(items)
        except Exception:  # the store's thread must outlive any bug of a batch
            log.exception("store.cycle_failed")
            for item in items:
                if item.kind == "mark" and item.error is None and item.result is None:
                    self._items.put(item)
                elif item.error is None and item.result is None:
                    item.error = StorageUnavailable("internal")
            self._deliver([item for item in items if item.kind != "mark"], [], [])
            time.sleep(0.05)

    def _collect(self) -> list[Item] | None:
        """The next items; [] when only the clock moved; None at the end."""
        items: list[Item] = []
        units = 0
        try:
            first = self._items.get(timeout=self._patience())
        except queue.Empty:
            return [] if not self._stopping else None
        while True:
            if first is None:
                if not items:
                    return None
                self._items.put(None)
                return items
            items.append(first)
            units += first.kind in ("unit", "read")
            if len(items) >= BATCH or units >= UNITS:
                return items
            try:
                first = self._items.get_nowait()
            except queue.Empty:
                return items

    def _patience(self) -> float:
        beat = max(0.0, self._beat_at - time.monotonic())
        due = self._thinking.due_in(self.now_ms())
        return beat if due is None else min(beat, due)

    def _cycle(self, items: list[Item]) -> None:
        writes = [item for item in items if item.kind in ("unit", "ingest", "mark")]
        beat = time.monotonic() >= self._beat_at
        if writes or self._thinking.pending is not None or beat:
            self._write(writes, beat)
        reads = [item for item in items if item.kind == "read"]
        if reads:
            self._read(reads)
        for item in items:
            if item.kind == "copy":
                self._copy(item)
            if item.kind == "wake" and not item.payload:
                self._thinking.look_again()
            if item.kind == "wake":
                for lane, why, due in item.payload:
                    self._thinking.lanes.add(lane, why, due)
        self._think()

    def _write(self, items: list[Item], beat: bool) -> None:
        pending = self._thinking.take()
        if self._damaged is not None:
            self._unavailable(items, self._damaged)
            return
        if any(item.kind == "ingest" for item in items) and not self._ensure_day_key(items):
            return
        done: Tx | None = None
        for again in (True, False):
            try:
                done = self._connection.transaction(partial(batch.write, items, self._work(pending), beat))
                break
            except InDoubt as err:
                fate = self._connection.fate(err.transaction)
                if fate == "committed":
                    done = err.tx
                    break
                for job in err.tx.sends:
                    self.gates.release(job.account_id)
                if fate != "aborted" or not again:
                    self._unavailable(items, err)
                    return
            except Exception as err:
                unavailable = classify(err)
                if isinstance(unavailable, StorageBroken):
                    self._broken(unavailable)
                if unavailable is not None and not self._connection.again():
                    self._unavailable(items, unavailable)
                    return
                if again and (reruns(err) or unavailable is not None):
                    continue
                if unavailable is not None:
                    self._unavailable(items, unavailable)
                    return
                self._one_by_one(items, pending, err)
                return
        assert done is not None
        self._committed(items, done, beat)
        if pending is not None:
            kp("think.after_commit")

    def _work(self, pending: Any) -> batch.Work | None:
        """What was decided, with who writes it."""
        thinker = self._thinking.thinker
        return None if pending is None or thinker is None else (thinker, pending)

    def _one_by_one(self, items: list[Item], pending: Any, err: Exception) -> None:
        """The batch failed for a reason of one of its items: each again, alone, to find it."""
        log.warning("store.batch_retried_alone", items=len(items), error=type(err).__name__)
        if pending is not None:
            try:
                self._committed(
                    [], self._connection.transaction(partial(batch.write, [], self._work(pending), False)), False
                )
            except Exception as failure:
                unavailable = classify(failure)
                log.warning("store.think_rolled_back", error=type(failure).__name__)
                if unavailable is None:
                    for single in pending.singly():
                        self._write_alone(single)
                self._thinking.look_again()
        for item in items:
            try:
                tx = self._connection.transaction(partial(batch.write, [item], None, False))
            except Exception as failure:
                item.error = classify(failure) or failure
                if item.kind == "mark" and classify(failure) is not None:
                    self._items.put(item)  # a call was made and its fate must not be lost
                    continue
                if item.kind == "mark":
                    log.exception("store.mark_failed", error=type(failure).__name__)
                self._deliver([item], [], [])
            else:
                self._committed([item], tx, False)

    def _write_alone(self, single: Any) -> None:
        """One lane's turn by itself; what the database refuses costs its head an attempt."""
        thinker = self._thinking.thinker
        assert thinker is not None
        try:
            self._committed(
                [], self._connection.transaction(partial(batch.write, [], self._work(single), False)), False
            )
        except Raced:
            return  # somebody else thought it: it is loaded again
        except Exception as err:
            if classify(err) is not None:
                return
            log.exception("store.turn_refused", error=type(err).__name__)
            instead = thinker.unwritable(single, err)
            with contextlib.suppress(Exception):
                self._committed(
                    [], self._connection.transaction(partial(batch.write, [], self._work(instead), False)), False
                )

    def _committed(self, items: list[Item], tx: Tx, beat: bool) -> None:
        if any(item.kind == "ingest" for item in items):
            kp("ingest.after_commit")
        if any(item.kind == "mark" for item in items):
            kp("mark.after_commit")
        for item in items:
            if item.kind == "mark":
                item.result = True
        if beat:
            self._beat_at = time.monotonic() + HEARTBEAT_S
        self._beaten = time.monotonic()
        self._reason = ""
        for lane, why, due in tx.after:
            self._thinking.lanes.add(lane, why, due)
        self._deliver(items, tx.hints, tx.sends)

    # ---- trouble

    def _unavailable(self, items: list[Item], err: StorageUnavailable) -> None:
        """Nothing was stored. Marks are kept for the next batch: a call was made and its fate must not be lost."""
        self._reason = err.reason
        self._beat_at = time.monotonic() + HEARTBEAT_S
        self._thinking.look_again()
        log.error("store.unavailable", reason=err.reason)
        kept = [item for item in items if item.kind == "mark"]
        gone = [item for item in items if item.kind != "mark"]
        for item in gone:
            item.error, item.result = err, None
        self._deliver(gone, [], [])
        if kept:
            time.sleep(0.05)
            for item in kept:
                self._items.put(item)

    def _broken(self, err: StorageBroken) -> None:
        self._damaged = err  # for good: after a failed fsync the next one may lie
        log.critical("store.broken", reason=err.reason)
        if self.on_broken is not None:
            self.on_broken(err)

    def _ensure_day_key(self, items: list[Item]) -> bool:
        """The day key of a batch is committed before anything is sealed with it."""
        day = self.now_ms() // 86_400_000
        for again in (True, False):
            if self.keys.day(day) is not None:
                break
            try:
                self.keys.open_day(day, self._connection.transaction(lambda tx: inbox.day_key(tx, day)))
            except Exception as err:
                unavailable = classify(err)
                if unavailable is None:
                    raise
                if not (self._connection.again() and again):
                    self._unavailable(items, unavailable)
                    return False
        return True

    def _copy(self, item: Item) -> None:
        try:
            item.result = item.payload(self._connection.raw, self._meanwhile)
        except Exception as err:  # the copier's own error goes to the copier
            item.error = classify(err) or err
        self._deliver([item], [], [])

    def _meanwhile(self) -> None:
        """One round of waiting work in the middle of a copy."""
        items: list[Item] = []
        with contextlib.suppress(queue.Empty):
            while len(items) < BATCH:
                item = self._items.get_nowait()
                if item is None:
                    self._items.put(None)
                    break
                if item.kind == "copy":
                    item.error = StorageUnavailable("another copy is being made")
                    self._deliver([item], [], [])
                else:
                    items.append(item)
        self._guarded_cycle(items)

    # ---- reading and thinking

    def _read(self, items: list[Item]) -> None:
        for item in items:
            started = time.monotonic()
            try:
                item.result = self._connection.transaction(item.payload, reads=True)
            except Exception as err:
                item.error = classify(err) or err
                if isinstance(item.error, StorageBroken):
                    self._broken(item.error)
            took = time.monotonic() - started
            if took > 0.02:
                log.info(
                    "store.slow_read", took_ms=round(took * 1000), query=getattr(item.payload, "__qualname__", "?")
                )
        self._deliver(items, [], [])

    def _think(self) -> None:
        if self._reason:
            return
        try:
            self._thinking.round(self.now_ms())
        except Exception as err:
            unavailable = classify(err)
            if unavailable is None:
                raise
            self._connection.again()
            self._unavailable([], unavailable)

    def _first(self, tx: Tx) -> None:
        """What a start must settle before anything else runs."""
        self._thinking.suspects = inbox.begin_boot(tx)
