"""Named places where a test may kill the process: `GATEWAY_KILL_AT=name[:n]` sends SIGKILL at the n-th passing.

Inert unless that variable was set when the process started; a name that the code does not have is refused.
"""

from __future__ import annotations

import os
import signal
from typing import Final

NAMES: Final = frozenset(
    {
        "ingest.before_commit",
        "ingest.after_commit",
        "think.after_load",
        "think.after_decide",
        "think.before_commit",
        "think.after_commit",
        "send.before_call",
        "send.after_call",
        "mark.before_commit",
        "mark.after_commit",
        "act.before_commit",
        "act.after_commit",
        "timer.before_commit",
        "tell.claimed",
        "tell.told",
        "token.before_commit",
        "poll.before_confirm",
    }
)
_wanted = ""
_left = 0


def arm(where: str) -> None:
    """`name[:n]`; '' disarms. For a process that was forked after its imports."""
    global _wanted, _left
    name, _, count = where.partition(":")
    if name and name not in NAMES:
        raise RuntimeError(f"GATEWAY_KILL_AT: no kill point named {name!r}; there are {', '.join(sorted(NAMES))}")
    _wanted, _left = name, int(count or 1)


def kp(name: str) -> None:
    """Die here if a test asked for it."""
    global _left  # noqa: PLW0603
    if name == _wanted:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("GATEWAY_KILL_AT", ""))
