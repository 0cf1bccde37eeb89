"""Tables that Excel opens: UTF-8 with its mark, everything quoted, and nothing in a cell that a spreadsheet would run.

Excel splits a file at the list separator of the computer's region and takes no hint beside a `sep=` line, which makes it
forget the encoding: so who exports chooses, and the page's language decides what is chosen (docs/adr/0130).
"""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

Separator = Literal["semicolon", "comma"]
SEPARATORS: Final = {"semicolon": ";", "comma": ","}
MARK: Final = b"\xef\xbb\xbf"
AN_HOUR: Final = 10  # tables of one person
# What makes a cell a formula, in any width; OWASP "CSV Injection", read 2026-11-23.
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212")


def safe(value: object) -> str:
    """A cell's text. Numbers of ours stay numbers; words that a spreadsheet would take for a formula get a stroke before
    them, also where blanks or what cannot be seen stand in front."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    shown = text.lstrip(" \u00a0\u200b\u200c\u200d\u2060\ufeff\x00")
    return f"'{text}" if text.startswith(_RUNS) or shown.startswith(_RUNS) else text


def lines(rows: Iterable[Iterable[object]], separator: Separator) -> bytes:
    """Lines of a table, without the file's mark."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=SEPARATORS[separator], quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([safe(cell).replace("\x00", "") for cell in row] for row in rows)
    return made.getvalue().encode()


@dataclass(slots=True)
class Allowance:
    """How many tables each person took within the hour."""

    _taken: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, person: str) -> float:
        """0 where he may have one more, and it is counted; else in how many seconds he may."""
        now, taken = time.monotonic(), self._taken[person]
        while taken and now - taken[0] > 3600:
            taken.popleft()
        if len(taken) >= AN_HOUR:
            return 3600 - (now - taken[0])
        taken.append(now)
        return 0.0
