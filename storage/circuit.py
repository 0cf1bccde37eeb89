"""A platform that does not answer is asked by one message at a time, more and more seldom: an account's circuit.

Closed: everything leaves. Open: nothing does, until a time. After it, half open: one message at a time asks whether the
platform is there; one that fails opens it again for longer, three that do not close it. Only what was not answered
counts (not reached, 5xx, an answer that was lost): a platform that refuses is there, and what failed on our own side says
nothing. One message that nobody ever answers must not hold the others back: who asks is the one who failed least often
(storage.outbox), and once somebody got through, the failure of one that had failed before is its own. And the retry budget: who is
asked again takes from a tenth of what is sent, so that repetitions never are the load.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

IN_A_ROW: Final = 5
SHARE, OF_CALLS, WITHIN_MS = 0.5, 20, 60_000  # so many of the last minute's, when there were that many
OPEN_MS: Final = 30_000
LONGEST_MS: Final = 300_000
CLOSES: Final = 3
RETRIES: Final = 0.1  # of what is sent
SPARE: Final = 64.0  # retries that a quiet account may have at once
TRICKLE: Final = 1.0  # ... and of which it gets one back each second: who sends little may still be asked again


@dataclass(slots=True)
class Circuit:
    """`until` -- open until then, ms; 0 = closed · `since` -- not answered since, ms."""

    until: int = 0
    since: int = 0
    _times: int = 0  # opened, without closing in between
    _row: deque[int] = field(default_factory=deque)
    _good: int = 0
    _calls: deque[tuple[int, bool]] = field(default_factory=deque)
    _bad: int = 0

    def holds(self, now_ms: int) -> bool:
        """Nothing may leave."""
        return self.until > now_ms

    def asks(self, now_ms: int) -> bool:
        """Half open: one at a time may leave."""
        return 0 < self.until <= now_ms

    def answered(self, now_ms: int) -> bool:
        """The platform was there, whatever it said. True when that closed the circuit."""
        if not self.until:
            self._row.clear()
            self._count(now_ms, bad=False)
            return False
        if not self.asks(now_ms):
            return False  # had left before it opened
        self._good += 1
        if self._good < CLOSES:
            return False
        self.until = self.since = self._times = self._bad = self._good = 0
        self._row.clear()
        self._calls.clear()
        return True

    def failed(self, now_ms: int, *, jitter: float = 1.0, again: bool = False) -> bool:
        """It was not. `jitter` in 0.8 … 1.2 · `again` -- the same message had failed before. True when that opened the
        circuit, again or for the first time."""
        if self.holds(now_ms) or (again and self._good):
            return False
        if not self.until:
            self._row.append(now_ms)
            while self._row[0] <= now_ms - WITHIN_MS:
                self._row.popleft()
            self._count(now_ms, bad=True)
            many = len(self._calls) >= OF_CALLS and self._bad >= SHARE * len(self._calls)
            if len(self._row) < IN_A_ROW and not many:
                return False
            self.since = now_ms
        self.until = now_ms + round(jitter * min(LONGEST_MS, OPEN_MS << min(self._times, 8)))
        self._times += 1
        self._good = 0
        return True

    def _count(self, now_ms: int, *, bad: bool) -> None:
        self._calls.append((now_ms, bad))
        self._bad += bad
        while self._calls[0][0] <= now_ms - WITHIN_MS:
            self._bad -= self._calls.popleft()[1]


@dataclass(slots=True)
class Budget:
    """Retries that may leave. Times in ms."""

    level: float = SPARE
    at_ms: int = 0

    def sent(self) -> None:
        """Something left for the first time."""
        self.level = min(SPARE, self.level + RETRIES)

    def take(self, now_ms: int) -> bool:
        """May one be sent again now?"""
        gone = max(0, now_ms - self.at_ms) if self.at_ms else 0
        self.level, self.at_ms = min(SPARE, self.level + gone * TRICKLE / 1000), now_ms
        if self.level < 1:
            return False
        self.level -= 1
        return True
