"""The process's memory on large pages, where the kernel gives them for the asking: Linux from 6.1 on."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LARGE: Final = 2 << 20
COLLAPSE: Final = 25  # MADV_COLLAPSE: now, and whatever the system's own setting is
MAPS: Final = Path("/proc/self/maps")


def settle() -> None:
    """`collapse` beside the work: 30 to 220 ms of the kernel's time, and nobody is to wait for them at a start."""
    threading.Thread(target=collapse, name="pages", daemon=True).start()


def collapse() -> int:
    """Put what is in memory now on large pages; bytes asked for, 0 where there are none. A turn walks through some tens
    of megabytes of small objects: looking up where each 4 KiB of them lie is a tenth of its time (docs/performance.md)."""
    done = 0
    try:
        madvise = ctypes.CDLL(None).madvise
        for start, end in ranges(MAPS.read_text(encoding="ascii", errors="replace")):
            if madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE) == 0:
                done += end - start
    except (OSError, AttributeError, MemoryError):  # another system, or one that forbids it
        return done
    return done


def ranges(maps: str) -> Iterator[tuple[int, int]]:
    """The private memory that /proc/self/maps tells of, as whole large pages: (start, end) each."""
    for line in maps.splitlines():
        addresses, rights, _, _, inode, *name = line.split(None, 5)
        if rights != "rw-p" or inode != "0" or (name and name[0] != "[heap]"):
            continue
        start, _, end = addresses.partition("-")
        first, last = -(-int(start, 16) // LARGE) * LARGE, int(end, 16) // LARGE * LARGE
        if first < last:
            yield first, last
