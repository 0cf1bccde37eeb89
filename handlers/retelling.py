"""What was said before the consent, read again at the yes: nothing was kept, and nothing is asked that he has told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from handlers.hearing import DIGITS, Heard, reread
from handlers.taps import PRODUCTS
from handlers.understanding import understand
from handlers.understanding.fold import fold

PIECE: Final = 2  # words: "mua", "xe", "máy" are one message in three
NAME: Final = 4  # words
NO_NAME: Final = frozenset(
    """
    phí giá tiền đắt rẻ chờ tải xe máy oto haha hihi hehe kkk chưa rồi bao nhiêu gì sao nào hả ủa hai ba ca đủ nhanh lâu gói loại
    nhà trả góp mất tìm hỏi thử thật tốt được vui buồn
    """.split()
)
LAUGHS: Final = re.compile(r"(?:ha|hi|he|hj|hu|k|lol|ka)+(?: (?:ha|hi|he|k)+)*")


def again(texts: Sequence[str], *, now: datetime) -> list[Heard]:
    """Each message as it reads by itself; those that only together name a cover, as the one that they are."""
    found: list[Heard] = []
    run: list[Heard] = []
    for text in texts:
        if _bare(text, now=now):
            continue  # see `name`
        one = reread(text, now=now)
        if len(text.split()) <= PIECE and not any(letter.isdigit() for letter in text):
            run.append(one)
            continue
        found += [*_joined(run, now=now), one]
        run = []
    return [*found, *_joined(run, now=now)]


def name(texts: Sequence[str], *, now: datetime) -> str:
    """His name, where a message is nothing else; '' when none is. Beside his number it is one for certain."""
    for one, number in pairwise(texts):
        if len(one.split()) <= NAME and DIGITS.fullmatch(number.strip()):
            alone, both = (reread(text, now=now) for text in (one, f"{one} {number}"))
            if both.intent == "give_phone" and not alone.entities and both.entities.get("name"):
                return str(both.entities["name"])
    return next((found for text in reversed(texts) if (found := _bare(text, now=now))), "")


def _joined(run: Sequence[Heard], *, now: datetime) -> list[Heard]:
    if len(run) < 2 or any(one.entities.get("product") in PRODUCTS for one in run):
        return list(run)
    whole = reread(" ".join(one.said.text for one in run), now=now)
    return [whole] if whole.entities.get("product") else list(run)


def _bare(text: str, *, now: datetime) -> str:
    """Written like a name, and like nothing else."""
    words = text.split()
    if not 0 < len(words) <= NAME or not all(word.istitle() and word.isalpha() for word in words):
        return ""
    if not NO_NAME.isdisjoint(text.lower().split()) or LAUGHS.fullmatch(fold(text)):
        return ""
    alone = reread(text, now=now)
    if alone.place or not alone.entities.keys() <= {"name"}:
        return ""
    asked = understand(text, "ask_name", now=now)
    told = asked.entities.get("name") if asked.intent == "give_name" and len(asked.entities) == 1 else ""
    return str(told or "")
