"""After an unclean stop: which event killed the process, and which was only at hand when somebody else did.

A process is killed from outside too, again and again when the machine is short of memory, and deaths alone cannot tell
the two apart. So an event that was at hand in two deaths is first handled by a child that does nothing else: the child
dies of a poison, while the process lives to see it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from storage import inbox
from storage.lanes import QUIET
from storage.tx import Tx

SUSPECTED: Final = 2  # deaths with the event at hand: its third try begins in a child, whose death is the third
MAX_DEATHS: Final = 6  # its child lives and yet so many processes died of it: set aside all the same
CHILD_S: Final = 10  # an event's turn takes a millisecond; a process that hangs is killed by its supervisor as well
FILES: Final = 65536  # where the kernel closes them one by one, a limit of a thousand million takes minutes
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # sent to the whole group at a stop; no verdict

Found = Literal["through", "later", "try", "trial"]


def take(tx: Tx, point_id: str, *, calm: bool) -> Found:
    """Count a try of the lane's next turn before it is made. `through`: nothing is left to be tried; `later`: not
    before the process has lived for a while (`calm`); `trial`: a child has to survive it first."""
    rows = tx.all(
        "SELECT id, account_id, source, attempts, reason, due_at FROM inbox_event WHERE state = 'new' AND point_id = :point AND received_at < :now ORDER BY seq LIMIT 40",
        point=point_id,
        now=tx.now_ms,
    )
    while rows and rows[0].attempts >= MAX_DEATHS:
        _set_aside(tx, rows[0])
        rows = rows[1:]
    if not rows:
        return "through"
    head = rows[0]
    if head.reason and head.due_at > tx.now_ms:  # it failed before the stop and waits for its next try
        tx.after.append((point_id, QUIET, head.due_at))
        return "through"
    on_trial = head.attempts >= SUSPECTED
    if on_trial and not calm:
        return "later"
    turn = rows[:1] if any(row.attempts for row in rows) else rows
    tx.run_among("UPDATE inbox_event SET attempts = attempts + 1 WHERE id IN (:among)", [row.id for row in turn])
    return "trial" if on_trial else "try"


def condemn(tx: Tx, point_id: str) -> None:
    """The child died of the lane's next event."""
    head = tx.one(
        "SELECT id, account_id, source, attempts FROM inbox_event WHERE state = 'new' AND point_id = :point ORDER BY seq LIMIT 1",
        point=point_id,
    )
    if head is not None:
        _set_aside(tx, head)


def _set_aside(tx: Tx, event: Any) -> None:
    inbox.quarantine(
        tx, event.id, event.account_id, source=event.source, reason="process_ended", attempts=event.attempts
    )


def survives(work: Callable[[], object]) -> bool:
    """Whether a child process lives through `work`; what it makes of it is thrown away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12: a lock that another thread holds stays held
        child = os.fork()
    if child == 0:
        _be_tried(work)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def _be_tried(work: Callable[[], object]) -> NoReturn:
    """Only this thread is there. It holds nothing of the parent's (a port, a lock, a wake-up pipe), ends at the latest by
    the alarm, and is the first to go when memory runs out."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(CHILD_S)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        os.dup2(os.open(os.devnull, os.O_RDWR), 2)
        os.closerange(3, min(os.sysconf("SC_OPEN_MAX"), FILES))
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
        work()
    finally:
        os._exit(0)  # an exception is no death: it is raised again, and counted, where it can be written down
