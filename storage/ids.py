"""Ids made by us: 26 characters, in the order in which a process made them, 65 random bits, so that rows can be sealed
before they are inserted."""

from __future__ import annotations

import threading
import time
from os import register_at_fork, urandom
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_PAIRS: Final = tuple(a + b for a in _DIGITS for b in _DIGITS)
# A random byte as a digit, each of the 32 from eight of its values: a whole pool is translated at once, an id is a slice.
_DIGIT_OF: Final = bytes(ord(_DIGITS[value & 31]) for value in range(256))
_POOL: Final = 4096  # random bytes fetched at once
_RANDOM: Final = 13  # random digits of an id
_LAST: Final = (1 << 15) - 1  # what three digits count to


class _Mint(threading.local):
    """Each thread's own pools of random bytes and digits, and the time part it wrote last."""

    pool = b""
    used = 0
    digits = ""
    spent = 0


_mint = _Mint()


class _Turn:
    """Who is next, over all threads: what was made within the same millisecond is still read in the order of its making
    (an album's photos, two events of one customer)."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stamp = 0
        self.prefix = ""
        self.made = 0


_turn = _Turn()


def _forked() -> None:
    """A child must not draw from its parent's random bytes, nor wait for a thread that it does not have."""
    _turn.lock = threading.Lock()
    _mint.pool, _mint.used = b"", 0
    _mint.digits, _mint.spent = "", 0


register_at_fork(after_in_child=_forked)


def nonce() -> bytes:
    """Twelve random bytes. From the pool: the system call lets the interpreter's lock go, and under load getting it
    back costs more than the whole sealing."""
    mint = _mint
    used = mint.used
    if used + 12 > len(mint.pool):
        mint.pool, used = urandom(_POOL), 0
    mint.used = used + 12
    return mint.pool[used : used + 12]


def new_id() -> str:
    """Base32hex of 50 bits of milliseconds, 15 that count within them and 65 random ones: sorts by time and by turn, cannot
    be guessed."""
    mint, turn = _mint, _turn
    spent = mint.spent
    if spent + _RANDOM > len(mint.digits):
        mint.digits, spent = urandom(_POOL).translate(_DIGIT_OF).decode("ascii"), 0
    mint.spent = spent + _RANDOM
    with turn.lock:
        stamp = time.time_ns() // 1_000_000
        if stamp != turn.stamp:
            turn.stamp, turn.made, turn.prefix = stamp, 0, floor(stamp)
        made = turn.made
        if made < _LAST:  # a clock that stands still (a test's) loses the order then, never an id
            turn.made = made + 1
        prefix = turn.prefix
    return prefix + _DIGITS[made >> 10] + _PAIRS[made & 1023] + mint.digits[spent : spent + _RANDOM]


def floor(stamp: int) -> str:
    """No id that was made at this time (Unix ms) or later is less."""
    return "".join([_PAIRS[stamp >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
