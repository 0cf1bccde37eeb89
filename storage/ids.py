"""Ids made by us: 26 characters, time-ordered, 80 random bits, so that rows can be sealed before they are inserted."""

from __future__ import annotations

import time
from base64 import b32hexencode
from os import urandom


def new_id() -> str:
    """Lower-case base32hex of 48 bits of milliseconds and 80 random bits: sorts by time, cannot be guessed."""
    stamp = time.time_ns() // 1_000_000
    return b32hexencode(stamp.to_bytes(6) + urandom(10)).decode()[:26].lower()
