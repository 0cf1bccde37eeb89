"""Ids made by us: 26 characters, in the order in which a process made them, 65 random bits, so that rows can be sealed
before they are inserted."""

from __future__ import annotations

import threading
import time
from itertools import count
from os import register_at_fork, urandom
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_PAIRS: Final = tuple(a + b for a in _DIGITS for b in _DIGITS)
# A random byte as a digit, each of the 32 from eight of its values: a whole pool is translated at once, an id is a slice.
_DIGIT_OF: Final = bytes(ord(_DIGITS[value & 31]) for value in range(256))
_POOL: Final = 4096  # random bytes fetched at once
_RANDOM: Final = 13  # random digits of an id
_NONCE: Final = 12
_LAST: Final = (1 << 15) - 1  # what three digits count to

# Drawn from by all threads: taking the last of a list, and adding many to it, is one step of the interpreter.
_tails: list[str] = []
_nonces: list[bytes] = []


class _Turn:
    """A millisecond, and who is next in it, over all threads: what was made within it is still read in the order of its
    making (an album's photos, two events of one customer)."""

    __slots__ = ("next", "prefix", "stamp")

    def __init__(self, stamp: int, prefix: str) -> None:
        self.stamp = stamp
        self.prefix = prefix
        self.next = count().__next__


class _Mint:
    """`turn` -- the millisecond of the last id · `lock` -- for whoever begins the next one."""

    def __init__(self) -> None:
        self.turn = _Turn(0, "")
        self.lock = threading.Lock()


_mint = _Mint()


def _forked() -> None:
    """A child must not draw from its parent's random bytes, nor wait for a thread that it does not have."""
    _mint.lock = threading.Lock()
    _tails.clear()
    _nonces.clear()


register_at_fork(after_in_child=_forked)


def nonce() -> bytes:
    """Twelve random bytes. From the pool: the system call lets the interpreter's lock go, and under load getting it
    back costs more than the whole sealing."""
    try:
        return _nonces.pop()
    except IndexError:
        pool = urandom(_POOL)
    _nonces.extend([pool[at : at + _NONCE] for at in range(_NONCE, _POOL - _NONCE + 1, _NONCE)])
    return pool[:_NONCE]


def new_id() -> str:
    """Base32hex of 50 bits of milliseconds, 15 that count within them and 65 random ones: sorts by time and by turn, cannot
    be guessed."""
    turn = _mint.turn
    if time.time_ns() // 1_000_000 != turn.stamp:
        turn = _next_turn()
    made = turn.next()
    if made > _LAST:  # noqa: PLR1730 - a clock that stands still (a test's) loses the order then, never an id
        made = _LAST
    try:
        tail = _tails.pop()
    except IndexError:
        tail = _drawn()
    return f"{turn.prefix}{_DIGITS[made >> 10]}{_PAIRS[made & 1023]}{tail}"


def _next_turn() -> _Turn:
    """The time is asked for again where nobody else can begin one: else a thread that was held up would begin an
    earlier millisecond anew."""
    with _mint.lock:
        stamp = time.time_ns() // 1_000_000
        if stamp != _mint.turn.stamp:
            _mint.turn = _Turn(stamp, floor(stamp))
        return _mint.turn


def _drawn() -> str:
    digits = urandom(_POOL).translate(_DIGIT_OF).decode("ascii")
    _tails.extend([digits[at : at + _RANDOM] for at in range(_RANDOM, _POOL - _RANDOM + 1, _RANDOM)])
    return digits[:_RANDOM]


def floor(stamp: int) -> str:
    """No id that was made at this time (Unix ms) or later is less."""
    return "".join([_PAIRS[stamp >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
