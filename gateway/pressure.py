"""How late the event loop runs, and what is refused for it: what begins anew first, webhooks last.

A loop that is late answers nobody in time. What we refuse with 503 and Retry-After comes again: a platform redelivers,
a page connects again; whoever is here already goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

LOOK_S: Final = 0.1
SHOWN: Final = 20  # looks of which the figure shows the worst
NEW_S: Final = 0.25  # from here on: no search, no new session, no new socket
HOOKS_S: Final = 0.5  # from here on: no webhook either. Zalo is reported to wait for 2 s


class Pressure:
    """One a process. `lag_s` -- seconds; of the last two looks the better one, so that a single hiccup refuses nobody."""

    def __init__(self) -> None:
        self._looks: deque[float] = deque([0.0], maxlen=SHOWN)

    @property
    def lag_s(self) -> float:
        return min(self._looks[-1], self._looks[-2]) if len(self._looks) > 1 else 0.0

    @property
    def no_more(self) -> bool:
        """Nothing new is begun."""
        return self.lag_s > NEW_S

    @property
    def no_hooks(self) -> bool:
        """Not even a webhook is taken."""
        return self.lag_s > HOOKS_S

    async def watch(self, tell: Callable[[float], None]) -> None:
        """Look for ever; `tell` hears the worst lag of the last two seconds."""
        while True:
            due = time.monotonic() + LOOK_S
            await asyncio.sleep(LOOK_S)
            self._looks.append(max(0.0, time.monotonic() - due))
            tell(max(self._looks))
