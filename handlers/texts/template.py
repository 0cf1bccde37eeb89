"""One sentence of ours with holes in it: compiled once, filled in one pass, capitalised where a sentence begins.

What is put into a hole is never read again: a customer who types `{xung_ho}` gets exactly that back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HOLE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
BOUNDARY: Final = re.compile(r"[.!?…]+[\"”’')\]]*\s+|\n\s*")  # a line of a list begins like a sentence
LAST_WORD: Final = re.compile(r"[^\W\d_]*\Z")
# a dot after these ends no sentence ("TP. Hồ Chí Minh", "certificate no. 12"); a single letter is an initial
ABBREVIATIONS: Final = frozenset(
    {"approx", "dr", "eg", "ie", "mr", "mrs", "ms", "no", "nr", "st", "tel", "tp", "ts", "tt", "vd"}
)
ADDRESS: Final = re.compile(r"\S*(?:@|://|\w\.\w)")  # an e-mail, a link, a file name: its case is not ours to change


class MalformedTemplate(ValueError):
    """A brace that opens or closes no variable."""


class UnfilledVariable(LookupError):
    """A text was asked for without everything it says. It must not be sent."""

    def __init__(self, key: str, missing: tuple[str, ...]) -> None:
        super().__init__(f"{key}: nothing to put for {', '.join(missing)}")
        self.key = key
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for a value. `capital` -- it begins a sentence."""

    name: str
    capital: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A text ready to be filled. `source` is the text as written, before anything is capitalised."""

    key: str
    source: str
    parts: tuple[str | Hole, ...]
    variables: frozenset[str]

    def fill(self, values: Mapping[str, object]) -> str:
        """The finished text.

        :raises UnfilledVariable: a value is absent, None or blank
        """
        said: list[str] = []
        missing: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                said.append(part)
                continue
            given = values.get(part.name)
            value = "" if given is None else str(given)
            if not value or value.isspace():
                missing.append(part.name)
            elif part.capital and value[0].islower() and not ADDRESS.match(value):
                said.append(value[0].upper() + value[1:])
            else:
                said.append(value)
        if missing:
            raise UnfilledVariable(self.key, tuple(dict.fromkeys(missing)))
        return "".join(said)


def compile_template(key: str, source: str) -> Template:
    """Read `source` into literal pieces and holes, the literal pieces capitalised already.

    :raises MalformedTemplate: a stray brace
    """
    pieces = HOLE.split(source)
    parts: list[str | Hole] = []
    begins = True
    for at, piece in enumerate(pieces):
        if at % 2:
            parts.append(Hole(piece, begins))
            begins = False
            continue
        if "{" in piece or "}" in piece:
            raise MalformedTemplate(f"{key}: a brace without its variable in {piece!r}")
        literal, begins = _capitalise(piece, begins)
        if literal:
            parts.append(literal)
    return Template(key, source, tuple(parts), frozenset(pieces[1::2]))


def _capitalise(literal: str, begins: bool) -> tuple[str, bool]:
    """`literal` with its sentences capitalised, and whether what follows it begins a sentence."""
    starts = {0} if begins else set()
    starts.update(end.end() for end in BOUNDARY.finditer(literal) if not _abbreviated(literal, end.start()))
    letters = list(literal)
    pending = False
    for at, letter in enumerate(letters):
        pending = pending or at in starts
        if pending and letter.isalnum():
            letters[at] = letter.upper() if len(letter.upper()) == 1 else letter
            pending = False
    return "".join(letters), pending or len(literal) in starts


def _abbreviated(literal: str, dot: int) -> bool:
    if literal[dot] != "." or literal[dot : dot + 2] == "..":
        return False
    word = LAST_WORD.search(literal[:dot])
    # A single capital is an initial ("A."); "ạ." is how half of our sentences end.
    return word is not None and ((len(word[0]) == 1 and word[0].isupper()) or word[0].casefold() in ABBREVIATIONS)
