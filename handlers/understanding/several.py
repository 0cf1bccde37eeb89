"""Several wishes in one message: what each of its parts wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from handlers.understanding.reading import Reading, read

# a comma in a number parts nothing
PART: Final = re.compile(
    r"[;!?\n+&]+|[,.]+(?!\d)|(?<!\d)[,.]+"
    r"|\s(?:và|va|với|voi|rồi|roi|còn|mà|xong|luôn tiện|sẵn tiện|tiện thể|sẵn|and|also|then)\s",
    re.IGNORECASE,
)
MOST: Final = 8  # parts; who writes more tells a story
LONGEST: Final = 60  # words
LEAST: Final = 4  # weight of a wish
WISHES: Final = frozenset({"buy", "ask_fee", "renewal", "claim", "complaint", "talk_to_human", "privacy_request"})


def wishes(reading: Reading, scores: Mapping[str, int], main: str) -> list[str]:
    """What he wants beside `main`, in the order in which he says it."""
    strong = {intent for intent in WISHES if scores.get(intent, 0) >= LEAST}
    if reading.scores.get("buy", 0) >= LEAST:
        strong.add("buy")  # a price asked beside it has made it weak
    if len(strong) < 2 or len(reading.words) > LONGEST:
        return []
    texts = [text for text in PART.split(reading.text) if text.strip()]
    if not 1 < len(texts) <= MOST:
        return []
    found: list[str] = []
    for text in texts:
        scored = read(text).scores
        wanted = {intent: scored[intent] for intent in strong & scored.keys()}
        best = max(wanted, key=lambda intent: (wanted[intent], intent), default="")
        if best not in ("", main) and wanted[best] >= LEAST:
            found.append(best)
    return found
