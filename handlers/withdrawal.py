"""Consent C1 taken back, at whatever question: at once, by one message (process 3.6, R-CNS-4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handlers import refusal, requests, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import EMPTY, OPEN, WAITING, Note, Stage

OFFERS: Final = frozenset({"callback", "phone_same", "scope"})  # a "không đồng ý" there declines what is offered


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Whether the consent was taken back in these messages: then it is over at once, the request is open, and he has heard
    so, unless a person has the conversation."""
    if not draft.consented:
        return False
    by = next((one for one in reversed(heard) if _takes_back(draft, one)), None)
    if by is None or any(refusal.gives(one.folded) for one in heard[heard.index(by) + 1 :]):
        return False
    if draft.state.stage is Stage.WITH_ADVISOR:
        requests.withdraw(draft, by)
        draft.add(Note(text="Khách rút lại đồng ý liên hệ: thông tin đã điền được gỡ khỏi biểu mẫu."))
        return True
    steps.greet(draft, hours=False)
    draft.set(care=EMPTY)
    waiting.hand_over(draft, "privacy", consent_line=False, told=True)
    requests.withdraw(draft, by)
    return True


def _takes_back(draft: Draft, one: Heard) -> bool:
    if one.wants("privacy_request") and one.entities.get("request") == "withdraw":
        return True
    state = draft.state
    if state.asked == "consent":
        return False  # the text has changed, and this is his answer to the new one
    if one.said.payload:
        return one.said.payload == "c1:no"
    here = state.stage in OPEN | WAITING and not state.care and state.asked not in OFFERS
    return refusal.declined(one.folded, plainly=here)
