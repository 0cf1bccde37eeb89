"""Where a channel shows no buttons, its choices are numbered lines, and a lone number is an answer."""

from __future__ import annotations

import pytest

from handlers.incoming import NUMBER


@pytest.mark.parametrize(("said", "number"), [("1", "1"), (" 2. ", "2"), ("3)", "3"), ("12", "12")])
def test_a_lone_number(said: str, number: str) -> None:
    found = NUMBER.fullmatch(said)
    assert found is not None
    assert found[1] == number


@pytest.mark.parametrize("said", ["", "1 2", "0912007345", "1 xe", "một", "-1", "1.5", "123"])
def test_what_is_no_lone_number(said: str) -> None:
    assert NUMBER.fullmatch(said) is None
