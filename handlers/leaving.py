"""He waits for people and wants it no more (R-SCR-3): the request ends, nobody calls, and people see that it is over.

What he has with us apart from buying (a claim, a complaint, his data, a contract to cancel) stays with people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers import idle
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import WAITING, CloseHandoff, Note
from handlers.waiting import PRIORITIES

# "Không muốn chờ nữa, gọi lại đi": no end of the wish, only of the waiting or of the way
OTHERWISE: Final = re.compile(
    r"\b(?:khong|ko|k|hong|hok) (?:can |muon |the )?(?:goi|cho|doi|nhan|nghe|noi|chat|tra loi|hieu|chiu)\b"
)
ELSEWHERE: Final = re.compile(
    r"\b(?:mua|lam|dang ky) (?:\w+ )?(?:cho|ben|noi|hang) khac|\bmua duoc roi|\bbought (?:it )?(?:elsewhere|already)\b"
)
INSTEAD: Final = re.compile(
    r"\bnua\b.*\b(?:mua|lay|doi sang|chuyen sang|doi qua|chuyen qua|qua)\b(?! (?:\w+ )?(?:cho|ben|noi|hang) khac)"
)
UNSURE: Final = re.compile(r"\b(?:neu|thi sao|tai sao|vi sao|if|why)\b")
OTHER_MATTERS: Final = ("claim", "complaint", "privacy_request")
OFFERS: Final = frozenset({"callback", "phone", "phone_same", "time", "consent"})  # a mere "thôi" declines these
ALL_OF_IT: Final = 5  # words: "hết nhu cầu rồi em" holds nothing else, whatever it is taken for
WORDS_OF_A_NO: Final = 2


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Whether the wait ended with these messages. A stop beside it is confirmed by whoever hears stops."""
    state = draft.state
    memory = state.memory
    if state.stage not in WAITING or not any(_ends(one, state.asked) for one in heard):
        return False
    serious = int(memory.get("priority", 0)) >= PRIORITIES["privacy"] or memory.get("matter") == "cancel"
    if serious or any(_of_other_matters(one) for one in heard):
        return False
    stops = any(one.wants("opt_out", "opt_all", "opt_ads") for one in heard)
    draft.add(
        CloseHandoff(outcome="no_need", reason="khách báo không còn nhu cầu"),
        Note(text="Khách báo không còn nhu cầu: yêu cầu đã đóng, không gọi."),
    )
    idle.no_need(draft, quiet=stops)
    draft.set(handoff="", asked="")
    return True


def _ends(one: Heard, asked: str) -> bool:
    said = one.folded
    if one.said.payload or UNSURE.search(said) or INSTEAD.search(said):
        return False
    if ELSEWHERE.search(said):
        return True
    if asked in OFFERS and len(said.split()) <= WORDS_OF_A_NO:
        return False
    return idle.gives_up(OTHERWISE.sub("", said))


def _of_other_matters(one: Heard) -> bool:
    if one.distress or one.entities.get("topic") == "cancel_policy":
        return True
    return one.wants(*OTHER_MATTERS) and len(one.folded.split()) > ALL_OF_IT
