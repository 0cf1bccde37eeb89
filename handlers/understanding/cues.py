"""Which phrases stand in a text's words: all of the lexicon's, in one pass.

A word typed without any marks fits any tones, unless the text is `toned`; a word typed with some fits when they agree,
unless it is a word of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

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
    if form in (word.form, "#"):
        return True
    if form[0] == "=":
        return word.form == form[1:]
    if word.key == "#":
        return False
    return word.form == word.key or _near(word.form, form)


class Candidate(NamedTuple):
    """A cue that may begin here. `need` -- one of these keys must stand in the text for it to be complete; None = it
    has no further part that must be there. Most candidates fall by it, before any word is compared."""

    option: Option
    cue: Cue
    need: frozenset[str] | None


class Starts(NamedTuple):
    """The cues that begin with one word: by that word alone, or with the key of the next."""

    alone: list[Candidate]
    followed: dict[str, list[Candidate]]


Index = dict[str, Starts]


def index(cues: Sequence[Cue]) -> Index:
    """Cues by how they begin."""
    found: Index = {}
    for cue in cues:
        need = next((frozenset(slot.options) for slot in cue.rest if not slot.maybe), None)
        for options in cue.first.options.values():
            for option in options:
                starts = found.setdefault(option.keys[0], Starts([], {}))
                place = starts.alone if len(option.keys) == 1 else starts.followed.setdefault(option.keys[1], [])
                place.append(Candidate(option, cue, need))
    return found


class _Text(NamedTuple):
    """Words under a scan. `toned` -- most carry marks, so a plain word alone is plain on purpose: "gia" is not "giá"."""

    words: Sequence[Word]
    keys: tuple[str, ...]
    toned: bool


def is_toned(typed: Sequence[str]) -> bool:
    """Whether at least half of the words that could carry marks do."""
    full = [token for token in typed if len(token) > 1 and token not in SHORT and not token.isdecimal()]
    return 2 * sum([not token.isascii() for token in full]) >= len(full) > 0


def scan(words: Sequence[Word], by_key: Index, *, toned: bool) -> list[Hit]:
    """Every mark of every cue that stands in `words`. `toned` -- see `is_toned`."""
    hits: list[Hit] = []
    for cue, covered in _found(words, by_key, toned=toned):
        size = covered.bit_count()
        hits.extend([Hit(mark, covered, size) for mark in cue.marks])
    return hits


def stands_any(words: Sequence[Word], by_key: Index, *, toned: bool) -> bool:
    """Whether there is a hit at all."""
    return next(_found(words, by_key, toned=toned), None) is not None


def _found(words: Sequence[Word], by_key: Index, *, toned: bool) -> Iterator[tuple[Cue, int]]:
    keys = tuple([word.key for word in words])
    text = _Text(words, keys, toned)
    last = len(keys) - 1
    present = set(keys)
    for at, key in enumerate(keys):
        starts = by_key.get(key)
        if starts is None:
            continue
        candidates = starts.alone
        if at < last and keys[at + 1] in starts.followed:
            candidates = candidates + starts.followed[keys[at + 1]]
        for option, cue, need in candidates:
            if need is not None and need.isdisjoint(present):
                continue
            if _stands(option, text, at):
                covered = _rest(cue.rest, text, at, len(option.keys))
                if covered:
                    yield cue, covered


def _stands(option: Option, text: _Text, at: int) -> bool:
    size = len(option.keys)
    if size == 1:
        word = text.words[at]
        wanted = option.forms[0]
        return word.form == wanted or (fits(word, wanted) and not (text.toned and word.form == word.key))
    end = at + size
    return text.keys[at:end] == option.keys and all(map(fits, text.words[at:end], option.forms))


def _standing(options: Sequence[Option], text: _Text, at: int) -> Option | None:
    for option in options:
        if _stands(option, text, at):
            return option
    return None


def _rest(slots: tuple[Slot, ...], text: _Text, at: int, size: int) -> int:
    """The words covered when all further slots are filled, else 0."""
    covered = ((1 << size) - 1) << at
    if not slots:
        return covered
    end = at + size
    keys = text.keys
    last = len(keys)
    for gap, maybe, options in slots:
        for start in range(end, min(end + gap + 1, last)):
            option = _standing(options[keys[start]], text, start) if keys[start] in options else None
            if option:
                size = len(option.keys)
                covered |= ((1 << size) - 1) << start
                end = start + size
                break
        else:
            if not maybe:
                return 0
    return covered


INDEX: Final = index(CUES)
