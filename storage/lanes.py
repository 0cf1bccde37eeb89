"""Which lanes have something to think about, and when they have been quiet long enough.

Memory of one process over the open rows of `inbox_event`: lost at a crash, rebuilt from the table. A lane is a
contact point's id.
"""

from __future__ import annotations

import heapq
from typing import Final

NOW: Final = "now"  # taps, stop words, acts, timers: the turn does not wait
QUIET: Final = "quiet"  # more may follow: wait until nothing came for a while, but not for ever


class Lanes:
    """`stretch_ms` -- how much longer than its first event's own wait a turn may be held open by further events."""

    def __init__(self) -> None:
        self.stretch_ms = 2200
        self._due: dict[str, int] = {}
        self._cap: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._due)

    def add(self, lane: str, why: str, due: int) -> None:
        """An event of this lane is open; it may be thought about at `due` (ms), sooner only if one is urgent."""
        known = self._due.get(lane)
        if why == NOW:
            when = due if known is None else min(known, due)
            self._cap[lane] = when
        elif known is None:
            when = due
            self._cap[lane] = due + self.stretch_ms
        else:
            when = min(max(known, due), self._cap[lane])
        if when != known:
            self._due[lane] = when
            heapq.heappush(self._heap, (when, lane))

    def next_due(self) -> int | None:
        """When the next lane is ready, ms."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: int, limit: int) -> list[str]:
        """The lanes that are ready, longest due first; they are forgotten here."""
        ready: list[str] = []
        while len(ready) < limit:
            due = self.next_due()
            if due is None or due > now:
                break
            lane = heapq.heappop(self._heap)[1]
            del self._due[lane], self._cap[lane]
            ready.append(lane)
        return ready
