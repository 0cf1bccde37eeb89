"""A message read once: its three forms, and every phrase of the lexicon that stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from handlers.understanding.beginnings import Index
from handlers.understanding.cues import INDEX, SHORT, Hit, is_toned, scan
from handlers.understanding.fold import Word, clean, flatten, spell, tokens
from handlers.understanding.phrases import INTENTS

PIECE: Final = 48  # words; people write 5 to 30
# spelled letter by letter: D Ừ N G
SPACED: Final = frozenset({"dung", "stop", "ngung", "huy", "thoi"})
SEAT: Final = spell("chỗ")
AFTER_NUMBER: Final = frozenset("kbcdeartg")  # a unit or part of a plate, no pronoun


@dataclass(slots=True)
class Reading:
    """What stands in a message. `scores` -- intent -> weight; `labels` -- every other mark found."""

    text: str
    flat: str
    words: list[Word]
    toned: bool  # most words carry their marks
    hits: list[Hit] = field(default_factory=list)
    scores: dict[str, int] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)

    def fact(self, key: str) -> str | None:
        """The value of the longest phrase marked `key=…`, the earlier one of two."""
        prefix = f"{key}="
        best = max(
            (hit for hit in self.hits if hit.mark.label.startswith(prefix)),
            key=lambda hit: (hit.size, -(hit.words & -hit.words)),
            default=None,
        )
        return best.mark.label.removeprefix(prefix) if best else None


def read(text: str) -> Reading:
    """`text` as typed, read with the whole lexicon."""
    cleaned = clean(text)
    typed = tokens(cleaned)
    words = spell_out(typed)
    toned = is_toned(typed)
    hits = _find(words, toned=toned)
    reading = Reading(cleaned, flatten(cleaned), words, toned, hits)
    reading.scores = _scores(hits)
    reading.labels = {hit.mark.label for hit in hits}
    return reading


def _find(words: list[Word], *, toned: bool) -> list[Hit]:
    """All hits that count. A long text is read piece by piece: hits are compared with each other, which is quadratic."""
    if len(words) <= PIECE:
        return settle(scan(words, INDEX, toned=toned))
    return [
        hit for at in range(0, len(words), PIECE) for hit in settle(scan(words[at : at + PIECE], INDEX, toned=toned))
    ]


def spell_out(typed: Sequence[str]) -> list[Word]:
    """Numbers as #, shorthand in full, letters that spell a stop word put together."""
    full: list[Word] = []
    letters: list[Word] = []
    for at, said in enumerate(typed):
        if said.isdecimal():
            full.append(Word("#", said))
            continue
        word = spell(said)
        if len(word.key) == 1:
            letters.append(word)
            if full and full[-1].key == "#" and said in AFTER_NUMBER:
                ends = at + 1 == len(typed) or not typed[at + 1].isdecimal()
                full.append(SEAT if said == "c" and ends else word)
                continue
        meant = SHORT.get(said) or SHORT.get(word.form)
        if meant:
            full.extend(meant)
        else:
            full.append(word)
    if len(letters) == len(typed) and "".join(word.key for word in letters) in SPACED:
        return [_joined(letters)]
    return full


def _joined(letters: Sequence[Word]) -> Word:
    tone = "".join(word.form[1:] for word in letters)
    form = "".join(word.form[0] for word in letters)
    return Word("".join(word.key for word in letters), form + tone)


def settle(hits: list[Hit]) -> list[Hit]:
    """Without what another phrase takes away, and without intents inside a longer phrase."""
    gone = [(hit.mark.label[1:], hit.words) for hit in hits if hit.mark.label[0] == "-"]
    kept = [
        hit
        for hit in hits
        if hit.mark.label[0] != "-"
        and not (gone and any(label == hit.mark.label and words & hit.words for label, words in gone))
    ]
    longer = [hit for hit in kept if hit.size > 1 and hit.mark.label in INTENTS]
    return [hit for hit in kept if hit.mark.label not in INTENTS or not _inside(hit, longer)]


def _inside(hit: Hit, others: Iterable[Hit]) -> bool:
    return any(other.size > hit.size and hit.words & other.words == hit.words for other in others)


def _scores(hits: Iterable[Hit]) -> dict[str, int]:
    """The best phrase of an intent counts in full, up to two further ones count one each."""
    best: dict[str, int] = {}
    places: dict[str, set[int]] = {}
    for hit in hits:
        label = hit.mark.label
        if label in INTENTS:
            best[label] = max(best.get(label, 0), hit.mark.weight)
            places.setdefault(label, set()).add(hit.words)
    return {label: weight + min(2, len(places[label]) - 1) for label, weight in best.items() if weight}


def scan_with(text: str, by_key: Index) -> tuple[list[Word], list[Hit]]:
    """The words of a stretch of clean text, and what a small lexicon finds in them."""
    typed = tokens(text)
    words = spell_out(typed)
    return words, scan(words, by_key, toned=is_toned(typed))
