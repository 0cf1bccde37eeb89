"""The tree of beginnings finds what trying every cue at every word finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.beginnings import index
from handlers.understanding.cues import CUES, INDEX, Sentence, find, fits
from handlers.understanding.fold import clean, tokens
from handlers.understanding.phrases import Cue, Option, load
from handlers.understanding.reading import spell_out

CORPUS = Path(__file__).parents[2] / "corpus"
TEXTS = [
    json.loads(line)["text"]
    for name in ("intents.train.jsonl", "intents.own.jsonl")
    for line in (CORPUS / name).read_text("utf-8").splitlines()
]
ALL = [*CUES, *load("answers", answers=True)]
WORDS = sorted({word for text in TEXTS for word in tokens(clean(text))})


def tried(sentence: Sentence, cues: list[Cue]) -> list[tuple[Cue, int]]:
    """Every cue at every word, the obvious way: shorter beginnings first, then as the lexicon has them."""
    options = [(cue, option) for cue in cues for choice in cue.first.options.values() for option in choice]
    options.sort(key=lambda pair: len(pair[1].keys) > 1)
    found = []
    for at in range(len(sentence.words)):
        for cue, option in options:
            if stands(option, sentence, at) and (covered := filled(cue, sentence, at, len(option.keys))):
                found.append((cue, covered))
    return found


def stands(option: Option, sentence: Sentence, at: int) -> bool:
    end = at + len(option.keys)
    if sentence.keys[at:end] != option.keys:
        return False
    if len(option.keys) > 1:
        return all(map(fits, option.keys, sentence.forms[at:end], option.forms))
    key, form = sentence.words[at]
    plain_on_purpose = sentence.toned and form == key and form != option.forms[0]
    return fits(key, form, option.forms[0]) and not plain_on_purpose


def filled(cue: Cue, sentence: Sentence, at: int, size: int) -> int:
    covered, end = ((1 << size) - 1) << at, at + size
    for slot in cue.rest:
        places = range(end, min(end + slot.gap + 1, len(sentence.words)))
        here = (
            (start, len(option.keys))
            for start in places
            for option in slot.options.get(sentence.keys[start], ())
            if stands(option, sentence, start)
        )
        start, size = next(here, (0, 0))
        if size:
            covered, end = covered | ((1 << size) - 1) << start, start + size
        elif not slot.maybe:
            return 0
    return covered


MINE = index(ALL)


def _agrees(text: str) -> None:
    sentence = spell_out(tokens(clean(text)))
    found, answers = find(sentence, MINE)
    expected = tried(sentence, ALL)
    assert found == [one for one in expected if not one[0].answers]
    assert answers == [one for one in expected if one[0].answers]


@pytest.mark.parametrize("text", TEXTS[::29])
def test_on_the_corpus(text: str) -> None:
    _agrees(text)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_on_words_of_the_corpus(text: str) -> None:
    _agrees(text)


def test_every_cue_is_found_in_its_own_words() -> None:
    for cue in ALL:
        slots = [cue.first, *(slot for slot in cue.rest if not slot.maybe)]
        said = [min(slot.options.values(), key=len)[0] for slot in slots]
        words = [form.removeprefix("=") for option in said for form in option.forms]
        keys = tuple(key for option in said for key in option.keys)
        sentence = Sentence([], keys, tuple(words), toned=False)
        found, answers = find(sentence, INDEX)
        assert any(one.marks == cue.marks for one, _ in [*found, *answers]), words
