"""What the gateways of one PostgreSQL database tell each other at once: LISTEN and NOTIFY, on a connection of its own.

Nothing is stored, and what is said while the line is down is lost: whoever listens looks at the tables now and then.
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import orjson
import structlog

from storage.engines import connected, make_engine

log = structlog.get_logger("storage")
CHANNEL: Final = "gateway"
LONGEST: Final = 7900  # bytes that PostgreSQL carries at once: below 8000
WAITING: Final = 500  # words that wait to be said; more are dropped
AGAIN_S: Final = 2.0  # before the line is taken up again; twice as long each time in vain
LONG_S: Final = 60.0
ALIVE_S: Final = 30.0  # a line on which nothing was heard is tried
ANSWER_S: Final = 5.0  # in which the server answers; else the line is cut somewhere, though nobody said so
_SAY: Final = b"SELECT pg_notify($1, each) FROM json_array_elements_text($2::json) AS each"


class Wire:
    """`heard` -- called on the wire's thread with what another process said."""

    def __init__(self, url: str, heard: Callable[[str], None]) -> None:
        self._url = url
        self._heard = heard
        self._words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._stop = threading.Event()
        self._pid = 0  # of our connection's server process; 0 while there is none
        self._greeted: set[int] = set()  # whose first word came over this line
        self._thread = threading.Thread(target=self._main, name="wire", daemon=True)

    @property
    def up(self) -> bool:
        return self._pid != 0

    def start(self) -> None:
        self._thread.start()

    def say(self, words: str) -> None:
        """To every other process that listens now; at most LONGEST bytes. From any thread, without waiting."""
        if not self.up or self._words.qsize() >= WAITING:
            return
        self._words.put(words)
        self._nudge()

    def close(self) -> None:
        self._stop.set()
        self._nudge()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._ours.close()
        self._theirs.close()

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):  # full: it is awake already
            self._ours.send(b"\0")

    # ---- the thread

    def _main(self) -> None:
        lost, wait_s = False, AGAIN_S
        while not self._stop.is_set():
            try:
                self._serve()
            except Exception as err:
                if self.up or not lost:
                    log.warning("wire.lost", error=type(err).__name__)
                lost, wait_s = True, AGAIN_S if self.up else min(2 * wait_s, LONG_S)
            self._pid = 0
            self._stop.wait(wait_s)

    def _serve(self) -> None:
        self._greeted.clear()
        engine = make_engine(self._url)
        raw: Any = connected(engine)
        try:
            raw.autocommit = True
            _ask(raw, f"LISTEN {CHANNEL}".encode())
            pid = int(_ask(raw, b"SELECT pg_backend_pid()"))
            _ask(raw, b"SELECT pg_notify($1, '')", CHANNEL)  # our own comes back with the answer
            self._listen(raw)
            if pid not in self._greeted:
                raise ConnectionError("a pooler stands between: it carries no LISTEN")
            self._pid = pid
            with selectors.DefaultSelector() as selector:
                selector.register(raw.fileno(), selectors.EVENT_READ)
                selector.register(self._theirs, selectors.EVENT_READ)
                while not self._stop.is_set():
                    if not selector.select(ALIVE_S):
                        _ask(raw, b"SELECT 1")
                    self._speak(raw)
                    self._listen(raw)
        finally:
            raw.close()
            engine.dispose()

    def _speak(self, raw: Any) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._theirs.recv(4096):
                pass
        words: list[str] = []
        with contextlib.suppress(queue.Empty):
            while len(words) < WAITING:
                words.append(self._words.get_nowait())
        if words:
            _ask(raw, _SAY, CHANNEL, orjson.dumps(words).decode())

    def _listen(self, raw: Any) -> None:
        raw.pgconn.consume_input()
        while (found := raw.pgconn.notifies()) is not None:
            self._tell(found.be_pid, found.extra.decode("utf-8", "replace"))

    def _tell(self, pid: int, words: str) -> None:
        if not words:
            self._greeted.add(pid)
        elif pid != self._pid:
            self._heard(words)


def _ask(raw: Any, query: bytes, *values: str) -> str:
    """The first field of the answer, '' where there is none. Raises ConnectionError when none comes in ANSWER_S: the driver's own
    `execute` waits for ever."""
    line, until = raw.pgconn, time.monotonic() + ANSWER_S
    line.send_query_params(query, [value.encode() for value in values])
    with selectors.DefaultSelector() as selector:
        selector.register(line.socket, selectors.EVENT_READ)
        while (unsent := line.flush()) or line.is_busy():
            selector.modify(line.socket, selectors.EVENT_READ | (selectors.EVENT_WRITE if unsent else 0))
            if not selector.select(max(0.0, until - time.monotonic())):
                raise ConnectionError("no answer")
            line.consume_input()
    answer = ""
    while (found := line.get_result()) is not None:
        if found.error_message:
            raise ConnectionError(found.error_message.decode("utf-8", "replace"))
        answer = (found.get_value(0, 0) or b"").decode() if found.ntuples and found.nfields else ""
    return answer
