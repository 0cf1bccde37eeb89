"""Ids made by us: 26 characters, time-ordered, 80 random bits, so that rows can be sealed before they are inserted."""

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


class _Mint(threading.local):
    """Each thread's own pools of random bytes and digits, and the time part it wrote last."""

    pool = b""
    used = 0
    digits = ""
    spent = 0
    stamp = 0
    prefix = ""


_mint = _Mint()


def _forked() -> None:
    """A child must not draw from its parent's random bytes."""
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
    """Base32hex of 50 bits of milliseconds and 80 random bits: sorts by time, cannot be guessed."""
    mint = _mint
    stamp = time.time_ns() // 1_000_000
    if stamp != mint.stamp:
        mint.stamp = stamp
        mint.prefix = "".join([_PAIRS[stamp >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
    spent = mint.spent
    if spent + 16 > len(mint.digits):
        mint.digits, spent = urandom(_POOL).translate(_DIGIT_OF).decode("ascii"), 0
    mint.spent = spent + 16
    return mint.prefix + mint.digits[spent : spent + 16]


def floor(stamp: int) -> str:
    """No id that was made at this time (Unix ms) or later is less."""
    return "".join([_PAIRS[stamp >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
