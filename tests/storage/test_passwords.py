"""Which passwords are taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway.desk
from storage import passwords
from storage.passwords import COMMON, SHORTEST, WeakPassword


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("mot cau 14 chu", "at least 15"),  # long enough with a second factor only
        ("ư" * 5 + "ơ" * 9, "at least 15"),
        ("e\u0301" * 14, "at least 15"),  # composed: 14 characters, however the keyboard writes them
        ("PasswordPassword", "first that are guessed"),
        ("abababababababab", "first that are guessed"),
        ("tranthimai@ibaohiem.vn", "first that are guessed"),
        ("x" * 257, "at most 256 bytes"),
        ("mot cau du dai \ud800", "made of characters"),
    ],
)
def test_refused(password: str, why: str) -> None:
    with pytest.raises(WeakPassword, match=why) as caught:
        passwords.check(password, about=("Trần Thị Mai", "TranThiMai@ibaohiem.vn"))
    assert password not in str(caught.value)


@pytest.mark.parametrize("password", ["mot cau 15 chu.", "một câu dễ nhớ lắm", "한국어 비밀번호 열다섯 글자!"])
def test_taken(password: str) -> None:
    passwords.check(password, about=("Trần Thị Mai", "mai@ibaohiem.vn"))
    passwords.check(passwords.invent(), about=("Trần Thị Mai", "mai@ibaohiem.vn"))


def test_the_list_of_common_ones_holds_none_that_is_too_short_anyway() -> None:
    assert {word for word in COMMON if len(word) < SHORTEST or word != word.casefold()} == set()


def test_the_desk_says_the_same_number() -> None:
    desk = Path(gateway.desk.__file__).parent
    script = (desk / "static" / "account.js").read_text(encoding="utf-8")
    assert re.findall(r"const SHORTEST = (\d+);", script) == [str(SHORTEST)]
    for lang in ("vi", "en"):
        words = (desk / f"words.{lang}.yaml").read_text(encoding="utf-8")
        for key in ("password_hint", "password_short"):
            (line,) = re.findall(rf"^  {key}: (.+)$", words, re.MULTILINE)
            assert str(SHORTEST) in line
