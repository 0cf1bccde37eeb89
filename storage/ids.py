"""Ids made by us: 26 characters, time-ordered, 80 random bits, so that rows can be sealed before they are inserted."""

from __future__ import annotations

import threading
import time
from os import register_at_fork, urandom
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
# Two characters a look-up: encoding by the library's base32 costs 10 µs, and a turn makes four to ten ids.
_PAIRS: Final = tuple(a + b for a in _DIGITS for b in _DIGITS)
_POOL: Final = 4096  # random bytes fetched at once


class _Mint(threading.local):
    """Each thread's own pool of random bytes, and the time part it wrote last."""

    pool = b""
    used = 0
    stamp = 0
    prefix = ""


_mint = _Mint()


def _forked() -> None:
    """A child must not draw from its parent's random bytes."""
    _mint.pool, _mint.used = b"", 0


register_at_fork(after_in_child=_forked)


def nonce() -> bytes:
    """Twelve random bytes. From the pool: the system call lets the interpreter's lock go, and under load getting it
    back costs more than the whole sealing."""
    mint = _mint
    if mint.used + 12 > len(mint.pool):
        mint.pool, mint.used = urandom(_POOL), 0
    mint.used += 12
    return mint.pool[mint.used - 12 : mint.used]


def new_id() -> str:
    """Base32hex of 50 bits of milliseconds and 80 random bits: sorts by time, cannot be guessed."""
    mint = _mint
    stamp = time.time_ns() // 1_000_000
    if stamp != mint.stamp:
        mint.stamp = stamp
        mint.prefix = "".join([_PAIRS[stamp >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
    if mint.used + 10 > len(mint.pool):
        mint.pool, mint.used = urandom(_POOL), 0
    bits = int.from_bytes(mint.pool[mint.used : mint.used + 10])
    mint.used += 10
    return (
        mint.prefix
        + _PAIRS[bits >> 70]
        + _PAIRS[bits >> 60 & 1023]
        + _PAIRS[bits >> 50 & 1023]
        + _PAIRS[bits >> 40 & 1023]
        + _PAIRS[bits >> 30 & 1023]
        + _PAIRS[bits >> 20 & 1023]
        + _PAIRS[bits >> 10 & 1023]
        + _PAIRS[bits & 1023]
    )
