"""Which memory of the process is asked to lie on large pages."""

from pathlib import Path

import pytest

from gateway import pages

MAPS = """\
00400000-00a00000 r-xp 00000000 fe:00 4242                               /usr/bin/python3.11
00a00000-01200000 rw-p 00600000 fe:00 4242                               /usr/bin/python3.11
02100000-02b00000 rw-p 00000000 00:00 0                                  [heap]
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
7f0000500000-7f0000600000 rw-p 00000000 00:00 0
7f0000600000-7f0000700000 ---p 00000000 00:00 0
7f0001000000-7f0001400000 rw-s 00000000 00:01 77                         /memfd:shared (deleted)
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0                          [stack]
"""


def test_whole_large_pages_of_our_own_memory_and_no_others() -> None:
    assert list(pages.ranges(MAPS)) == [(0x2200000, 0x2A00000), (0x7F0000000000, 0x7F0000400000)]


def test_a_system_without_them_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "MAPS", tmp_path / "nowhere")
    assert pages.collapse() == 0
