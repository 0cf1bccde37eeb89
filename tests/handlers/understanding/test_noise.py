"""What is noise, and what only looks like it."""

from __future__ import annotations

import pytest

from handlers.understanding.noise import is_gibberish
from handlers.understanding.reading import read

NOISE = [
    "asdfghjkl",
    "jkhgsdf kjhsdf",
    "gfhgfhgf",
    "aaaaaaabbbbbbb",
    "!!!!!@@@@####",
    ";;;;;....,,,,////",
    "zzzzzzxxxxxx",
    "qwertyuiop",
    "sdkjfhskdjfh",
]
SAID = ["haha", "hahahahaha", "hihihi", "kkkkkk", "okkkkkkk", ".....", "?????", "!!!!!!!!", "ok", "thanks", "Nghiêng", "Krông Pắk", "nguyễn", "bhxm", "ntn", "Krzysztof", "", "dừnggggggg"]  # fmt: skip


@pytest.mark.parametrize("text", NOISE)
def test_keys_hit_at_random(text: str) -> None:
    assert is_gibberish(read(text))


@pytest.mark.parametrize("text", SAID)
def test_what_somebody_may_have_meant(text: str) -> None:
    assert not is_gibberish(read(text))
