"""How customers speak of themselves: anh, chị, cô, chú, bác or em. It is how they want to be spoken to.

Only their own words count, never a name or a picture. "Em tư vấn giúp chị" has two such words, and one of them is us:
what tells them apart is what each is said to do, and what is done for whom.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from handlers.understanding.cues import Sentence
from handlers.understanding.fold import Word, clean, flatten, spell


class Address(NamedTuple):
    """`word` -- anh, chị, cô, chú, bác, em, `anh/chị` when he refuses a word without giving another, '' when he does not
    say. `sure` -- said of himself beyond doubt: it changes what was known before."""

    word: str = ""
    sure: bool = False


UNSAID: Final = Address()
EITHER: Final = "anh/chị"

# what somebody says he himself does, and no employee is asked to do
WANTS: Final = "muốn cần mua hỏi bị tên vừa mới định tính xin nhờ đồng quan tìm chào đăng hết cũng nghĩ thấy đây nè"
IS: Final = (
    "có là đang ở không chưa đã sẽ được hiểu biết nhớ"  # said of himself and of us: "em có gói nào", "chị có xe máy"
)
ASKED_OF_US: Final = frozenset("co la hieu biet nho".split())  # "chị có bán không", "anh hiểu không"
DOES: Final = "gửi lấy chọn làm nhận đóng bấm điền xem đọc đi trả chuyển ký nhầm quên đổi"
# before a word for oneself: "cho anh", "xe của chị", "bé nhà chị"
GIVEN_TO: Final = "cho giúp giùm dùm của trợ vấn báo nhắn với nhà xe số hộ gọi kêu hệ vợ chồng mẹ bố gái trai"
# without marks the others mean other things too
GIVEN_PLAIN: Final = frozenset({"cho", "giup", "gium", "dum", "cua", "xe", "goi", "keu", "vo", "chong"})
FOR_WHOM: Final = frozenset({"mua", "hiem", "bh"})  # "mua bảo hiểm cho anh": for himself, or for his brother
NOT_SELF: Final = frozenset(
    "oi ui ay ta kia xa trai gai ho dau re vo chong nay do ruot ban anh chi minh toi tui be si giao y".split()
)
NOT_AFTER: Final = frozenset(
    "cam on chao nho di anh chi ban cac ben tre thua tieng nuoc lich sang phi dia mien giam".split()
)
CALLING: Final = frozenset("oi ui nhe nha nhen nghen a voi di nghe hen ha vay".split())  # after somebody spoken to
ASKING: Final = frozenset("khong ko hok hong k chua ha sao".split())


def _forms(words: str) -> frozenset[str]:
    return frozenset(form for word in words.split() for form in spell(word))


WANT_FORMS: Final = _forms(WANTS)
IS_FORMS: Final = _forms(IS)
DO_FORMS: Final = _forms(DOES)
GIVEN_FORMS: Final = frozenset(spell(word).form for word in GIVEN_TO.split()) | GIVEN_PLAIN
ENOUGH: Final = 60  # words
SHORT: Final = 12  # words: who puts right how he is called says little else
NOTHING: Final = Word("", "")
SELVES: Final = {
    "anh": "anh",
    "chi5": "chị",
    "em": "em",
    "cô": "cô",
    "chu1": "chú",
    "bac1": "bác",
    "chi": "chị",
    "chu": "chú",
    "bac": "bác",
}
PLAIN_TOO: Final = frozenset({"chi", "chu", "bac"})  # also "chỉ", "chủ", "bắc"
# "chi trả", "chi phí", "chủ xe": words of their own
OTHER_WORDS: Final = frozenset(
    [
        *(("chi", then) for then in "tra phi tiet nhanh tieu".split()),
        *(("chu", then) for then in "xe nha the ho hop".split()),
    ]
)
IS_DOING: Final = "dang"
KEEPS: Final = frozenset("giu luu nam ban".split())  # "dữ liệu anh đang giữ": he speaks to us
OBJECTS: Final = frozenset("em minh toi tui chau con".split())

# ---- he puts it right: "gọi chị thôi em", "anh là nam mà", "chị chứ không phải anh". Run over words without marks
WHO: Final = {"anh": "anh", "chi": "chị", "co": "cô", "chu": "chú", "bac": "bác"}
_WHO: Final = "(anh|chi|co|chu|bac)"
_END: Final = r"(?= (?:thoi|nhe|nha|di|la|cho|duoc|dc|em|chu|nghe|ban|ma|hen)\b|$)"
CALLED: Final = re.compile(
    rf"\b(?:(?:goi|keu|xung ho|xung)(?: (?:toi|minh|tui|em|la|bang|voi)){{0,3}} {_WHO}{_END}"
    rf"|(?:phai|ma|nham roi|nham) la {_WHO}\b|{_WHO} chu (?:khong|ko|k|hong|dau)\b(?: co)? phai"
    rf"|{_WHO} (?:ma|day) (?:sao )?(?:goi|keu)\b)"
)
REFUSED: Final = re.compile(
    rf"\b(?:(?:khong|ko|k|hong|dau) (?:co )?phai(?: la)? {_WHO}\b(?! (?:ay|trai|gai|em|toi|minh)\b)"
    rf"|(?:dung|sao|ko|khong)(?: (?:co|lai))? (?:goi|keu)(?: (?:toi|minh|tui|em|la|bang)){{0,3}} {_WHO}{_END}(?! di))"
)
SEX: Final = re.compile(
    r"\b(?<!con )(?<!be )(anh|chi|co|chu|bac|em|minh|toi|tui|to|con|chau) (?:la|cung la)"
    r" (?:(nu|phu nu|dan ba|con gai|gai)|(dan ong|con trai|nam gioi|nam(?= (?:ma|chu|khong phai))))\b"
)
STOP: Final = re.compile(r"\b(?:nua|lam phien|phien)\b")  # "đừng gọi anh nữa" is about calls
PUT_RIGHT: Final = frozenset("goi keu phai nu dan gai nam".split())
# the same as typed, to its end: "gọi chị thôi em" asks for no call. A plain "gọi chị nhé" may do so
_POLITE: Final = (
    r"(?: (?:thoi|nhe|nha|di|la|duoc|dc|roi|em|chu|nghe|ma|hen|cho|than|oi|ban|nua|a|cung))*(?=\s*(?:[,.;!?]|$))"
)
CLAUSE: Final = re.compile(
    rf"\b(?:(?:goi|keu|xung ho|xung)(?: (?:toi|minh|tui|em))?(?: (?:la|bang))+ {_WHO}{_POLITE}"
    rf"|(?:goi|keu) {_WHO} (?:thoi|cho than|la duoc|duoc roi){_POLITE}"
    rf"|(?:dung|sao|khong|ko)(?: (?:co|lai))? (?:goi|keu)(?: (?:toi|minh|tui|em|la|bang)){{0,3}} {_WHO}{_POLITE})"
)


def beside(text: str) -> str:
    """`text` without what it says about how he is called."""
    cleaned = clean(text)
    kept, at = [], 0
    for found in CLAUSE.finditer(flatten(cleaned)):
        if not STOP.search(found[0]):
            kept.append(cleaned[at : found.start()])
            at = found.end()
    return "".join([*kept, cleaned[at:]]).strip(" ,.;!?")


def address(sentence: Sentence) -> Address:
    """What he calls himself in these words."""
    if not PUT_RIGHT.isdisjoint(sentence.keys) and len(sentence.keys) <= SHORT and (right := _put_right(sentence)):
        return Address(right, sure=True)
    if SELVES.keys().isdisjoint(sentence.forms):
        return UNSAID
    votes: dict[str, int] = {}
    for at, form in enumerate(sentence.forms[:ENOUGH]):
        if form in SELVES and (weight := _weight(sentence, at)):
            votes[SELVES[form]] = votes.get(SELVES[form], 0) + weight
    if not votes:
        return UNSAID
    best = sorted(votes, key=lambda said: -votes[said])
    if len(best) > 1 and votes[best[0]] == votes[best[1]]:
        return UNSAID
    return Address(best[0], sure=votes[best[0]] > 2)


def _weight(sentence: Sentence, at: int) -> int:
    """How surely the word at `at` is himself: 3 he wants or does something, 2 something is his or for him."""
    words, form = sentence.words, sentence.forms[at]
    before = words[at - 1] if at else NOTHING
    after = words[at + 1] if at + 1 < len(words) else NOTHING
    if form in PLAIN_TOO and (sentence.toned or (form, after.key) in OTHER_WORDS):
        return 0  # who writes the marks would have written this one
    if after.key in NOT_SELF or before.key in NOT_AFTER or (after.key == "em" and not _called(words, at + 1)):
        return 0
    if after.form in WANT_FORMS:
        return 3
    if form != "em" and after.form in DO_FORMS and OBJECTS.isdisjoint(sentence.keys[at + 2 : at + 4]):
        return 3
    if after.key == IS_DOING and not KEEPS.isdisjoint(sentence.keys[at + 2 : at + 3]):
        return 0
    if after.form in IS_FORMS and not (after.key in ASKED_OF_US and not ASKING.isdisjoint(sentence.keys[at + 2 :])):
        return 0 if form in PLAIN_TOO else 1
    if before.form in GIVEN_FORMS and form not in PLAIN_TOO - {"bac"}:
        return 1 if at > 1 and before.key == "cho" and words[at - 2].key in FOR_WHOM else 2
    ends = not after.key or after.key in CALLING or after.key == "em"
    return 2 if before.form in GIVEN_PLAIN and form in PLAIN_TOO and ends else 0


def _called(words: list[Word], at: int) -> bool:
    """ "giúp anh em nhé": the second is spoken to; "cho anh em": they are several."""
    return at + 1 >= len(words) or words[at + 1].key in CALLING


def _put_right(sentence: Sentence) -> str:
    said = " ".join(sentence.keys)
    refused = {WHO[word] for found in REFUSED.finditer(said) for word in found.groups() if word}
    wanted = [WHO[word] for found in CALLED.finditer(said) for word in found.groups() if word]
    right = [word for word in wanted if word not in refused]
    if right:
        return right[-1]
    if found := SEX.search(said):
        self = WHO.get(found[1], "")
        woman = found[2] is not None
        fits = self not in (("anh", "chú") if woman else ("chị", "cô"))
        return self if self and fits else "chị" if woman else "anh"
    return EITHER if refused and not STOP.search(said) else ""
