"""Time limits of many short calls at once. `asyncio.timeout` asks the loop for a timer at every call, which costs more
than the bookkeeping of all of them; here one timer stands for the call that is due first."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class Deadlines:
    """`with deadlines.within(seconds):` inside a task. One loop's; needs no closing."""

    def __init__(self) -> None:
        self._open: set[_Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when the timer rings

    def within(self, seconds: float) -> _Deadline:
        """Raises TimeoutError out of its block when that takes longer, as asyncio.timeout does."""
        return _Deadline(self, seconds)

    def _add(self, deadline: _Deadline, loop: asyncio.AbstractEventLoop) -> None:
        self._open.add(deadline)
        if self._timer is None or deadline.at < self._due:
            self._ring(loop, deadline.at)

    def _ring(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due, self._timer = at, loop.call_at(at, self._check, loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for deadline in sorted((one for one in self._open if one.at <= now), key=lambda one: one.at):
            self._open.discard(deadline)
            deadline.expire()
        if self._open:
            self._ring(loop, min(deadline.at for deadline in self._open))


class _Deadline:
    __slots__ = ("_before", "_expired", "_owner", "_seconds", "_task", "at")

    def __init__(self, owner: Deadlines, seconds: float) -> None:
        self._owner = owner
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task")
        loop = task.get_loop()
        self._task, self._before, self.at = task, task.cancelling(), loop.time() + self._seconds
        self._owner._add(self, loop)

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner._open.discard(self)
        # Somebody else's cancellation is his: only what is ours becomes a TimeoutError.
        if self._expired and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from err

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()
