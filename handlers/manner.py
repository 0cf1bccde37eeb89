"""In which language a customer writes. Vietnamese without its marks is the hard case: many words look English."""

from __future__ import annotations

import re
from typing import Final

from handlers.understanding.fold import fold, words

VIETNAMESE: Final = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)

# Words that an English sentence cannot do without, and none of which is Vietnamese typed without marks
# ("me", "to", "the", "a", "do" are). People who write Vietnamese say hello, ok, yes, call, bye and ship too.
ENGLISH: Final = frozenset(
    """
    i i'm my we our you your is are was it this that what which how much when where who want wants need would like
    please can could with for from about of and have has does insurance insure insured car motorbike health travel
    accident policy price cost quote speak talk person human agent name phone number agree tomorrow morning afternoon
    evening today right correct english thanks thank
    """.split()
)
ENOUGH: Final = 0.5  # of the words; digits do not count
ANSWERS: Final = frozenset({"i agree", "i do not agree", "talk to an advisor", "call me now"})


def language(text: str, *, now: str, known: tuple[str, ...]) -> str:
    """The language to answer in. `now` -- spoken so far; it changes only when the text leaves no doubt."""
    if VIETNAMESE.search(text):
        return "vi" if "vi" in known else now
    said = [word for word in words(text) if not word.isdigit()]
    english = sum(word in ENGLISH for word in said)
    if "en" in known and (fold(text) in ANSWERS or (english >= 2 and english >= ENOUGH * len(said))):
        return "en"
    if now == "en" and len(said) >= 4 and english == 0:
        return "vi" if "vi" in known else now
    return now
