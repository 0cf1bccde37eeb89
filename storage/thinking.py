"""Thinking between two batches: which lanes are ready, what they need, and what the thinker made of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog

from storage import inbox, suspects
from storage.errors import classify
from storage.killpoints import kp
from storage.lanes import Lanes
from storage.tx import Tx

T = TypeVar("T")
log = structlog.get_logger("storage")
LANES: Final = 64  # a round
POLL_S: Final = 1.0  # the net under the in-process wake-ups
CALM_S: Final = 2.0  # so long must a process have lived before it tries a suspect


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


class Transact(Protocol):
    """`body` between BEGIN and COMMIT on the store's connection; `reads` -- it writes nothing."""

    def __call__(self, body: Callable[[Tx], T], *, reads: bool = False) -> T: ...


class Thinking:
    """The lanes that wait and the work in hand. Used by the store's thread alone, but for `on` and `thinker`.

    `pending` -- decided, to be written with the next batch · `suspects` -- lanes that an unclean stop found open."""

    def __init__(self, transact: Transact, *, postgres: bool) -> None:
        self._transact = transact
        self._postgres = postgres
        self.thinker: Thinker | None = None
        self.on = False
        self.lanes = Lanes()
        self.suspects: list[str] = []
        self.pending: Any = None
        self._last: list[str] = []  # suspects whose trial is to come
        self._calm_at = 0.0
        self._refill_at = 0.0

    def start(self, thinker: Thinker) -> None:
        self.thinker = thinker
        self.on = True
        self._calm_at = time.monotonic() + CALM_S
        self.look_again()

    def look_again(self) -> None:
        """Look at the tables in the next round: something may be open that no wake-up told of."""
        self._refill_at = 0.0

    def take(self) -> Any:
        """What was decided, to be written now."""
        pending, self.pending = self.pending, None
        return pending

    def due_in(self, now_ms: int) -> float | None:
        """Seconds until there may be something to think about; None when only an event can bring it."""
        if self.pending is not None or (self.suspects and self.on):
            return 0.0
        if not self.on:
            return None
        due = self.lanes.next_due()
        waits = [] if due is None else [max(0, due - now_ms) / 1000]
        if self._last:
            waits.append(max(0.0, self._calm_at - time.monotonic()))
        return min(waits, default=None)

    def round(self, now_ms: int) -> None:
        """Load what is ready and decide it. Raises what the database raises; a lane's own fault stays its own."""
        if not self.on or self.thinker is None:
            return
        if time.monotonic() >= self._refill_at:
            self._refill_at = time.monotonic() + POLL_S
            for lane, why, due in self._transact(inbox.open_lanes):
                self.lanes.add(lane, why, due)
        ready, on_trial = self._suspect()
        ready = ready or [lane for lane in self.lanes.take(now_ms, LANES) if lane not in self._last]
        if not ready:
            return
        work = self._load(self.thinker, ready)
        kp("think.after_load")
        if work is None:
            return
        decide = partial(self.thinker.decide, work, now_ms=now_ms)
        if on_trial and not suspects.survives(decide):
            log.error("store.suspect_condemned", point=ready[0])
            self._transact(partial(suspects.condemn, point_id=ready[0]))
            return
        self.pending = decide()
        kp("think.after_decide")

    def _load(self, thinker: Thinker, ready: list[str]) -> Any:
        """The lanes' work; one that cannot be read costs itself an attempt, not the others their turn."""
        reads = not self._postgres
        try:
            return self._transact(lambda tx: thinker.load(tx, ready), reads=reads)
        except Exception as err:
            if classify(err) is not None:
                raise
            log.exception("store.load_failed", count=len(ready), error=type(err).__name__)
        work: list[Any] = []
        for lane in ready:
            try:
                work += self._transact(partial(thinker.load, lanes=[lane]), reads=reads) or []
            except Exception as err:
                if classify(err) is not None:
                    raise
                tx = self._transact(partial(_unloadable, thinker, lane, err))
                for again in tx.after:
                    self.lanes.add(*again)
        return work or None

    def _suspect(self) -> tuple[list[str], bool]:
        """After an unclean stop: one lane at a time, its attempt committed first, until those lanes are through; whether
        it is on trial. Trials wait until we have lived for CALM_S: a storm of kills is not made longer by them."""
        calm = time.monotonic() >= self._calm_at
        if calm and self._last:
            self.suspects += self._last
            self._last = []
        while self.suspects:
            lane = self.suspects.pop(0)
            found = self._transact(partial(suspects.take, point_id=lane, calm=calm))
            if found == "later":
                self._last.append(lane)
            elif found != "through":
                self.suspects.append(lane)
                return [lane], found == "trial"
        return [], False


def _unloadable(thinker: Thinker, lane: str, err: Exception, tx: Tx) -> Tx:
    thinker.unloadable(tx, lane, err)
    return tx
