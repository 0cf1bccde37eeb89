"""SQLite's count of its memory is off where it could be switched off in time, and the database works all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

SAID = """
import ctypes, sys
from storage import unmetered
early = unmetered.settle()
import sqlite3
assert sqlite3.connect(":memory:").execute("SELECT zeroblob(100000)").fetchone()
print(early, unmetered.settle(), ctypes.CDLL(unmetered.LIBRARY).sqlite3_memory_used() if early else 0)
"""


def test_it_is_off_before_the_first_use_and_left_alone_after_it() -> None:
    done = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, check=True)
    early, late, counted = done.stdout.split()
    if early == "False":
        pytest.skip("the library is not to be had by its name")
    assert (late, counted) == ("False", "0")


def test_a_process_that_uses_it_already_changes_nothing() -> None:
    import sqlite3  # noqa: F401

    from storage import unmetered

    assert unmetered.settle() is False
