"""Which phrases stand in a text's words: all of the lexicon's, in one pass.

A word typed without any marks fits any tones, unless the text is `toned`; a word typed with some fits when they agree,
unless it is a word of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from handlers.understanding.beginnings import SEVERAL, Beginning, Index, Start, Step, index, merged
from handlers.understanding.fold import Word, spell
from handlers.understanding.phrases import Cue, Mark, Option, Slot, load, shorthand

SHORT: Final = shorthand()
CUES: Final = load("wants", "troubles", "talk", "things", "places")
# real words one mark away from a word of the lexicon: typed like this they mean themselves
THEMSELVES: Final = "dùng dụng chạy mặt mắt mật mát bàn bạn chay thối cảm cám ta tả tà giả già phi phía hạn hàn hán ban"
KNOWN: Final = frozenset(
    form.removeprefix("=")
    for cue in CUES
    for slot in (cue.first, *cue.rest)
    for options in slot.options.values()
    for option in options
    for form in option.forms
) | {spell(word).form for word in THEMSELVES.split()}
MET: Final = 4096  # forms; Vietnamese has some 7,000 syllables, and a day's messages a few hundred of the lexicon's
PLACE: Final = 2 * SEVERAL


class Sentence(NamedTuple):
    """Words under a scan, and their keys. `toned` -- most carry marks, so a plain word by itself is plain on purpose:
    "gia" is not "giá"."""

    words: list[Word]
    keys: list[str]
    toned: bool


class Hit(NamedTuple):
    """A mark found. `words` -- bit i is set when word i belongs to it."""

    mark: Mark
    words: int
    size: int


@lru_cache(maxsize=4096)
def _near(form: str, wanted: str) -> bool:
    """Half-typed marks: each letter typed is the wanted one or its plain form, and the tone is the same or missing."""
    if form in KNOWN:
        return False
    tone = wanted[-1] if wanted[-1].isdigit() else ""
    letters = wanted.removesuffix(tone) if tone else wanted
    typed_tone = form[-1] if form[-1].isdigit() else ""
    typed = form.removesuffix(typed_tone) if typed_tone else form
    if typed_tone not in ("", tone) or len(typed) != len(letters):
        return False
    plain = spell(letters).key
    return all(a in (b, c) for a, b, c in zip(typed, letters, plain, strict=False))


def fits(word: Word, form: str) -> bool:
    """Whether a typed word is the lexicon's `form`; their keys are the same already. A plain word fits any tones."""
    key, typed = word
    if form in (typed, "#"):
        return True
    if form[0] == "=":
        return typed == form[1:]
    if key == "#":
        return False
    return typed == key or _near(typed, form)


def scan(sentence: Sentence, by_key: Index) -> list[Hit]:
    """Every mark of every cue that stands in a sentence, by where it begins."""
    hits: list[Hit] = []
    for cue, covered in find(sentence, by_key):
        size = covered.bit_count()
        for mark in cue.marks:
            hits.append(Hit(mark, covered, size))  # noqa: PERF401 -- mostly one: a comprehension costs more
    return hits


def find(sentence: Sentence, by_key: Index) -> list[tuple[Cue, int]]:
    """The cues that stand in a sentence, in order, each with the words it covers."""
    words, keys, toned = sentence
    found: list[tuple[Cue, int]] = []
    before = -1
    for place, start, end, covered in sorted(_begun(sentence, by_key)):
        if place == before:  # it waited for two words that are there
            continue
        before = place
        _, cue, slots, _ = start
        whole = _filled(slots, words, keys, end, covered, toned=toned) if slots else covered
        if whole:
            found.append((cue, whole))
    return found


def _begun(sentence: Sentence, by_key: Index) -> list[tuple[int, Start, int, int]]:
    """The cues of which the first words stand and the others may: their place, where they go on, and what they cover."""
    words, keys, toned = sentence
    begun: list[tuple[int, Start, int, int]] = []
    steps = by_key.steps
    later: set[str] = set()  # from the end on, so that only what comes after a word is waited for
    nearest: dict[str, int] = {}
    for at in range(len(keys) - 1, -1, -1):
        key = keys[at]
        if key in steps:
            place = at * PLACE
            longer = [(_beginning(words[at], by_key, toned=toned), at + 1)]
            while longer:
                (ready, beside, waiting, awaited, further, wanted), end = longer.pop()
                starts = ready
                if not wanted.isdisjoint(later):
                    following = keys[end] if end < len(keys) else ""
                    if following in beside:
                        starts = starts + beside[following]
                    for met in awaited & later:
                        away = nearest[met] - end
                        starts = starts + [start for start in waiting[met] if away < start[3]]
                    if following in further:
                        after = words[end]
                        for step, beginning in further[following].items():
                            if _is(after, step, toned=toned):
                                longer.append((beginning, end + 1))
                for start in starts:
                    begun.append((place + start[0], start, end, (1 << end) - (1 << at)))  # noqa: PERF401 -- as above
        later.add(key)
        nearest[key] = at
    return begun


def _beginning(word: Word, by_key: Index, *, toned: bool) -> Beginning:
    """What begins with a word of the lexicon."""
    known = by_key.toned if toned else by_key.plain
    found = known.get(word.form)
    if found is None:
        key = word.key
        steps = by_key.steps[key]
        stand = tuple([step for step in steps if _is(word, step, toned=toned)])
        found = by_key.joined.get((key, stand))
        if found is None:
            found = by_key.joined[key, stand] = merged([steps[step] for step in stand])
        if key != "#":  # of numbers there is no end
            if len(known) >= MET:
                known.clear()
            known[word.form] = found
    return found


def _is(word: Word, step: Step, *, toned: bool) -> bool:
    key, form = word
    wanted, strict = step
    return form == wanted or (fits(word, wanted) and not (strict and toned and form == key))


def _filled(
    slots: tuple[Slot, ...], words: Sequence[Word], keys: list[str], end: int, covered: int, *, toned: bool
) -> int:
    """The words covered when all further slots are filled, else 0. `end` -- where they begin."""
    last = len(keys)
    for gap, maybe, options in slots:
        for at in range(end, min(end + gap + 1, last)):
            here = options.get(keys[at])
            size = _size(here, words, keys, at, toned=toned) if here is not None else 0
            if size:
                covered |= ((1 << size) - 1) << at
                end = at + size
                break
        else:
            if not maybe:
                return 0
    return covered


def _size(options: Sequence[Option], words: Sequence[Word], keys: list[str], at: int, *, toned: bool) -> int:
    """How many words the longest option has that stands here, or 0. The first key is known to agree."""
    word = words[at]
    for wanted, forms in options:
        size = len(forms)
        if size == 1:
            key, form = word
            if form == forms[0] or (fits(word, forms[0]) and not (toned and form == key)):
                return 1
        elif tuple(keys[at : at + size]) == wanted and all(map(fits, words[at : at + size], forms)):
            return size
    return 0


INDEX: Final = index(CUES)
