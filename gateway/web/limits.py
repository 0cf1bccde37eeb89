"""How often somebody may knock: sliding windows in memory, bounded, forgotten when they are empty."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

KEYS: Final = 20_000  # the longest silent key is forgotten first: a flood of new addresses costs no memory


class Limit:
    """At most `count` in any `seconds` for each key."""

    def __init__(self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = count
        self.seconds = seconds
        self._clock = clock
        self._keys: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """0 and counted when it may go ahead; else the seconds until it may, and nothing is counted."""
        now = self._clock()
        times = self._keys.pop(key, None)
        if times is None:
            times = deque(maxlen=self.count)
        while times and times[0] <= now - self.seconds:
            times.popleft()
        self._keys[key] = times
        if len(times) == self.count:
            return times[0] + self.seconds - now
        times.append(now)
        if len(self._keys) > KEYS:
            self._keys.popitem(last=False)
        return 0


class Bucket:
    """`rate` a second, with a second's worth saved up."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._level = max(1.0, rate)
        self._at = clock()

    def take(self) -> bool:
        """One now, or not."""
        now = self._clock()
        self._level = min(max(1.0, self.rate), self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
