"""One text, many ways to type it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.fold import LONGEST, ORDINARY, both, clean, flatten, fold, spell, words

FOLDED = [
    ("Đồng Ý", "dong y"),
    ("ĐỒNG   Ý\n\n nhé", "dong y nhe"),
    ("okeeee", "oke"),
    ("hello", "hello"),
    ("đừnggggg", "dung"),
    ("０９１２", "0912"),
    ("0️⃣9️⃣", "09"),
    ("a\u200bb\u202ec\ufeff", "abc"),
    ("Ⓐⓑ ﬁ", "ab fi"),
    ("Ðồng", "dong"),
    ("İstanbul", "istanbul"),
    ("z̸̢̛a̷l̶g̵o", "zalgo"),
    ("", ""),
]


@pytest.mark.parametrize("text, folded", FOLDED)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(unicodedata.normalize("NFD", text)) == folded


def test_words_part_digits_from_letters() -> None:
    assert words("Xe 7chỗ, biển 59X1-123.45") == ["xe", "7", "cho", "bien", "59", "x", "1", "123", "45"]


@pytest.mark.parametrize("old, new", [("hoà", "hòa"), ("khoẻ", "khỏe"), ("thuỷ", "thủy"), ("huỷ", "hủy"), ("uý", "úy")])
def test_both_places_of_a_tone_are_the_same_word(old: str, new: str) -> None:
    assert spell(old) == spell(new)


def test_tones_are_kept_apart() -> None:
    assert len({spell(word).form for word in ("dừng", "đừng", "đúng", "dùng", "dung", "dụng")}) == 6
    assert len({spell(word).key for word in ("dừng", "đừng", "đúng", "dùng", "dung", "dụng")}) == 1


@given(st.text())
def test_a_flat_text_is_as_long_as_its_text(text: str) -> None:
    cleaned = clean(text)
    assert len(flatten(cleaned)) == len(cleaned) <= 2 * LONGEST


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("letter", ORDINARY)
def test_an_ordinary_letter_is_made_plain_as_any_other(letter: str) -> None:
    text = f"a{letter}b"
    assert both(text) == (clean(text), flatten(clean(text)))


@given(st.text(st.sampled_from([*ORDINARY, "\u0301", "😊", "…", "１", "ﬁ", "K", "ß"])))
def test_an_ordinary_text_is_made_plain_as_any_other(text: str) -> None:
    assert both(text) == (clean(text), flatten(clean(text)))
