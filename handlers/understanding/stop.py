"""A message that is a stop word and nothing else, and the "dung" that may be one (process 3.6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers.understanding.cues import Sentence
from handlers.understanding.fold import Word, spell, tokens

STOP_FORMS: Final = frozenset(
    "dưng2 đưng2 ngưng2 ngưng ngung stop stops huy3 huy tc unsub unsubscribe block chăn5 chan optout quit out thoat1 enough".split()
)
STOP_FILLERS: Final = frozenset(
    "em anh chi5 chi shop ad ban5 ban oi ơi a a5 nhe nhe1 nha đi di lai5 lai ngay hêt1 het luôn luon giup1 giup cho tôi toi minh2 minh please now da5 da "
    "bot nưa4 nua vơi1 voi all het đây day ok".split()
)
# words that mean a stop and nothing else, so that one clause of them is enough: "thôi stop nhé, mua chỗ khác rồi"
PLAIN_STOPS: Final = frozenset("dưng2 stop unsub unsubscribe optout".split())
CLAUSE: Final = re.compile(r"[,;.!\n]+")
CLAUSE_FILLERS: Final = STOP_FILLERS | {spell("thôi").form}
# over text without marks: what he does not want is writing, or the machine that writes
WRITTEN: Final = re.compile(
    r"\b(?:dung|khoi|ngung|thoi|dep|tat)\s(?:co\s|ma\s|dung\s|bat\s(?:toi|tui|em|anh|chi|chu|bac|co|minh)\s|cai\s|gui\smay\scau\s)*"
    r"(?:nhan(?: tin| chu)?|chat|bot|tra loi(?: tu dong| may)?|tu dong|soan san|bam so|go chu|ib|chat voi [a-z ]{0,20}(?:may|bot))\b"
)
FORBIDS_CALLS: Final = re.compile(
    r"\b(?:dung|khoi|cam|ngung|khong|ko|k)\s(?:co\s|ai\s|duoc\s)*(?:goi|dien|phone|alo|lien he|lien lac|lam phien)\b"
    r"|\b(?:hay|hoac|va|voi|lan|cung|cung dung)\s(?:goi|dien|phone|lien he)\b"
    r"|\b(?:goi|dien thoai|dien|phone|kiem|gap)\b[a-z ]{0,24}\b(?:nua|nua dau|hoai|suot|mai)\b|\b(?:chan|bao cao|kien|to cao|cong an|nha mang)\b"
)
WANTS_CALL: Final = re.compile(
    r"\b(?:goi|phone|alo|dien)\s(?:thang|lien|luon|dien|lai|cho|giup|gium|dum|di|chu|em|anh|chi|bac|co|toi|tui|minh|ong|ba)\b"
    r"|\b(?:cho|keu|kiem|goi|co|can|xin|gap|noi|ket noi|chuyen)\s(?:[a-z]{1,7}\s){0,3}(?:nguoi|nhan vien|tu van vien|tu van|quan ly|nguoi that)\b"
)
HE_CALLS: Final = re.compile(
    r"\b(?:toi|tui|em|anh|chi|minh|chu|bac|co|ba|ong)\s(?:se\s|tu\s|moi\s)*(?:goi|dien|alo|phone|lien he|nhan|kiem|tim)\b|\bnguoi khac\b"
)
# over text without marks: what he does not want is a call, and how he wants it
CALLED: Final = re.compile(
    r"\b(?:dung|khoi|mien|khong can|ko can|k can|khong|ko|k|hong|chua tien|kho)\s(?:co\s|phai\s|can\s|tien\s|the\s|duoc\s|bat\s)*"
    r"(?:goi|dien(?: thoai)?|alo|phone|nghe(?: may| dien thoai| dt)?|nghe goi|bat may)\b|\b(?:don't|do not|no need to|please don't) call\b"
)
CALLS_FORBIDDEN: Final = re.compile(
    r"\b(?:dung|mien|cam)\s(?:co\s|ai\s|bao gio\s)*(?:goi|dien|alo|phone)\b|\b(?:don't|do not|never) (?:call|phone)\b"
)
IN_WRITING: Final = re.compile(
    r"\b(?:nhan|nhan tin|chat|ib|inbox|tra loi|trao doi|tu van|lien he|lien lac|gui|ket ban|mess|text|message|write)\b"
    r"|\b(?:zalo|viber|telegram|messenger|email|mail|tin nhan)\b"
)
NO_WRITING: Final = re.compile(  # any word of these beside it, and it is a stop after all
    r"\b(?:nua|hoai|suot|phien|lam phien|quay|spam|quang cao|ngung|thoi dung|huy|chan|block|stop|unsubscribe|bo cuoc|kien|to cao|cong an|bao cao|met|chan ngay"
    r"|anymore|again)\b"
    r"|\b(?:dung|khoi|mien|cam|khong|ko|k|hong|hay|hoac|lan|cung|dung co|khong can|ko can|or|and)\s(?:co\s|can\s|muon\s|nhan\s)?"
    r"(?:nhan|nhan tin|tin nhan|chat|ib|inbox|tra loi|lien he|lien lac|gui|zalo|mess|text|message|tin)\b"
    r"|\b(?:nhan|nhan tin|tin nhan|chat|gui|zalo|tin)(?: \w+){0,3} (?:cung (?:khong|ko|dung|khoi|thoi)|gi (?:het|ca|them)|luon the)\b"
)
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


def calls_instead(text: str) -> bool:
    """Whether one part of the message forbids to write and another wants to be called: "đừng nhắn chữ nữa, gọi cho chú đi".

    Never when he forbids calls too, calls somebody himself, or says "nữa" behind the call.
    """
    forbidden = WRITTEN.search(text)
    if forbidden is None or FORBIDS_CALLS.search(text):
        return False
    rest = text[forbidden.end() :]
    return WANTS_CALL.search(rest) is not None and HE_CALLS.search(rest) is None


def writes_instead(text: str) -> bool:
    """Whether he wants no call because he wants it in writing: "không cần gọi, nhắn zalo", "không tiện nghe máy, nhắn tin đi".

    Never with a word that stops for good ("đừng gọi nữa"), nor where writing is forbidden too ("đừng gọi hay nhắn").
    """
    refused = CALLED.search(text)
    if refused is None or NO_WRITING.search(text):
        return False
    return (
        IN_WRITING.search(text[: refused.start()]) is not None or IN_WRITING.search(text[refused.end() :]) is not None
    )


def forbids_calls(text: str) -> bool:
    """Of a message that `writes_instead`: whether calls are forbidden in so many words ("đừng gọi, nhắn thôi"), which is a
    stop of calls, or merely not needed."""
    return CALLS_FORBIDDEN.search(text) is not None


def cancels(words: Sequence[Word]) -> bool:
    """ "hủy", "từ chối": inside a form they end the form, elsewhere they end our messages."""
    return bool(words) and words[0].key in ("huy", "tu")
