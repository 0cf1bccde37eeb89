"""Ids are read in the order of their making, also within a millisecond and over threads, and none comes twice."""

from __future__ import annotations

import threading
import time

import pytest

from storage import ids


def test_the_ids_of_a_millisecond_are_in_the_order_of_their_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    made = [ids.new_id() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {len(each) for each in made} == {26}
    assert made[0] >= ids.floor(1_800_000_000_000)
    assert made[-1] < ids.floor(1_800_000_000_001)


def test_threads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_500_000_000)
    made: list[str] = []
    for _ in range(50):
        thread = threading.Thread(target=lambda: made.append(ids.new_id()))
        thread.start()
        thread.join()
        made.append(ids.new_id())
    assert made == sorted(made)


def test_a_clock_that_stands_still_costs_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_001_000_000_000)
    made = [ids.new_id() for _ in range(40_000)]
    assert len(set(made)) == len(made)
    assert made[:30_000] == sorted(made[:30_000])


def test_no_random_part_is_drawn_twice_nor_in_pieces_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "urandom", lambda size: bytes(range(256)) * (size // 256))
    monkeypatch.setattr(ids, "_tails", [])
    monkeypatch.setattr(ids, "_nonces", [])
    pool = bytes(range(256)) * (ids._POOL // 256)
    whole = pool.translate(ids._DIGIT_OF).decode()
    first = [ids.new_id()[-13:] for _ in range(ids._POOL // 13)]
    assert sorted(first) == sorted(whole[at : at + 13] for at in range(0, 13 * (ids._POOL // 13), 13))
    assert ids._tails == []
    nonces = [ids.nonce() for _ in range(ids._POOL // 12)]
    assert sorted(nonces) == sorted(pool[at : at + 12] for at in range(0, 12 * (ids._POOL // 12), 12))
    assert ids._nonces == []
