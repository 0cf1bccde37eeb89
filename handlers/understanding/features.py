"""What the model looks at in a message: its words, pieces of them, shapes of what was given, and what the rules say.

Features are names, never values: a number is `#` and its length, whoever it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from handlers.understanding import answers
from handlers.understanding.facts import Facts
from handlers.understanding.fold import Word
from handlers.understanding.reading import Reading

MOST: Final = 40  # words: who writes a letter says in its beginning what it is about
GRAMS: Final = (3, 4, 5)
LENGTHS: Final = (0, 1, 2, 3, 5, 8, 13, 21)
SIGNS: Final = "?!@👍🙏❤😡😭👋"
GIVEN: Final = ("phones", "emails", "plates", "name", "company", "cccd", "passport", "tax_code", "when", "dob", "yob", "csat", "amounts", "numbers")  # fmt: skip


def of_word(word: Word) -> list[str]:
    """A word by itself: as typed, without marks, and its pieces, which survive a slip of the finger."""
    key, form = word
    if key == "#":
        return [f"w#{min(len(form), 12)}"]
    ended = f"_{key[:24]}_"
    found = [f"k{key}", f"w{form}"]
    for size in GRAMS:
        found += [f"c{ended[at : at + size]}" for at in range(len(ended) - size + 1)]
    return found


def of_message(reading: Reading, facts: Facts, context: str, read_as: str) -> list[str]:
    """Everything else: words beside each other and under the open question, shapes, and the rules' own reading.

    context -- as in the corpus, '' for none; read_as -- the intent that the rules decided for
    """
    return [*_words(reading, context), *_shapes(reading, facts, context), *by_rules(reading, facts, context, read_as)]


def _words(reading: Reading, context: str) -> Iterator[str]:
    words = reading.words[:MOST]
    keys = [word.key for word in words]
    # as typed where a word stands alone or at an end: dừng, đúng, dùng and Dũng differ in nothing else
    forms = [key if key == "#" else form for key, form in words]
    yield f"x{context}"
    before, farther = "", ""
    for word, key in zip(words, keys, strict=True):
        if before:
            yield f"b{before} {key}"
        if farther:
            yield f"t{farther} {before} {key}"
            yield f"g{farther} {key}"
        yield f"x{context} {key}"
        if key not in (word.form, "#"):
            yield f"y{context} {word.form}"
        before, farther = key, before
    if forms:
        yield f"b^ {forms[0]}"
        yield f"b{forms[-1]} $"
        yield f"x{context}^{forms[0]}"
        yield f"x{context} {' '.join(forms[:2])}"
        yield f"x{context}${forms[-1]}"
    if len(forms) <= 4:
        yield f"x{context}={' '.join(forms)}"


def _shapes(reading: Reading, facts: Facts, context: str) -> Iterator[str]:
    length = sum(len(reading.words) > least for least in LENGTHS)
    yield f"l{length}"
    yield f"l{context} {length}"
    for sign in SIGNS:
        if sign in reading.text:
            yield f"s{sign}"
            yield f"s{context} {sign}"
    if reading.toned:
        yield "stoned"
    for given in GIVEN:
        if getattr(facts, given):
            yield f"f{given}"
            yield f"f{context} {given}"


def by_rules(reading: Reading, facts: Facts, context: str, read_as: str) -> Iterator[str]:
    """What the rules found: names begin with `r`."""
    strength = min(7, reading.scores.get(read_as, 0))
    yield f"r={read_as}"
    yield f"r={read_as} {strength}"
    yield f"r={read_as} {context}"
    ranked = sorted(reading.scores.items(), key=lambda item: (-item[1], item[0]))
    for intent, weight in ranked:
        yield f"r+{intent}"
        yield f"r+{intent} {min(weight, 8)}"
    if len(ranked) > 1:
        yield f"r>{ranked[0][0]} {ranked[1][0]}"
    for label in sorted(reading.labels - reading.scores.keys()):
        yield f"r@{label}"
    said = answers.answer(reading)
    yield f"r?{said}"
    yield f"r?{said} {context}"
    if facts.phones:
        yield f"rphone {bool(facts.phones[0].e164)}"
