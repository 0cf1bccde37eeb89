"""Which phrases stand in a text's words: all of the lexicon's, in one pass.

A word typed without any marks fits any tones, unless the text is `toned`; a word typed with some fits when they agree,
unless it is a word of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from handlers.understanding.beginnings import SEVERAL, Beginning, Index, Start, index, merged
from handlers.understanding.fold import Word, spell
from handlers.understanding.phrases import Cue, Mark, Option, Slot, load, shorthand

SHORT: Final = shorthand()
CUES: Final = load("wants", "troubles", "pressing", "supposed", "talk", "things", "places")
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
NONE: Final[list[Start]] = []
NOTHING: Final = Beginning([], {}, {}, set(), {}, set())


class Sentence(NamedTuple):
    """Words under a scan, their keys, and their forms. `toned` -- most carry marks, so a plain word by itself is plain on
    purpose: "gia" is not "giá"."""

    words: list[Word]
    keys: tuple[str, ...]
    forms: tuple[str, ...]
    toned: bool

    def part(self, start: int, end: int) -> Sentence:
        return Sentence(self.words[start:end], self.keys[start:end], self.forms[start:end], self.toned)


# A mark found, the words that belong to it (bit i is set for word i), and how many they are. Here and in the tree of
# beginnings plain tuples and slots: Python is several times slower with named tuples, and these are its innermost loops.
Hit = tuple[Mark, int, int]


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


def fits(key: str, typed: str, form: str) -> bool:
    """Whether a typed word is the lexicon's `form`; their keys are the same already. A plain word fits any tones."""
    if form in (typed, "#"):
        return True
    if form[0] == "=":
        return typed == form[1:]
    if key == "#":
        return False
    return typed == key or _near(typed, form)


Found = list[tuple[Cue, int]]  # cues in the order in which they begin, each with the words it covers


def find(sentence: Sentence, by_key: Index) -> tuple[Found, Found]:
    """The cues that stand in a sentence, and apart from them the answers."""
    found: Found = []
    answers: Found = []
    before = -1
    for place, start, end, covered in sorted(_begun(sentence, by_key)):
        if place == before:  # it waited for two words that are there
            continue
        before = place
        whole = _filled(start.slots, sentence, end, covered) if start.slots else covered
        if whole:
            (answers if start.cue.answers else found).append((start.cue, whole))
    return found, answers


def _begun(sentence: Sentence, by_key: Index) -> list[tuple[int, Start, int, int]]:
    """The cues of which the first words stand and the others may: their place, where they go on, and what they cover."""
    _, keys, forms, toned = sentence
    begun: list[tuple[int, Start, int, int]] = []
    known = by_key.toned if toned else by_key.plain
    nearest: dict[str, int] = {}  # from the end on, so that only what comes after a word is waited for
    for at in range(len(keys) - 1, -1, -1):
        beginning = known.get(forms[at])
        if beginning is None:
            beginning = _beginning(keys[at], forms[at], by_key, toned=toned)
        longer: list[tuple[Beginning, int]] = []
        end = at + 1
        while True:
            for start in beginning.ready:
                begun.append((at * PLACE + start.order, start, end, (1 << end) - (1 << at)))  # noqa: PERF401 -- as above
            if not beginning.wanted.isdisjoint(nearest):
                following = keys[end] if end < len(keys) else ""
                starts = beginning.beside.get(following, NONE)
                if not beginning.awaited.isdisjoint(nearest):
                    starts = [*starts, *_near_enough(beginning, nearest, end)]
                for start in starts:
                    begun.append((at * PLACE + start.order, start, end, (1 << end) - (1 << at)))  # noqa: PERF401
                if following in beginning.further:
                    for (form, strict), one_longer in beginning.further[following].items():
                        if _is(following, forms[end], form, strict and toned):
                            longer.append((one_longer, end + 1))
            if not longer:
                break
            beginning, end = longer.pop()
        nearest[keys[at]] = at
    return begun


def _near_enough(beginning: Beginning, nearest: Mapping[str, int], end: int) -> list[Start]:
    """The cues for which the word they wait for stands not too far on."""
    found: list[Start] = []
    for key in beginning.awaited.intersection(nearest):
        away = nearest[key] - end
        found += [start for start in beginning.waiting[key] if away < start.reach]
    return found


def _beginning(key: str, form: str, by_key: Index, *, toned: bool) -> Beginning:
    """What begins with a word."""
    steps = by_key.steps.get(key)
    if steps is None:
        return NOTHING
    stand = tuple([step for step in steps if _is(key, form, step[0], step[1] and toned)])
    found = by_key.joined.get((key, stand))
    if found is None:
        found = by_key.joined[key, stand] = merged([steps[step] for step in stand])
    if key != "#":  # of numbers there is no end
        known = by_key.toned if toned else by_key.plain
        if len(known) >= MET:
            known.clear()
        known[form] = found
    return found


def _is(key: str, typed: str, form: str, strict: bool) -> bool:
    """Whether a typed word is the lexicon's; `strict` -- without marks it fits no others."""
    return typed == form or (fits(key, typed, form) and not (strict and typed == key))


def _filled(slots: Sequence[Slot], sentence: Sentence, end: int, covered: int) -> int:
    """The words covered when all further slots are filled, else 0. `end` -- where they begin."""
    keys = sentence.keys
    last = len(keys)
    for slot in slots:
        options = slot.options
        at = end
        stop = min(end + slot.gap + 1, last)
        while at < stop:
            here = options.get(keys[at])
            size = _size(here, sentence, at) if here is not None else 0
            if size:
                covered |= ((1 << size) - 1) << at
                end = at + size
                break
            at += 1
        else:
            if not slot.maybe:
                return 0
    return covered


def _size(options: Sequence[Option], sentence: Sentence, at: int) -> int:
    """How many words the longest option has that stands here, or 0. The first key is known to agree."""
    _, keys, forms, toned = sentence
    for option in options:
        size = len(option.forms)
        if size == 1:
            if _is(keys[at], forms[at], option.forms[0], toned):
                return 1
        else:
            end = at + size
            if keys[at:end] == option.keys and all(map(fits, option.keys, forms[at:end], option.forms)):
                return size
    return 0


INDEX: Final = index([*CUES, *load("answers", answers=True)])
