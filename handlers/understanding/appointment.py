"""A time to be called and nothing else: "gọi lúc 10h sáng mai". What the model, which knows complaints of calls that
never came, must not read a reproach into."""

from __future__ import annotations

import re
from typing import Final

from handlers.understanding.clock import When

CALLS: Final = re.compile(
    r"\b(?:goi|alo|phone|dien(?: thoai)?|lien he|lien lac|hen|ring|call)\b(?! (?:mot|1|nhung|cac) (?:khach|nguoi))"
)
# all that stands beside a bare appointment: calls, days and hours, the two who talk, and manners
WORD: Final = frozenset(
    """
    goi alo phone dien thoai lien he lac hen lich dat doi call ring me back at on in the please
    hom ngay bua buoi sang trua chieu toi dem mai mot moi nay kia thu t2 t3 t4 t5 t6 t7 hai ba tu nam sau bay chu nhat cn cuoi dau tuan toi ke
    luc vao khoang tam chung co gio h g ruoi kem phut rang dung truoc den tro di bat mot bon muoi chin
    today tomorrow tonight morning noon afternoon evening weekend monday tuesday wednesday thursday friday saturday sunday after before am pm next week
    em e toi tui minh mk mik anh a chi c chu bac con chau ban b shop ad tu van vien nhan nv tvv
    lai cho qua giup dum ho gium voi nhe nha nhen nghe nghen nhi oi thi hay roi hang va da u vang ok oke okie xin nho duoc dc ranh tien nghe may
    """.split()
)
WORDS: Final = re.compile(r"\bt[2-7]\b|[^\W\d_]+|\d+")
POLITE: Final = re.compile(r"\b(?:duoc|dc) (?:khong|ko|k|hong)\b")  # "9h gọi được không": no doubt, a request
# what makes of a named hour a reproach, a question or a refusal
REPROACH: Final = re.compile(
    r"\b(?:ma|chua|khong|ko|k|hong|hok|chang|cha|sao|dau(?! (?:gio|tuan|buoi|chieu|sang))|hoai|mai van|van|toan|cu|suot|ca (?:ngay|tuan|buoi)|tre|lo hen|that hen|sai hen|quen|hua|bao|noi"
    r"|(?<!lo )lan|doi (?:ca|tu|hoai|mai)|cho (?:ca|tu|hoai|mai)|thay|phien|lam phien|buc|met|te|dung (?:goi|co|phone|alo|dien)|khoi|nua|roi (?:ma|sao|day)|hom (?:qua|kia|truoc)|tuan (?:truoc|roi)|vua|not|never|didn't|nobody)\b"
)
PAST: Final = re.compile(r"\b(?:đã|rồi)\b", re.IGNORECASE)
MOST: Final = 16  # words


def is_bare(text: str, flat: str, when: When | None) -> bool:
    """Whether a message names a time and holds nothing but the wish to be called then. `flat` -- it without marks"""
    if when is None or not _names_a_time(when) or PAST.search(text):
        return False
    flat = POLITE.sub(" ", flat)
    words = [word for word in WORDS.findall(flat) if not word[0].isdigit()]
    return len(words) <= MOST and WORD.issuperset(words) and REPROACH.search(flat) is None


def is_named(text: str, flat: str, when: When | None) -> bool:
    """Whether a call is wished at a time, whatever else is told, and nobody is reproached with one."""
    if when is None or not _names_a_time(when) or PAST.search(text):
        return False
    return calls(flat) and REPROACH.search(POLITE.sub(" ", flat)) is None


def calls(flat: str) -> bool:
    """Whether a call is spoken of."""
    return CALLS.search(flat) is not None


def _names_a_time(when: When) -> bool:
    return bool(when.time or when.time_after or when.time_before or when.part or when.day or when.minutes)
