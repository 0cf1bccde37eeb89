"""Does this message have to be answered at once? Asked at ingest, for every message: stop words, people, damage."""

from __future__ import annotations

from typing import Final

from handlers.understanding.beginnings import index
from handlers.understanding.cues import CUES, find
from handlers.understanding.fold import clean, tokens
from handlers.understanding.phrases import Cue
from handlers.understanding.reading import spell_out
from handlers.understanding.stop import stop_word

NOW: Final = frozenset({"opt_out", "claim", "talk_to_human", "fatal", "urgent"})

LOOKED_AT: Final = 600  # characters: a long letter may wait for the end of its turn


def _pressing(cue: Cue) -> bool:
    return any(mark.label in NOW for mark in cue.marks)


INDEX: Final = index([Cue(cue.first, cue.rest, cue.marks[:1]) for cue in CUES if _pressing(cue)])


def urgent(text: str) -> bool:
    """A stop word, a wish for a person, or damage. It may be wrong towards True: then a turn merely does not wait."""
    sentence = spell_out(tokens(clean(text)[:LOOKED_AT]))
    return bool(find(sentence, INDEX)[0]) or (len(sentence.words) <= 6 and bool(stop_word(sentence)))
