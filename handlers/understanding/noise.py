"""Keys hit at random: what nobody could have meant to say."""

from __future__ import annotations

import re
from typing import Final

from handlers.understanding.fold import DOUBLE
from handlers.understanding.reading import Reading

ROWS: Final = ("qwertyuiop", "poiuytrewq", "asdfghjkl", "lkjhgfdsa", "zxcvbnm", "mnbvcxz")
RUN_OF_ROW: Final = 5  # keys beside each other
CLUSTER: Final = re.compile(r"[^aeiouy\W\d_]{5,}|^[^aeiouy\W\d_]{4,}$")
HELD: Final = re.compile(r"(?:([a-z])\1{4,}+\s?+){1,6}+\Z")  # a key held down; what it took it does not give back
BEATEN: Final = re.compile(r"([a-z]{2,4})\1{2,}[a-z]{0,3}\Z")  # gfhgfhgf
LAUGHTER: Final = frozenset("haiekuo ")
SIGNS: Final = re.compile(r"[!-/:-@\[-`{-~]{6,}\Z")
KINDS_OF_SIGNS: Final = 3  # "!!!!!!" and "......" say something
FEW: Final = 4  # words


def is_gibberish(reading: Reading) -> bool:
    """No word anybody could say."""
    words = reading.words
    typed = reading.flat.strip()
    if not words:
        return SIGNS.match(typed) is not None and len(set(typed)) >= KINDS_OF_SIGNS
    if len(words) > FEW or any(mark.intent for mark, _, _ in reading.hits):
        return False
    if HELD.match(typed):
        return not set(typed) <= LAUGHTER
    return all(len(piece) >= RUN_OF_ROW and _is_beaten(piece) for piece in typed.split())


def _is_beaten(piece: str) -> bool:
    in_a_row = any(piece[at : at + RUN_OF_ROW] in row for row in ROWS for at in range(len(piece) - RUN_OF_ROW + 1))
    beaten = BEATEN.match(piece) is not None and not set(piece) <= LAUGHTER
    return in_a_row or beaten or CLUSTER.search(DOUBLE.sub(r"\1", piece)) is not None
