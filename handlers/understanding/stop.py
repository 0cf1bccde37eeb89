"""A message that is a stop word and nothing else, and the "dung" that may be one (process 3.6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers.understanding.cues import Sentence
from handlers.understanding.fold import Word, spell, tokens

STOP_FORMS: Final = frozenset(
    "dưng2 đưng2 ngưng2 ngưng ngung stop stops huy3 huy tc unsub unsubscribe block chăn5 chan optout quit out".split()
)
STOP_FILLERS: Final = frozenset(
    "em anh chi5 chi shop ad ban5 ban oi ơi a a5 nhe nhe1 nha đi di lai5 lai ngay hêt1 het luôn luon giup1 giup cho tôi toi minh2 minh please now da5 da "
    "bot nưa4 nua vơi1 voi all het đây day ok".split()
)
# words that mean a stop and nothing else, so that one clause of them is enough: "thôi stop nhé, mua chỗ khác rồi"
PLAIN_STOPS: Final = frozenset("dưng2 stop unsub unsubscribe optout".split())
CLAUSE: Final = re.compile(r"[,;.!\n]+")
CLAUSE_FILLERS: Final = STOP_FILLERS | {spell("thôi").form}
DUNG: Final = frozenset({"dung"})
REFUSAL: Final = ["tu", "choi"]


def stop_word(sentence: Sentence) -> str:
    """What a message is with nothing beside it but politeness: `stop` (dừng, stop, hủy, từ chối …), `dung` for a bare
    "dung", which is dừng or đúng, or ''."""
    said = set(sentence.forms) - STOP_FILLERS
    if not said:
        return ""
    if said == DUNG:
        return "dung"
    if said <= STOP_FORMS:
        return "stop"
    if len(said) > 2 or REFUSAL[0] not in sentence.keys:
        return ""
    keys = [key for key, form in sentence.words if form not in STOP_FILLERS]
    return "stop" if keys == REFUSAL else ""


def stops_in_a_clause(text: str, sentence: Sentence) -> bool:
    """One of several clauses is a stop word and politeness."""
    if PLAIN_STOPS.isdisjoint(sentence.forms):
        return False
    clauses = [{spell(said).form for said in tokens(clause)} for clause in CLAUSE.split(text)]
    return any(not said.isdisjoint(PLAIN_STOPS) and said - CLAUSE_FILLERS <= PLAIN_STOPS for said in clauses)


def cancels(words: Sequence[Word]) -> bool:
    """ "hủy", "từ chối": inside a form they end the form, elsewhere they end our messages."""
    return bool(words) and words[0].key in ("huy", "tu")
