"""Two processes at one PostgreSQL: what one says the other hears, not he himself; a line that was cut is taken up again."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import psycopg
import pytest

from storage import wire
from storage.wire import LONGEST, WAITING, Wire
from tests.support.postgres import libpq


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
    behind_a_pooler._told = lambda _: None  # type: ignore[assignment, method-assign]  # it takes LISTEN, and nothing comes
    with pytest.raises(ConnectionError):
        behind_a_pooler._serve()
    behind_a_pooler.close()
    assert not one.up
    for _ in range(WAITING + 10):
        one.say("after the end")
