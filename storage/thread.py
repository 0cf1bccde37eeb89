"""The store's thread: it takes what waits, writes it as one transaction, tells everybody, reads, and thinks.

What arrives while a commit runs is the next batch (at most 64 items). A batch that fails for a reason of one of its items is
tried item by item; what the database cannot take now is refused, but for the fates of calls: they wait for the next batch.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog

from storage import batch, inbox
from storage.connection import Connection, InDoubt
from storage.errors import Raced, StorageBroken, StorageUnavailable, classify, reruns
from storage.gates import Gates
from storage.items import Deliver, Item
from storage.keys import KeyRing
from storage.killpoints import kp
from storage.thinking import Thinking
from storage.tx import Tx

log = structlog.get_logger("storage")
BATCH: Final = 64  # items a transaction
UNITS: Final = 32  # of which units with a savepoint of their own
HEARTBEAT_S: Final = 1.0


class StoreThread:
    """`reason` -- why nothing can be written now, '' while it can · `damaged` -- why nothing ever will be again ·
    `beaten` -- monotonic seconds of the last commit · `on_broken`, `on_wait` -- called on this thread."""

    def __init__(
        self,
        connection: Connection,
        thinking: Thinking,
        deliver: Deliver,
        *,
        keys: KeyRing,
        gates: Gates,
        now_ms: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._thinking = thinking
        self._deliver = deliver
        self._keys = keys
        self._gates = gates
        self._now_ms = now_ms
        self.on_broken: Callable[[StorageBroken], None] | None = None
        self.on_wait: Callable[[str, float], None] | None = None  # of each batch's first item: kind, seconds
        self.reason = "starting"
        self.damaged: StorageBroken | None = None
        self.beaten = 0.0
        self._beat_at = 0.0
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        self.reason = ""
        self.beaten = time.monotonic()
        self._thread = threading.Thread(target=self._main, name="store", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What was put before is done first."""
        if self._thread is not None:
            self._stopping = True
            self.put(None)
            self._thread.join(timeout=15)
            self._thread = None

    @property
    def takes(self) -> bool:
        """It was started, and nobody stops it."""
        return self._thread is not None and not self._stopping

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def backlog(self) -> int:
        return self._items.qsize()

    def put(self, item: Item | None) -> None:
        """One more that waits; None is the end."""
        self._items.put(item)

    # ---- rounds

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
                    self.put(item)
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
                self.put(None)
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
        due = self._thinking.due_in(self._now_ms())
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
        if self.damaged is not None:
            self._unavailable(items, self.damaged)
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
                    self._gates.release(job.account_id)
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
                    self.put(item)  # a call was made and its fate must not be lost
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
        self.beaten = time.monotonic()
        self.reason = ""
        for lane, why, due in tx.after:
            self._thinking.lanes.add(lane, why, due)
        self._deliver(items, tx.hints, tx.sends)

    # ---- trouble

    def _unavailable(self, items: list[Item], err: StorageUnavailable) -> None:
        """Nothing was stored. Marks are kept for the next batch: a call was made and its fate must not be lost."""
        self.reason = err.reason
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
                self.put(item)

    def _broken(self, err: StorageBroken) -> None:
        self.damaged = err  # for good: after a failed fsync the next one may lie
        log.critical("store.broken", reason=err.reason)
        if self.on_broken is not None:
            self.on_broken(err)

    def _ensure_day_key(self, items: list[Item]) -> bool:
        """The day key of a batch is committed before anything is sealed with it."""
        day = self._now_ms() // 86_400_000
        for again in (True, False):
            if self._keys.day(day) is not None:
                break
            try:
                self._keys.open_day(day, self._connection.transaction(lambda tx: inbox.day_key(tx, day)))
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
                    self.put(None)
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
        if self.reason:
            return
        try:
            self._thinking.round(self._now_ms())
        except Exception as err:
            unavailable = classify(err)
            if unavailable is None:
                raise
            self._connection.again()
            self._unavailable([], unavailable)
