"""What was read once and kept is what would be read anew, and nothing of anybody's own is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers import understanding
from handlers.understanding import understand
from handlers.understanding.common import Common, Memory

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A memory of this test's own."""
    mine = Memory()
    monkeypatch.setattr(understanding, "MEMORY", mine)
    return mine


COMMON = (
    ("mình muốn mua bảo hiểm xe máy", None),
    ("tôi đồng ý", "ask_consent"),
    ("đúng rồi em", "confirm"),
    ("đúng rồi em", "ask_consent"),
    ("chị muốn hỏi phí bảo hiểm ô tô", None),
    ("chiều mai", "ask_time"),
    ("lát nữa", "ask_time"),
    ("mua bảo hiểm ô tô 5 chỗ", None),
    ("9h sáng thứ 2", "ask_time"),
)


def test_read_again_it_is_the_same(memory: Memory) -> None:
    fresh = [understand(text, asked, now=MORNING) for text, asked in COMMON]
    assert len(memory) >= len(COMMON) - 1
    assert [understand(text, asked, now=MORNING) for text, asked in COMMON] == fresh


@pytest.mark.parametrize("text", ["chiều mai", "sáng nay", "tối nay", "chiều thứ 2", "14h chiều mai"])
def test_a_time_is_reckoned_from_the_moment_it_is_said(
    text: str, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    understand(text, "ask_time", now=MORNING)
    later = MORNING + timedelta(days=1, hours=9)
    again = understand(text, "ask_time", now=later)
    assert len(memory) == 1
    monkeypatch.setattr(understanding, "MEMORY", Memory())
    assert again == understand(text, "ask_time", now=later)


def test_what_is_handed_out_is_the_callers(memory: Memory) -> None:
    text, asked = COMMON[0]
    first = understand(text, asked, now=MORNING)
    again = understand(text, asked, now=MORNING)
    assert isinstance(again.entities, dict)
    again.entities.clear()
    assert understand(text, asked, now=MORNING) == first != again


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("0912345678", "ask_phone"),
        ("bảo hiểm cho mình 35 tuổi", None),
        ("sinh năm 90", None),
        ("xe máy 150", None),
        ("9h30 sáng mai", "ask_time"),
        ("Nguyễn Thị Lan", "ask_name"),
        ("lan", "ask_name"),
        ("Mai Hoa", None),
        ("tôi tên là Hoa", None),
        ("lan@example.com", "ask_email"),
        ("cho gặp chị Trúc tư vấn", None),
        ("xe tôi bị đâm", None),
        ("mình bị ung thư muốn mua bảo hiểm sức khỏe", None),
        ("mua bảo hiểm cho xe ở Xyzabc", None),
        ("mình muốn mua bảo hiểm xe máy " * 4, None),
    ],
)
def test_what_is_somebodys_own_is_not_kept(text: str, asked: str | None, memory: Memory) -> None:
    understand(text, asked, now=MORNING)
    assert not len(memory)


def test_the_memory_has_an_end() -> None:
    memory = Memory(most=3)
    for text in "abcde":
        memory.keep(text, "", Common(text, {}, (), ("", False), "", None))
        assert len(memory) <= 3
    kept = memory.get("e", "")
    assert kept is not None
    assert kept.intent == "e"
