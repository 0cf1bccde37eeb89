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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog
from sqlalchemy import Engine

from storage import inbox, outbox
from storage.engines import FileLock, make_engine, sqlite_is_gated, sqlite_path
from storage.errors import Raced, StorageBroken, StorageUnavailable, classify, reruns
from storage.gates import Gates
from storage.ids import new_id
from storage.keys import KeyRing
from storage.killpoints import kp
from storage.lanes import Lanes
from storage.tx import Tx

T = TypeVar("T")
log = structlog.get_logger("storage")

BATCH: Final = 64  # items a transaction
UNITS: Final = 32  # of which units with a savepoint of their own
HEARTBEAT_S: Final = 1.0
POLL_S: Final = 1.0  # the net under the in-process wake-ups


class Thinker(Protocol):
    """What the store's thread does with lanes that are ready. `handlers.engine.Engine` is one."""

    def load(self, tx: Tx, lanes: Sequence[str]) -> Any:
        """Read what the lanes need. None when nothing is ready after all."""
        ...

    def decide(self, work: Any, *, now_ms: int) -> Any:
        """Compute, outside any transaction; never raises for one lane's sake."""
        ...

    def write(self, tx: Tx, result: Any) -> None:
        """Write the result; raises storage.errors.Raced when somebody was faster."""
        ...

    def unwritable(self, result: Any, err: Exception) -> Any:
        """What to write instead of one lane's result that the database refused."""
        ...

    def unloadable(self, tx: Tx, point_id: str, err: Exception) -> None:
        """Count a try of a lane that cannot even be loaded."""
        ...


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """heartbeat_age_s -- since the last committed heartbeat · reason -- '' while writable."""

    heartbeat_age_s: float
    writable: bool
    reason: str
    queue: int


class _Item:
    """Something that waits for the next batch."""

    __slots__ = ("error", "kind", "loop", "payload", "result", "waiter")

    def __init__(self, kind: str, payload: Any, *, asynchronous: bool) -> None:
        self.kind = kind
        self.payload = payload
        self.result: Any = None
        self.error: BaseException | None = None
        self.loop = asyncio.get_running_loop() if asynchronous else None
        self.waiter: Any = self.loop.create_future() if self.loop else threading.Event()


