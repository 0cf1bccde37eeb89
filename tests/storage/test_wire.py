"""Two processes at one PostgreSQL: what one says the other hears, not he himself; a line that was cut is taken up again."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import make_url

from storage import wire
from storage.engines import LINE, connected, make_engine
from storage.wire import LONGEST, WAITING, Wire
from tests.support.postgres import libpq


class Hole(threading.Thread):
    """A way to the server that at some time swallows everything and says nothing."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        parsed = make_url(url)
        self._server = str(parsed.host), int(parsed.port or 5432)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.shut = threading.Event()
        self.url = parsed.set(port=self._door.getsockname()[1]).render_as_string(hide_password=False)

    def run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                near, _ = self._door.accept()
                far = socket.create_connection(self._server)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()
                continue
            return

    def _carry(self, from_: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := from_.recv(65536):
                if not self.shut.is_set():
                    to.sendall(data)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        for each in (self._door, *self._open):
            each.close()


@pytest.mark.parametrize("how", ["nobody says a word", "somebody speaks"])
def test_a_line_that_was_cut_without_a_word_is_found_out(
    pg_url: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(wire, "ALIVE_S", 0.05 if how == "nobody says a word" else 600)
    monkeypatch.setattr(wire, "ANSWER_S", 0.5)
    hole = Hole(pg_url)
    hole.start()
    one = Wire(hole.url, lambda _: None)
    one.start()
    try:
        until(lambda: one.up)
        hole.shut.set()
        if how == "somebody speaks":
            one.say("a")
        until(lambda: not one.up)
    finally:
        one._stop.set()
        hole.close()
        one.close()


def test_who_waits_for_the_database_hears_of_a_cut_network(pg_url: str) -> None:
    raw = connected(make_engine(pg_url))
    told = {each.keyword.decode(): (each.val or b"").decode() for each in raw.pgconn.info}
    raw.close()
    assert {name: told[name] for name in LINE} == {name: str(value) for name, value in LINE.items()}


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_one_says_the_other_hears_and_a_cut_line_is_taken_up_again(
    pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "AGAIN_S", 0.05)
    mine: queue.Queue[str] = queue.Queue()
    theirs: queue.Queue[str] = queue.Queue()
    one, other = Wire(pg_url, mine.put), Wire(pg_url, theirs.put)
    one.say("before anybody listens")  # lost, and nobody waits for it
    one.start()
    other.start()
    try:
        until(lambda: one.up and other.up)
        longest = "đ" * (LONGEST // 2)
        one.say("a")
        one.say(longest)
        assert [theirs.get(timeout=30), theirs.get(timeout=30)] == ["a", longest]
        other.say("b")
        assert mine.get(timeout=30) == "b"
        with psycopg.connect(libpq(pg_url), autocommit=True) as server:
            pids = [one._pid, other._pid]
            server.execute("SELECT pg_terminate_backend(each) FROM unnest(%s::int[]) AS each", (pids,))
        until(lambda: one.up and other.up and one._pid not in pids and other._pid not in pids)
        one.say("c")
        assert theirs.get(timeout=30) == "c"
        assert mine.empty()
    finally:
        one.close()
        other.close()
    behind_a_pooler = Wire(pg_url, mine.put)
    behind_a_pooler._tell = lambda _pid, _words: None  # type: ignore[assignment, method-assign]  # it takes LISTEN, and nothing comes
    with pytest.raises(ConnectionError):
        behind_a_pooler._serve()
    behind_a_pooler.close()
    assert not one.up
    for _ in range(WAITING + 10):
        one.say("after the end")
