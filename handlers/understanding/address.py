"""How customers speak of themselves: anh, chị, cô, chú, bác or em. It is how they want to be spoken to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handlers.understanding.fold import Word, flatten

VERBS: Final = frozenset(
    "muốn cần mua hỏi đang có bị tên là vừa mới định tính ở không chưa đã sẽ thấy gửi xin nhờ được đồng lấy chọn cũng nghĩ cảm quan tìm chào đăng "
    "ko hết làm nhận đóng bấm điền năm".split()
)
GIVEN_TO: Final = frozenset("cho giúp giùm dùm của trợ vấn báo nhắn với nhà xe số hộ hệ lại để".split())
NOT_SELF: Final = frozenset("ơi ấy ta kia xã trai gái họ dâu rể vợ chồng này đó ruột bạn".split())
VERB_KEYS: Final = frozenset(flatten(verb) for verb in VERBS)
GIVEN_KEYS: Final = frozenset(flatten(word) for word in GIVEN_TO)
NOT_SELF_KEYS: Final = frozenset(flatten(word) for word in NOT_SELF)
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


def speaks_as(words: Sequence[Word]) -> str:
    """How the customer speaks of himself: anh, chị, cô, chú, bác, em, or '' when he does not say."""
    votes: dict[str, int] = {}
    for at, word in enumerate(words):
        said = SELVES.get(word.form)
        if not said:
            continue
        before = words[at - 1].key if at else ""
        after = words[at + 1].key if at + 1 < len(words) else ""
        if after in NOT_SELF_KEYS or after in ("anh", "chi") or before in ("anh", "ban", "cac"):
            continue
        if after in VERB_KEYS and before not in ("cam", "on", "chao", "nho", "bao", "di", "oi"):
            votes[said] = votes.get(said, 0) + 3
        elif before in GIVEN_KEYS and word.form != "chi":
            votes[said] = votes.get(said, 0) + 2
    best = sorted(votes, key=lambda said: -votes[said])
    if not best or (len(best) > 1 and votes[best[0]] == votes[best[1]]):
        return ""
    return best[0]
