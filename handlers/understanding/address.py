"""How customers speak of themselves: anh, chị, cô, chú, bác or em. It is how they want to be spoken to."""

from __future__ import annotations

from typing import Final

from handlers.understanding.cues import Sentence
from handlers.understanding.fold import Word, spell

# what somebody says he himself does; after "em" only what no employee is asked to do
WANTS: Final = "muốn cần mua hỏi đang có bị tên là vừa mới định tính ở không chưa đã sẽ xin nhờ được đồng quan tìm chào đăng hết cũng nghĩ thấy"
DOES: Final = "gửi lấy chọn làm nhận đóng bấm điền"
# before a word for oneself: "cho anh", "xe của chị"
GIVEN_TO: Final = "cho giúp giùm dùm của trợ vấn báo nhắn với nhà xe số hộ"
GIVEN_PLAIN: Final = frozenset(
    {"cho", "giup", "gium", "dum", "cua", "xe"}
)  # without marks the others mean other things too
NOT_SELF: Final = frozenset("oi ay ta kia xa trai gai ho dau re vo chong nay do ruot ban anh chi".split())
NOT_AFTER: Final = frozenset("cam on chao nho di oi anh ban cac ben tre".split())


def _forms(words: str) -> frozenset[str]:
    return frozenset(form for word in words.split() for form in spell(word))


WANT_FORMS: Final = _forms(WANTS)
VERB_FORMS: Final = WANT_FORMS | _forms(DOES)
GIVEN_FORMS: Final = frozenset(spell(word).form for word in GIVEN_TO.split()) | GIVEN_PLAIN
ENOUGH: Final = 60  # words
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


def speaks_as(sentence: Sentence) -> str:
    """How the customer speaks of himself: anh, chị, cô, chú, bác, em, or '' when he does not say."""
    if SELVES.keys().isdisjoint(sentence.forms):
        return ""
    words = sentence.words
    votes: dict[str, int] = {}
    for at, form in enumerate(sentence.forms[:ENOUGH]):
        if form not in SELVES:
            continue
        said = SELVES[form]
        before = words[at - 1] if at else NOTHING
        after = words[at + 1] if at + 1 < len(words) else NOTHING
        if after.key in NOT_SELF or before.key in NOT_AFTER:
            continue
        if after.form in (WANT_FORMS if said == "em" else VERB_FORMS):
            votes[said] = votes.get(said, 0) + 3
        elif before.form in GIVEN_FORMS and form != "chi":
            votes[said] = votes.get(said, 0) + 2
    if not votes:
        return ""
    best = sorted(votes, key=lambda said: -votes[said])
    return "" if len(best) > 1 and votes[best[0]] == votes[best[1]] else best[0]
