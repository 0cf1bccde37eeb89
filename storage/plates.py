"""Runs of a text that look like a Vietnamese plate, so that one is found however it is typed. Which of them is one is not asked here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MOST: Final = 8  # of one text
_JOINT: Final = r"[\s.\-–_/]{0,3}"
_RUN: Final = (
    re.compile(  # the province, the series, four or five digits: 51F-123.45, 59T1 23456, 29-AA 123 45, 36N4182
        rf"(?<![^\W_])\d\d{_JOINT}(?:[a-z]{{1,2}}|[a-z]\d|md\d){_JOINT}"
        r"(?P<number>\d{3}[ .\-]?\d{2}|\d{2}[.\-]\d{3}|\d{4})(?![^\W_]|[.\-]\d)"
    )
)
_BETWEEN: Final = re.compile(r"[\W_]")


@dataclass(frozen=True, slots=True)
class Run:
    """`tight` -- without what people put between; `number` -- its last digits, by which people name it, too."""

    begin: int
    end: int
    tight: str
    number: str


def runs(folded: str) -> Iterator[Run]:
    """folded -- in lower case without marks (storage.search.fold)."""
    for count, found in enumerate(_RUN.finditer(folded)):
        if count == MOST:
            return
        tight = (_BETWEEN.sub("", part) for part in (found[0], found["number"]))
        yield Run(found.start(), found.end(), *tight)


def values(folded: str) -> set[str]:
    return {each for run in runs(folded) for each in (run.tight, run.number)}