class Store:
    """See the module. `now_ms` -- wall clock in ms UTC (tests shift it)."""

    def __init__(self, url: str, keys: KeyRing, *, now_ms: Callable[[], int] | None = None) -> None:
        self.url = url
        self.keys = keys
        self.boot = new_id()[-10:]
        self.now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self.path = sqlite_path(url)
        self.postgres = self.path is None
        self.thinker: Thinker | None = None
        self.lanes = Lanes()
        self.gates = Gates()
        self.on_commit: Callable[[list[tuple[str, str]], list[Any]], None] | None = None
        self.on_broken: Callable[[StorageBroken], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._engine: Engine | None = None
        self._raw: Any = None  # the driver's connection, used by the thread alone
        self._readers: ThreadPoolExecutor | None = None
        self._reader_engine: Engine | None = None
        self._reader_local = threading.local()
        self._reading: list[Any] = []  # the readers' connections, to be closed with the store
        self._thread: threading.Thread | None = None
        self._lock: FileLock | None = None
        self._stopping = False
        self._damaged: StorageBroken | None = None
        self._visiting = False
        self._thinking = False
        self._beat_at = 0.0
        self._beaten = 0.0
        self._refill_at = 0.0
        self._reason = "starting"
        self._pending: Any = None
        self._suspects: list[str] = []

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
        self._engine = make_engine(self.url)
        try:
            with self._engine.connect() as conn:
                migrations.upgrade(self._engine, conn)
            self._raw = self._connected(self._engine)
            if not visiting:
                self._transaction(self._first)
        except BaseException as err:
            self._drop()
            unavailable = classify(err)
            if unavailable is not None:
                raise unavailable from err
            raise
        if self.postgres:
            self._reader_engine = make_engine(self.url, read_only=True)
            self._readers = ThreadPoolExecutor(2, thread_name_prefix="store-read")
        self._reason = ""
        self._beaten = time.monotonic()
        self._thread = threading.Thread(target=self._main, name="store", daemon=True)
        self._thread.start()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hints and claimed sends are delivered on this loop from now on."""
        self._loop = loop

    def start_thinking(self, thinker: Thinker) -> None:
        self.thinker = thinker
        self._thinking = True
        self._refill_at = 0.0
        self._wake()

    def stop_thinking(self) -> None:
        """No new turns; what is being thought is still written."""
        self._thinking = False

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
            self._readers.shutdown(wait=True)
            self._readers = None
        self._drop()

    def _drop(self) -> None:
        if self._raw is not None:
            with contextlib.suppress(Exception):
                if not self.postgres:
                    self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with contextlib.suppress(Exception):
                self._raw.close()
        while self._reading:
            with contextlib.suppress(Exception):
                self._reading.pop().close()
        for engine in (self._engine, self._reader_engine):
            if engine is not None:
                engine.dispose()
        self._raw = self._engine = self._reader_engine = None
        if self._lock is not None:
            self._lock.drop()
            self._lock = None

    @staticmethod
    def _connected(engine: Engine) -> Any:
        """The driver's own connection, ours alone, set up as the engine's are."""
        found = engine.raw_connection()
        raw = found.driver_connection
        found.detach()
        return raw

    @property
    def single_connection(self) -> bool:
        """True when this SQLite library must be the file's only connection (version gate)."""
        return not self.postgres and sqlite_is_gated()

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
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._read_postgres, query)
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
        self._items.put(_Item("mark", outcome, asynchronous=False))

    def call(self, unit: Callable[[Tx], T]) -> T:
        """`run` for callers without an event loop."""
        item = _Item("unit", unit, asynchronous=False)
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
        self._items.put(_Item("wake", tuple(lanes), asynchronous=False))

    async def _submit(self, kind: str, payload: Any) -> Any:
        if self._damaged is not None:
            raise self._damaged
        if self._stopping or self._thread is None:
            raise StorageUnavailable("stopped")
        item = _Item(kind, payload, asynchronous=True)
        self._items.put(item)
        return await item.waiter

    def _wake(self) -> None:
        self.wake()

    # ---- the thread

    def _main(self) -> None:
        while True:
            items = self._collect()
            if items is None:
                break
            self._guarded_cycle(items)

    def _guarded_cycle(self, items: list[_Item]) -> None:
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

    def _collect(self) -> list[_Item] | None:
        """The next items; [] when only the clock moved; None at the end."""
        items: list[_Item] = []
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
        if self._pending is not None or (self._suspects and self._thinking):
            return 0
        wait = max(0.0, self._beat_at - time.monotonic())
        if self._thinking:
            now = self.now_ms()
            next_due = self.lanes.next_due()
            if next_due is not None:
                wait = min(wait, max(0, next_due - now) / 1000)
        return wait

    def _cycle(self, items: list[_Item]) -> None:
        writes = [item for item in items if item.kind in ("unit", "ingest", "mark")]
        beat = time.monotonic() >= self._beat_at
        if writes or self._pending is not None or beat:
            self._write(writes, beat)
        reads = [item for item in items if item.kind == "read"]
        if reads:
            self._read(reads)
        for item in items:
            if item.kind == "copy":
                self._copy(item)
            if item.kind == "wake":
                self._refill_at = 0.0 if not item.payload else self._refill_at
                for lane, why, due in item.payload:
                    self.lanes.add(lane, why, due)
        self._think()

    def _write(self, items: list[_Item], beat: bool) -> None:
        pending, self._pending = self._pending, None
        if self._damaged is not None:
            self._unavailable(items, self._damaged)
            return
        if any(item.kind == "ingest" for item in items) and not self._ensure_day_key(items):
            return
        for again in (True, False):
            try:
                done = self._transaction(partial(self._batch, items, pending, beat))
                break
            except Exception as err:
                unavailable = classify(err)
                if isinstance(unavailable, StorageBroken):
                    self._broken(unavailable)
                if unavailable is not None and not self._reconnect():
                    self._unavailable(items, unavailable)
                    return
                if again and (reruns(err) or unavailable is not None):
                    continue
                if unavailable is not None:
                    self._unavailable(items, unavailable)
                    return
                self._one_by_one(items, pending, err)
                return
        self._committed(items, done, beat)
        if pending is not None:
            kp("think.after_commit")

    def _batch(self, items: list[_Item], pending: Any, beat: bool, tx: Tx) -> Tx:
        if pending is not None and self.thinker is not None:
            self.thinker.write(tx, pending)
        ingests = [item for item in items if item.kind == "ingest"]
        if ingests:
            flat = [arrival for item in ingests for arrival in item.payload]
            fresh = iter(inbox.ingest(tx, flat))
            for item in ingests:
                item.result = [next(fresh) for _ in item.payload]
            kp("ingest.before_commit")
        marks = [item.payload for item in items if item.kind == "mark"]
        if marks:
            outbox.record(tx, marks)
            kp("mark.before_commit")
        for item in items:
            if item.kind == "unit":
                self._unit(tx, item)
        if beat:
            inbox.heartbeat(tx)
        return tx

    def _unit(self, tx: Tx, item: _Item) -> None:
        item.error = item.result = None
        marks = (len(tx.hints), len(tx.sends), len(tx.after))
        try:
            tx.run("SAVEPOINT unit")
            item.result = item.payload(tx)
            tx.run("RELEASE SAVEPOINT unit")
        except Exception as err:
            if classify(err) is not None or reruns(err):
                raise
            tx.run("ROLLBACK TO SAVEPOINT unit")
            tx.run("RELEASE SAVEPOINT unit")
            for job in tx.sends[marks[1] :]:
                self.gates.release(job.account_id)
            del tx.hints[marks[0] :], tx.sends[marks[1] :], tx.after[marks[2] :]
            item.error = err

    def _one_by_one(self, items: list[_Item], pending: Any, err: Exception) -> None:
        """The batch failed for a reason of one of its items: each again, alone, to find it."""
        log.warning("store.batch_retried_alone", items=len(items), error=type(err).__name__)
        if pending is not None and self.thinker is not None:
            try:
                self._committed([], self._transaction(partial(self._batch, [], pending, False)), False)
            except Exception as failure:
                unavailable = classify(failure)
                log.warning("store.think_rolled_back", error=type(failure).__name__)
                if unavailable is None:
                    for single in pending.singly():
                        self._write_alone(single)
                self._refill_at = 0.0
        for item in items:
            try:
                tx = self._transaction(partial(self._batch, [item], None, False))
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
        thinker = self.thinker
        assert thinker is not None
        try:
            self._committed([], self._transaction(partial(self._batch, [], single, False)), False)
        except Raced:
            return  # somebody else thought it: it is loaded again
        except Exception as err:
            if classify(err) is not None:
                return
            log.exception("store.turn_refused", error=type(err).__name__)
            instead = thinker.unwritable(single, err)
            with contextlib.suppress(Exception):
                self._committed([], self._transaction(partial(self._batch, [], instead, False)), False)

    def _transaction(self, body: Callable[[Tx], T], *, reads: bool = False) -> T:
        """`body` between BEGIN and COMMIT of the store's connection; rolled back when it raises."""
        raw = self._raw
        if raw is None:
            raise StorageUnavailable("connection")
        tx = Tx(raw, self.keys, now_ms=self.now_ms(), boot=self.boot, postgres=self.postgres, gates=self.gates)
        try:
            if not self.postgres:
                raw.execute("BEGIN" if reads else "BEGIN IMMEDIATE")
            result = body(tx)
            raw.commit()
        except BaseException:
            for job in tx.sends:
                self.gates.release(job.account_id)
            with contextlib.suppress(Exception):
                raw.rollback()
            raise
        return result

    def _committed(self, items: list[_Item], tx: Tx, beat: bool) -> None:
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
            self.lanes.add(lane, why, due)
        self._deliver(items, tx.hints, tx.sends)

    def _deliver(self, items: list[_Item], hints: list[tuple[str, str]], sends: list[Any]) -> None:
        """Release the waiters, one wake-up a loop and batch."""
        waiting: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
        for item in items:
            if item.loop is not None:
                waiting.setdefault(item.loop, []).append(item)
            else:
                item.waiter.set()
        if (hints or sends) and self._loop is not None and self.on_commit is not None:
            waiting.setdefault(self._loop, [])
        for loop, group in waiting.items():
            mine = (hints, sends) if loop is self._loop else ([], [])
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(self._release, group, *mine)

    def _release(self, items: list[_Item], hints: list[tuple[str, str]], sends: list[Any]) -> None:
        for item in items:
            if not item.waiter.done():
                if item.error is not None:
                    item.waiter.set_exception(item.error)
                else:
                    item.waiter.set_result(item.result)
        if (hints or sends) and self.on_commit is not None:
            self.on_commit(hints, sends)

    # ---- trouble

    def _unavailable(self, items: list[_Item], err: StorageUnavailable) -> None:
        """Nothing was stored. Marks are kept for the next batch: a call was made and its fate must not be lost."""
        self._reason = err.reason
        self._beat_at = time.monotonic() + HEARTBEAT_S
        self._refill_at = 0.0
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

    def _reconnect(self) -> bool:
        """After a failure: PostgreSQL may have closed our connection. True when there is a live one."""
        if not self.postgres:
            return False
        assert self._engine is not None
        with contextlib.suppress(Exception):
            if self._raw is not None:
                self._raw.close()
        self._raw = None
        for wait_s in (0.0, 0.2):
            time.sleep(wait_s)
            with contextlib.suppress(Exception):
                self._raw = self._connected(self._engine)
                return True
        return False

    def _ensure_day_key(self, items: list[_Item]) -> bool:
        """The day key of a batch is committed before anything is sealed with it."""
        day = self.now_ms() // 86_400_000
        for again in (True, False):
            if self.keys.day(day) is not None:
                break
            try:
                self.keys.open_day(day, self._transaction(lambda tx: inbox.day_key(tx, day)))
            except Exception as err:
                unavailable = classify(err)
                if unavailable is None:
                    raise
                if not (self._reconnect() and again):
                    self._unavailable(items, unavailable)
                    return False
        return True

    def _copy(self, item: _Item) -> None:
        try:
            item.result = item.payload(self._raw, self._meanwhile)
        except Exception as err:  # the copier's own error goes to the copier
            item.error = classify(err) or err
        self._deliver([item], [], [])

    def _meanwhile(self) -> None:
        """One round of waiting work in the middle of a copy."""
        items: list[_Item] = []
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

    def _read(self, items: list[_Item]) -> None:
        for item in items:
            started = time.monotonic()
            try:
                item.result = self._transaction(item.payload, reads=True)
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

    def _read_postgres(self, query: Callable[[Tx], T]) -> T:
        for again in (True, False):
            raw: Any = getattr(self._reader_local, "raw", None)
            try:
                if raw is None:
                    assert self._reader_engine is not None
                    raw = self._reader_local.raw = self._connected(self._reader_engine)
                    self._reading.append(raw)
                tx = Tx(raw, self.keys, now_ms=self.now_ms(), boot=self.boot, postgres=True, gates=self.gates)
                try:
                    return query(tx)
                finally:
                    raw.rollback()
            except Exception as err:
                unavailable = classify(err)
                if unavailable is None:
                    raise
                self._reader_local.raw = None
                with contextlib.suppress(Exception):
                    if raw is not None:
                        self._reading.remove(raw)
                        raw.close()
                if not again:
                    raise unavailable from err
        raise StorageUnavailable("connection")

    def _think(self) -> None:
        if not self._thinking or self.thinker is None or self._reason:
            return
        try:
            if time.monotonic() >= self._refill_at:
                self._refill_at = time.monotonic() + POLL_S
                self._refill()
            now = self.now_ms()
            ready = self._suspect() or self.lanes.take(now, BATCH)
            if not ready:
                return
            thinker = self.thinker
            work = self._load(thinker, ready)
            kp("think.after_load")
            if work is None:
                return
            self._pending = self.thinker.decide(work, now_ms=now)
            kp("think.after_decide")
        except Exception as err:
            unavailable = classify(err)
            if unavailable is None:
                raise
            self._reconnect()
            self._unavailable([], unavailable)

    def _load(self, thinker: Thinker, ready: list[str]) -> Any:
        """The lanes' work; one that cannot be read costs itself an attempt, not the others their turn."""
        try:
            return self._transaction(lambda tx: thinker.load(tx, ready), reads=not self.postgres)
        except Exception as err:
            if classify(err) is not None:
                raise
            log.exception("store.load_failed", count=len(ready), error=type(err).__name__)
        work: list[Any] = []
        for lane in ready:
            try:
                work += self._transaction(partial(thinker.load, lanes=[lane]), reads=not self.postgres) or []
            except Exception as err:
                if classify(err) is not None:
                    raise
                tx = self._transaction(partial(_unloadable, thinker, lane, err))
                for again in tx.after:
                    self.lanes.add(*again)
        return work or None

    def _suspect(self) -> list[str]:
        """After an unclean stop: one lane at a time, its attempt committed first, until those lanes are through."""
        while self._suspects:
            lane = self._suspects.pop(0)
            if self._transaction(partial(inbox.suspect, point_id=lane)):
                self._suspects.append(lane)
                return [lane]
        return []

    def _refill(self) -> None:
        """The net: lanes with open events that no wake-up told us of (start, another process, a lost race)."""
        for lane, why, due in self._transaction(inbox.open_lanes):
            self.lanes.add(lane, why, due)

    def _first(self, tx: Tx) -> None:
        """What a start must settle before anything else runs."""
        self._suspects = inbox.begin_boot(tx)


def _unloadable(thinker: Thinker, lane: str, err: Exception, tx: Tx) -> Tx:
    thinker.unloadable(tx, lane, err)
    return tx
