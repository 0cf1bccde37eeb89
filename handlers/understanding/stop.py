"""A message that is a stop word and nothing else, and the "dung" that may be one (process 3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handlers.understanding.fold import Word

STOP_FORMS: Final = frozenset(
    "dưng2 đưng2 ngưng2 ngưng ngung stop stops huy3 huy tc unsub unsubscribe block chăn5 chan optout quit".split()
)
STOP_FILLERS: Final = frozenset(
    "em anh chi5 chi shop ad ban5 ban oi ơi a a5 nhe nhe1 nha đi di lai5 lai ngay hêt1 het luôn luon giup1 giup cho tôi toi minh2 minh please now da5 da "
    "bot nưa4 nua vơi1 voi all het đây day ok".split()
)


def is_stop(words: Sequence[Word]) -> bool:
    """dừng, stop, hủy, từ chối … with nothing beside it but politeness."""
    said = [word for word in words if word.form not in STOP_FILLERS]
    if [word.key for word in said] == ["tu", "choi"]:
        return True
    return bool(said) and all(word.form in STOP_FORMS for word in said)


def is_dung(words: Sequence[Word]) -> bool:
    """A bare "dung", which is dừng or đúng."""
    said = [word for word in words if word.form not in STOP_FILLERS]
    return bool(said) and all(word.form == "dung" for word in said)


def cancels(words: Sequence[Word]) -> bool:
    """ "hủy", "từ chối": inside a form they end the form, elsewhere they end our messages."""
    return bool(words) and words[0].key in ("huy", "tu")
