"""SQLite without its own count of the memory it holds: nobody asks for it, and keeping it takes a lock at every allocation,
an eighth of a statement's time (docs/performance.md)."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

LIBRARY: Final = "libsqlite3.so.0"  # by this name the interpreter's own module loads it
MEMSTATUS: Final = 9


def settle() -> bool:
    """To be called before anything imports `sqlite3`: the library hears of it only before its first use. False, and nothing
    has changed, where it is too late or the library is not to be had."""
    if "_sqlite3" in sys.modules:
        return False
    try:
        return bool(ctypes.CDLL(LIBRARY).sqlite3_config(MEMSTATUS, 0) == 0)
    except (OSError, AttributeError):  # another system, or one that has it built in
        return False
