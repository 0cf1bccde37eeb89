"""A message read once: its three forms, and every phrase of the lexicon that stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from handlers.understanding.beginnings import Index
from handlers.understanding.cues import INDEX, SHORT, Hit, Sentence, find, scan
from handlers.understanding.fold import Word, clean, flatten, spell, tokens
from handlers.understanding.phrases import Cue

PIECE: Final = 48  # words; people write 5 to 30
# spelled letter by letter: D Ừ N G
SPACED: Final = frozenset({"dung", "stop", "ngung", "huy", "thoi"})
SHORTEST: Final = min(map(len, SPACED))
SEAT: Final = spell("chỗ")
AFTER_NUMBER: Final = frozenset("kbcdeartg")  # a unit or part of a plate, no pronoun


class Told(NamedTuple):
    """What a small lexicon finds in a sentence. `bits` -- the words under each label."""

    hits: list[Hit]
    bits: dict[str, int]

    def under(self, *labels: str) -> int:
        """The words under any of the labels."""
        found = 0
        for label in labels:
            found |= self.bits.get(label, 0)
        return found


@dataclass(slots=True)
class Reading:
    """What stands in a message. `scores` -- intent -> weight; `labels` -- the names of all marks found; `values` -- the
    value of the longest phrase marked `key=…`, the earlier one of two."""

    text: str
    flat: str
    sentence: Sentence
    hits: list[Hit]
    scores: dict[str, int]
    labels: set[str]
    values: dict[str, str]
    answers: Told | None = None  # found when it is asked for: see `answers`

    @property
    def words(self) -> list[Word]:
        return self.sentence.words

    @property
    def toned(self) -> bool:
        """Most words carry their marks."""
        return self.sentence.toned

    def fact(self, key: str) -> str | None:
        return self.values.get(key)


def read(text: str) -> Reading:
    """`text` as typed, read with the whole lexicon."""
    cleaned = clean(text)
    sentence = spell_out(tokens(cleaned))
    hits = _find(sentence)
    best: dict[str, int] = {}
    places: dict[str, set[int]] = {}
    labels: set[str] = set()
    values: dict[str, str] = {}
    lengths: dict[str, tuple[int, int]] = {}
    for mark, words, size in hits:
        label = mark.label
        labels.add(label)
        if mark.intent:
            best[label] = max(best.get(label, 0), mark.weight)
            places.setdefault(label, set()).add(words)
        elif mark.key:
            length = (size, -(words & -words))
            if mark.key not in values or length > lengths[mark.key]:
                values[mark.key], lengths[mark.key] = mark.value, length
    # the best phrase of an intent counts in full, up to two further ones count one each
    scores = {label: weight + min(2, len(places[label]) - 1) for label, weight in best.items() if weight}
    return Reading(cleaned, flatten(cleaned), sentence, hits, scores, labels, values)


def _find(sentence: Sentence) -> list[Hit]:
    """All hits that count. A long text is read piece by piece: hits are compared with each other, which is quadratic."""
    size = len(sentence.words)
    if size <= PIECE:
        return settle(find(sentence, INDEX))
    pieces = [sentence.part(at, at + PIECE) for at in range(0, size, PIECE)]
    return [hit for piece in pieces for hit in settle(find(piece, INDEX))]


class Spelled(NamedTuple):
    """A word as typed: what it says, whether it is a single letter, could carry marks, and does."""

    words: tuple[Word, ...]
    letter: bool
    counts: bool
    marked: bool


@lru_cache(maxsize=8192)
def _spelled(said: str) -> Spelled:
    word = spell(said)
    meant = SHORT.get(said) or SHORT.get(word.form) or (word,)
    counts = len(said) > 1 and said not in SHORT
    return Spelled(meant, len(word.key) == 1, counts, counts and not said.isascii())


def spell_out(typed: Sequence[str]) -> Sentence:
    """Numbers as #, shorthand in full, letters that spell a stop word put together."""
    words: list[Word] = []
    letters = full = marked = 0
    after_number = False
    for at, said in enumerate(typed):
        if said.isdecimal():
            words.append(Word("#", said))
            after_number = True
            continue
        meant, letter, counts, marks = _spelled(said)
        full += counts
        marked += marks
        if letter:
            letters += 1
            if after_number and said in AFTER_NUMBER:
                ends = at + 1 == len(typed) or not typed[at + 1].isdecimal()
                meant = (SEAT,) if said == "c" and ends else (spell(said),)
        words += meant
        after_number = False
    # most words that could carry marks do
    toned = 2 * marked >= full > 0
    if letters >= SHORTEST and letters == len(typed):
        spelled = [spell(said) for said in typed]
        if "".join([word.key for word in spelled]) in SPACED:
            words = [_joined(spelled)]
    return Sentence(words, [word.key for word in words], [word.form for word in words], toned)


def _joined(letters: Sequence[Word]) -> Word:
    tone = "".join(word.form[1:] for word in letters)
    form = "".join(word.form[0] for word in letters)
    return Word("".join(word.key for word in letters), form + tone)


def settle(found: Iterable[tuple[Cue, int]]) -> list[Hit]:
    """Without what another phrase takes away, and without intents inside a longer phrase."""
    hits: list[Hit] = []
    gone: list[tuple[str, int]] = []
    intents: list[Hit] = []
    for cue, covered in found:
        size = covered.bit_count()
        for mark in cue.marks:
            if mark.takes:
                gone.append((mark.takes, covered))
                continue
            hit = (mark, covered, size)
            hits.append(hit)
            if mark.intent:
                intents.append(hit)
    if gone:
        taken = [hit for hit in hits if any(label == hit[0].label and words & hit[1] for label, words in gone)]
        hits = [hit for hit in hits if hit not in taken]
        intents = [hit for hit in intents if hit not in taken]
    longer = [hit for hit in intents if hit[2] > 1] if len(intents) > 1 else []
    inside = [hit for other in longer for hit in intents if hit[2] < other[2] and hit[1] & other[1] == hit[1]]
    return [hit for hit in hits if hit not in inside] if inside else hits


def scan_with(text: str, by_key: Index) -> tuple[list[Word], Told]:
    """The words of a stretch of clean text, and what a small lexicon finds in them."""
    sentence = spell_out(tokens(text))
    return sentence.words, told(sentence, by_key)


def told(sentence: Sentence, by_key: Index) -> Told:
    """What a small lexicon finds in a sentence."""
    hits = scan(sentence, by_key)
    bits: dict[str, int] = {}
    for mark, words, _ in hits:
        bits[mark.label] = bits.get(mark.label, 0) | words
    return Told(hits, bits)
