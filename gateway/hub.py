"""Live hints: (kind, id) of what changed, after its commit. A hint is never the truth. Those of other processes that share
the database come in by `gateway/neighbours.py`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import structlog

log = structlog.get_logger("hub")
Listener = Callable[[str, str], None]


class Hub:
    """Listeners are called on the loop, quickly and in order; one that raises is only its own loss. `hears_all` -- whether
    no process can commit something now of which no hint comes here."""

    def __init__(self, hears_all: Callable[[], bool] = lambda: True) -> None:
        self.hears_all = hears_all
        self._listeners: dict[int, tuple[Listener, Collection[str]]] = {}
        self._by_kind: dict[str, tuple[Listener, ...]] = {}
        self._next = 0

    def listen(self, listener: Listener, kinds: Collection[str] = ()) -> Callable[[], None]:
        """Call it for every hint of these kinds, () = of any; the answer stops that."""
        self._next += 1
        number = self._next
        self._listeners[number] = listener, kinds
        self._by_kind.clear()

        def stop() -> None:
            self._listeners.pop(number, None)
            self._by_kind.clear()

        return stop

    def _listening(self, kind: str) -> tuple[Listener, ...]:
        found = self._by_kind.get(kind)
        if found is None:
            among = self._listeners.values()
            found = self._by_kind[kind] = tuple([each for each, kinds in among if not kinds or kind in kinds])
        return found

    def publish(self, hints: Iterable[tuple[str, str]]) -> None:
        """`hints` of one commit; doubles are told once."""
        for kind, object_id in dict.fromkeys(hints):
            for listener in self._listening(kind):
                try:
                    listener(kind, object_id)
                except Exception as err:
                    log.exception("hub.listener_failed", error=type(err).__name__)
