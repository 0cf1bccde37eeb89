"""What many people type in the same words is read once: a bounded memory of messages that hold nothing of anybody's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handlers.understanding.cues import CUES
from handlers.understanding.facts import Facts
from handlers.understanding.intent import GRAVE
from handlers.understanding.phrases import Cue, load
from handlers.understanding.reading import Reading
from handlers.understanding.when import When

LONGEST: Final = 80  # characters: what is longer is hardly typed twice
MOST: Final = 2048  # messages
UNITS: Final = frozenset(
    {"h", "g", "gio", "cho", "tan"}
)  # hours, seats, tons: after any other number it may be his own
DIGITS: Final = 2
OWN: Final = frozenset({"claim", "complaint", "privacy_request"})  # what has happened to somebody is his own

GRIEF: Final = frozenset({*GRAVE, "fatal", "urgent"})
AGE: Final = frozenset({"tuoi", "lop"})  # may tell that he is a child


def _keys(cues: list[Cue]) -> set[str]:
    slots = [slot for cue in cues for slot in (cue.first, *cue.rest)]
    return {key for slot in slots for options in slot.options.values() for option in options for key in option.keys}


VOCABULARY: Final = frozenset(_keys([*CUES, *load("answers", answers=True)])) | {"#"}


@dataclass(frozen=True, slots=True)
class Common:
    """A message as it was read, whoever typed it. `when` -- the time to call that it names, to be reckoned from the
    moment it is said."""

    intent: str
    entities: Mapping[str, Any]
    also: tuple[str, ...]
    address: tuple[str, bool]
    place: str
    when: When | None


class Memory:
    """What has been read, by text and open question. When it is full it starts anew: what is common is soon back."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._read: dict[tuple[str, str], Common] = {}

    def __len__(self) -> int:
        return len(self._read)

    def get(self, text: str, asked: str) -> Common | None:
        return self._read.get((text, asked))

    def keep(self, text: str, asked: str, read: Common) -> None:
        if len(self._read) >= self._most:
            self._read.clear()
        self._read[text, asked] = read


def is_common(text: str, reading: Reading, facts: Facts, intent: str, entities: Mapping[str, Any]) -> bool:
    """Whether others may have typed the same: short, every word one of the lexicon's, and no number beside an hour,
    a weekday, seats or tons, no address, name, firm, age, illness, despair or mishap."""
    return (
        len(text) <= LONGEST
        and intent not in OWN
        and GRIEF.isdisjoint(reading.labels)
        and AGE.isdisjoint(reading.sentence.keys)
        and "@" not in text
        and VOCABULARY.issuperset(reading.sentence.keys)
        and ("#" not in reading.sentence.keys or _are_counted(reading))
        and not (facts.phones or facts.emails or facts.plates or facts.name or facts.company)
        and "sensitive" not in reading.values
        and "staff_name" not in entities
        and not (text.istitle() and " " in text)  # some words of the lexicon are names too: Mai, Hoa, Nam
    )


def _are_counted(reading: Reading) -> bool:
    """Whether each number is short and tells an hour, a weekday, seats or tons."""
    before = ""
    for word, after in zip(reading.words, [*reading.sentence.keys[1:], ""], strict=True):
        if word.key == "#" and (len(word.form) > DIGITS or (after not in UNITS and before != "thu")):
            return False
        before = word.key
    return True
