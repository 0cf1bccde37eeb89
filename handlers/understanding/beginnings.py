"""Cues by their first words: a tree that a text's words are walked through, so that few cues are ever looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.understanding.phrases import Cue, Option, Slot


@dataclass(frozen=True, slots=True)
class Start:
    """A cue of which the first words stand. `order` -- its place among all; `slots` -- what is still missing; `reach` --
    how many words on, at most, the word stands that it waits for."""

    order: int
    cue: Cue
    slots: tuple[Slot, ...]
    reach: int


Step = tuple[str, bool]  # a word of a beginning; whether it stands by itself, not among the words of one choice


@dataclass(frozen=True, slots=True)
class Beginning:
    """Words that cues begin with, one after the other, and what may come then. Most cues need a further word that stands
    nowhere in the text: they lie under that word and are never looked at.

    ready -- cues that need nothing more; beside -- by the key of the very next word; waiting -- by the key of a later
    word, of which `awaited` are all; further -- longer beginnings, by the key of the next word; wanted -- all these keys
    """

    ready: list[Start]
    beside: dict[str, list[Start]]
    waiting: dict[str, list[Start]]
    awaited: set[str]
    further: dict[str, dict[Step, Beginning]]
    wanted: set[str]


@dataclass(frozen=True, slots=True)
class Index:
    """Cues by the key of their first word. `plain`, `toned` -- words as they have been typed in texts without and with
    marks, and what begins with them; `joined` -- what begins with several steps at once."""

    steps: dict[str, dict[Step, Beginning]]
    plain: dict[str, Beginning]
    toned: dict[str, Beginning]
    joined: dict[tuple[str, tuple[Step, ...]], Beginning]


SEVERAL: Final = 1 << 15  # more than the ways in which cues begin: those that begin with several words come last


def index(cues: Sequence[Cue]) -> Index:
    """Cues by how they begin."""
    usual = Counter(key for cue in cues for slot in (cue.first, *cue.rest) for key in slot.options)
    root = _beginning()
    order = 0
    for cue in cues:
        slots = list(cue.rest)
        words = []
        while slots and (only := _only(slots[0])):
            words.append(only)
            del slots[0]
        awaited, reach = _awaited(slots, usual)
        for options in cue.first.options.values():
            for option in options:
                place = order + SEVERAL if len(option.keys) > 1 else order
                _file(_down(root, option, words), Start(place, cue, tuple(slots), reach), awaited)
                order += 1
    return Index(root.further, {}, {}, {})


def _beginning() -> Beginning:
    return Beginning([], {}, {}, set(), {}, set())


def _down(root: Beginning, first: Option, words: Sequence[Option]) -> Beginning:
    """Where a cue lies that begins with these words."""
    strict = len(first.keys) == 1
    steps = [(key, (form, strict)) for key, form in zip(first.keys, first.forms, strict=True)]
    for key, step in steps + [(word.keys[0], (word.forms[0], True)) for word in words]:
        root.wanted.add(key)
        root = root.further.setdefault(key, {}).setdefault(step, _beginning())
    return root


def merged(beginnings: Sequence[Beginning]) -> Beginning:
    """Several as one."""
    if len(beginnings) == 1:
        return beginnings[0]
    one = _beginning()
    for each in beginnings:
        one.ready.extend(each.ready)
        for mine, theirs in ((one.beside, each.beside), (one.waiting, each.waiting)):
            for key, starts in theirs.items():
                mine[key] = mine.get(key, []) + starts
        one.awaited.update(each.awaited)
        one.wanted.update(each.wanted)
        for key, steps in each.further.items():
            one.further[key] = _both(one.further.get(key, {}), steps)
    return one


def _both(mine: Mapping[Step, Beginning], theirs: Mapping[Step, Beginning]) -> dict[Step, Beginning]:
    return {**mine, **{step: merged([mine[step], at] if step in mine else [at]) for step, at in theirs.items()}}


def _file(at: Beginning, start: Start, awaited: frozenset[str]) -> None:
    if not awaited:
        at.ready.append(start)
        return
    first = start.slots[0]
    adjoining = not first.maybe and not first.gap
    for key in first.options if adjoining else awaited:
        (at.beside if adjoining else at.waiting).setdefault(key, []).append(start)
    at.awaited.update(at.waiting)
    at.wanted.update(at.waiting, at.beside)


def _only(slot: Slot) -> Option | None:
    """The one word that fills the slot, where nothing else does and it follows at once."""
    choices = [option for options in slot.options.values() for option in options]
    alone = len(choices) == 1 and len(choices[0].keys) == 1 and not slot.maybe and not slot.gap
    return choices[0] if alone else None


def _awaited(slots: Sequence[Slot], usual: Mapping[str, int]) -> tuple[frozenset[str], int]:
    """The keys of later words of which one must stand in the text, and how far on at most. The rarest, so that most cues
    fall by them."""
    best: tuple[int, frozenset[str], int] | None = None
    reach = 0
    for slot in slots:
        options = slot.options
        reach += slot.gap + 1
        rarity = sum(usual[key] for key in options)
        if not slot.maybe and (best is None or rarity < best[0]):
            best = (rarity, frozenset(options), reach)
        reach += max(len(option.keys) for choice in options.values() for option in choice) - 1
    return best[1:] if best else (frozenset(), 0)
