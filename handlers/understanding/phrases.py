"""Phrases that mean something: read from `lexicon/*.txt` once, then all found in one pass over a text's words.

A line is `marks : phrase | phrase`. Marks: `buy+3` an intent and its weight, `product=du_lich` a fact, `@car` a flag,
`-buy` takes buy's hits on the same words away. In a phrase: `(a/b)` either, `(a/b)?` or nothing, `$name` a group defined
above, `..` up to 3 words between, `...` up to 8, `#` a number, `=word` the tones must have been typed.
A word typed without any marks fits any tones; a word typed with some fits when they agree, unless it is a word of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from handlers.understanding.fold import DOUBLE, Word, spell

LEXICON: Final = Path(__file__).parent / "lexicon"
GAPS: Final = {"..": 3, "...": 8}
NAMED: Final = frozenset({"destination", "province", "vehicle_model"})  # their values are names: _ is a space
CHOICE: Final = re.compile(r"\(([^()]*\$[^()]*)\)")
GROUP: Final = re.compile(r"\$\w+")
SLOT: Final = re.compile(r"\(([^()]*)\)(\?)?|(\S+)")
INTENTS: Final = frozenset(
    "greeting buy ask_fee claim renewal complaint talk_to_human opt_out thanks privacy_request spam_abuse other fraud".split()
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a phrase stands for. `label` -- intent, `key=value`, `@flag` or `-intent`; the rest is read off it once:
    whether it is an intent, the label it takes away, and the two sides of a fact."""

    label: str
    weight: int
    intent: bool
    takes: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Option:
    """One way to fill a slot: words that stand together."""

    keys: tuple[str, ...]
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a phrase. `gap` -- how many words may stand before it; `options` -- by their first key, longest first."""

    gap: int
    maybe: bool
    options: dict[str, list[Option]]


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase and its marks. `rest` -- the slots after the first; `answers` -- it answers a question, and is read apart."""

    first: Slot
    rest: tuple[Slot, ...]
    marks: tuple[Mark, ...]
    answers: bool = False


def parse_marks(text: str) -> tuple[Mark, ...]:
    """The left side of a line."""
    marks = []
    for part in text.split():
        label, plus, weight = part.partition("+")
        key, fact, value = label.partition("=")
        if key.removeprefix("-") in NAMED:
            value = value.replace("_", " ")
            label = f"{key}={value}"
        marks.append(
            Mark(
                label,
                int(weight) if plus else 1,
                intent=label in INTENTS,
                takes=label[1:] if label[0] == "-" else "",
                key=key if fact else "",
                value=value,
            )
        )
    return tuple(marks)


def _slots(phrase: str) -> list[Slot]:
    slots: list[Slot] = []
    gap = 0
    for choice, maybe, word in SLOT.findall(phrase):
        if word in GAPS:
            gap = GAPS[word]
            continue
        options, nothing = _options(choice or word)
        slots.append(Slot(gap, bool(maybe) or nothing, options))
        gap = 0
    return slots


@cache
def _options(choice: str) -> tuple[dict[str, list[Option]], bool]:
    """The ways to fill a slot by their first key, longest first, and whether nothing is one of them."""
    alternatives = choice.split("/")
    options: dict[str, list[Option]] = {}
    for alternative in sorted(filter(None, alternatives), key=lambda text: -text.count(" ")):
        option = _option(alternative)
        options.setdefault(option.keys[0], []).append(option)
    return options, "" in alternatives


@cache
def _option(text: str) -> Option:
    spelled = [_lexical(word) for word in text.split()]
    return Option(tuple(word.key for word in spelled), tuple(word.form for word in spelled))


def _lexical(word: str) -> Word:
    if word == "#" or word.isdigit():
        return Word("#", word)
    key, form = spell(word.removeprefix("=").lower())
    return Word(key, f"={form}" if word.startswith("=") else form)


def _expanded(line: str, groups: Mapping[str, str]) -> str:
    """With every `$name` spelled out: further choices inside a choice, a choice of its own elsewhere."""
    if "$" not in line:
        return line
    line = CHOICE.sub(lambda found: f"({'/'.join(_spelled_out(found[1], groups))})", line)
    return GROUP.sub(lambda found: f"({groups[found[0]]})", line)


def _spelled_out(choice: str, groups: Mapping[str, str]) -> Iterator[str]:
    for alternative in choice.split("/"):
        name = GROUP.search(alternative)
        if name:
            yield from (alternative.replace(name[0], option, 1) for option in groups[name[0]].split("/"))
        else:
            yield alternative


def read_lexicon(text: str, *, answers: bool = False) -> list[Cue]:
    """All cues of one lexicon file."""
    groups: dict[str, str] = {}
    cues = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("$"):
            name, _, options = line.partition(" = ")
            groups[name] = options.strip()
            continue
        left, _, right = _expanded(line, groups).partition(" : ")
        marks = parse_marks(left)
        for phrase in right.split("|"):
            first, *rest = _slots(phrase)
            cues.append(Cue(first, tuple(rest), marks, answers))
    return cues


def load(*names: str, answers: bool = False) -> list[Cue]:
    """The cues of the named lexicon files."""
    return [
        cue for name in names for cue in read_lexicon((LEXICON / f"{name}.txt").read_text("utf-8"), answers=answers)
    ]


def shorthand() -> dict[str, tuple[Word, ...]]:
    """What is typed short -> the words it says; also under its form with doubled letters taken as one ("okk")."""
    typed: dict[str, tuple[Word, ...]] = {}
    stretched: dict[str, tuple[Word, ...]] = {}
    for line in (LEXICON / "short.txt").read_text("utf-8").splitlines():
        left, colon, right = line.partition(" : ")
        if line.startswith("#") or not colon:
            continue
        meant = tuple(spell(word) for word in right.split())
        for short in left.split():
            typed[short] = meant
            if len(short) == len(DOUBLE.sub(r"\1", short)):
                stretched[spell(short).form] = meant
    return stretched | typed
