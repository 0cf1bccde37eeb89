"""Live hints: (kind, id) of what changed, after its commit. A hint is never the truth. Those of other processes that share
the database come in by `gateway/neighbours.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger("hub")
Listener = Callable[[str, str], None]


class Hub:
    """Listeners are called on the loop, quickly and in order; one that raises is only its own loss. `hears_all` -- whether
    no process can commit something now of which no hint comes here."""

    def __init__(self, hears_all: Callable[[], bool] = lambda: True) -> None:
        self.hears_all = hears_all
        self._listeners: dict[int, Listener] = {}
        self._next = 0

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call it for every hint; the answer stops that."""
        self._next += 1
        number = self._next
        self._listeners[number] = listener

        def stop() -> None:
            self._listeners.pop(number, None)

        return stop

    def publish(self, hints: Iterable[tuple[str, str]]) -> None:
        """`hints` of one commit; doubles are told once."""
        listeners = list(self._listeners.values())
        for kind, object_id in dict.fromkeys(hints):
            for listener in listeners:
                try:
                    listener(kind, object_id)
                except Exception as err:
                    log.exception("hub.listener_failed", error=type(err).__name__)
