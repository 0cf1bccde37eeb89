"""The demonstration's customers against the core: everybody is answered, in words of ours, and the page of docs is fresh."""

from __future__ import annotations

import re

import pytest

from gateway.demo import asked
from tools.conversations import PAGE, Talk, talks

PLAYED = {one.character.key: one for one in talks()}


@pytest.mark.parametrize("key", PLAYED)
def test_everybody_is_answered_in_words_of_ours(key: str) -> None:
    one = PLAYED[key]
    assert any(who == "bot" for who, _ in one.lines)
    for who, text in one.lines:
        if who == "bot":
            said = text.partition("\n   [")[0]
            assert len(asked.keys(said)) == len(said.split("\n\n")), said
            assert "anh/chị" not in said.lower() or not known(one)


def known(one: Talk) -> bool:
    """He has said all along how he wants to be called."""
    return one.character.key in {"changes_mind", "elderly"}


@pytest.mark.parametrize("key", [key for key, one in PLAYED.items() if one.character.lead])
def test_a_lead_reaches_an_advisor(key: str) -> None:
    assert any(who == "advisor" for who, _ in PLAYED[key].lines), PLAYED[key].lines[-2:]


def test_the_page_says_what_the_texts_say_today() -> None:
    page = PAGE.read_text("utf-8")
    said = re.findall(r"(?m)^\*\*Bot\*\*: (.+)$", page)
    assert len(said) > 20
    for line in said:
        words = re.sub(r"(?:<br>)?\\\[.*$", "", line).replace("<br>", "\n")
        assert len(asked.keys(words)) == len(words.split("\n\n")), (
            f"run `python -m tools.conversations --docs`: {words}"
        )
