"""The read-back: what was understood is said once more, put right where it is wrong, and passed on when it is right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers import idle, noting, questions, requests, schedule, screening, slots, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import OpenHandoff, Stage, State

WHICH: Final = (  # what he wants to change, in his own words
    ("phone", re.compile(r"\b(?:so|sdt|dien thoai|phone|number)\b")),
    ("time", re.compile(r"\b(?:gio|hen|thoi gian|luc|time|when)\b")),
    ("need", re.compile(r"\b(?:san pham|loai|goi|bao hiem|bh|nhu cau|product|insurance)\b")),
    ("name", re.compile(r"\b(?:ten|ho ten|name)\b")),
    ("province", re.compile(r"\b(?:tinh|thanh pho|khu vuc|cho o|noi o|province|city)\b")),
)
WRONG: Final = re.compile(r"\b(?:sua|doi|sai|nham|change|wrong)\b")
AGREES: Final = re.compile(  # beside something else a yes must be said: "mình ở Cần Thơ" is none
    r"\b(?:dung|ok|oke|okay|yes|yeah|vang|da|uh?|um|chuan|chinh xac|dong y|duoc|on|correct|right|sure)\b"
)
ASKS: Final = re.compile(r"\b(?:khong|ko|hong|sao|bao nhieu|bao lau|gi|the nao|why|how|what)\b")
NEEDS_NONE: Final = re.compile(r"\b(?:khong|ko|k|hong) can (?:hen|gio|thoi gian|noi|ghi)\b")  # what is optional
ADDED: Final = frozenset({"callback_time", "province"})  # told beside the yes, they need no second one


def read_back(draft: Draft) -> None:
    draft.move(Stage.CONFIRMING)
    steps.ask(draft, "confirm")


def hear(draft: Draft, heard: Sequence[Heard]) -> None:
    before = draft.snapshot()
    if slots.fill(draft, heard):
        if draft.state.memory.get("car") and not draft.state.slots.get("product"):
            draft.move(Stage.COLLECTING)
            steps.ask(draft, "product")
        elif _agreed_with_more(before, draft.state, heard):
            submit(draft)
        else:
            read_back(draft)
    elif which := _which(draft, heard):
        slots.edit(draft, which)
        draft.move(Stage.COLLECTING)
        draft.set(unclear=0)
        steps.ask(draft, which)
    elif any(one.wants("no") for one in heard):
        if any(idle.gives_up(one.folded) for one in heard):
            idle.no_need(draft)
        elif draft.state.asked == "edit" or any(NEEDS_NONE.search(one.folded) for one in heard):
            read_back(draft)
        else:
            steps.ask(draft, "edit")
    elif _aside(draft, heard):
        steps.again(draft)
    elif any((one.wants("yes") and not _asks(one)) or requests.calls(one) for one in heard):
        if draft.state.asked == "confirm":
            submit(draft)
        else:
            read_back(draft)
    elif any(one.entities.get("phone_invalid") for one in heard):
        steps.wrong_phone(draft, next(one for one in heard if one.entities.get("phone_invalid")))
    elif any(map(questions.is_question, heard)):
        questions.answer(draft, heard)
        steps.again(draft)
    elif all(one.wordless or one.stale or one.intent in ("thanks", "greeting", "buy") for one in heard):
        if not steps.once_more(draft):
            _give_up(draft)
    elif not steps.not_understood(draft):
        _give_up(draft)


def _aside(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Something that no line of the read-back takes, and of which he has been told what became."""
    if any(noting.tells(one) and not AGREES.search(one.folded) for one in heard):
        noting.note(draft, heard)
    return draft.said()  # noted; or nobody works at the time that he wished


def _give_up(draft: Draft) -> None:
    draft.say("error.not_understood_2")
    waiting.hand_over(draft, "unclear", told=True)


def _asks(one: Heard) -> bool:
    """ "Có đắt không em" is no yes, whatever it begins with."""
    return not one.said.payload and ASKS.search(one.folded) is not None and AGREES.search(one.folded) is None


def _agreed_with_more(before: State, after: State, heard: Sequence[Heard]) -> bool:
    """ "Ok, call me tomorrow afternoon", "ok, right away": he agrees to what was read back and adds when, or where he
    lives, which he is told again with his code."""
    soon = not before.slots.get("callback_time")
    agreed = any((one.wants("yes") and AGREES.search(one.folded)) or (soon and requests.calls(one)) for one in heard)
    if before.asked != "confirm" or not agreed or any(one.wants("no") for one in heard):
        return False
    return all(after.slots.get(key) == before.slots.get(key) for key in {*after.slots, *before.slots} - ADDED)


def submit(draft: Draft) -> None:
    """Confirmed: the lead exists. Now, when people are at work; else, or when he chose so, at its time."""
    draft.set(unclear=0)
    number = draft.request_code()
    draft.add(OpenHandoff(reason="lead", priority=waiting.PRIORITIES["lead"]))
    draft.remember(priority=0)
    screening.by_bot(draft)
    draft.say("confirm.saved", ma_yeu_cau=number)
    at_once = draft.state.memory.get("soon") or not draft.state.slots.get("callback_time")
    if at_once and schedule.in_hours(draft.now, draft.business):
        draft.remember(soon=None)
        waiting.enter(draft)
    else:
        waiting.schedule_call(draft)


def _which(draft: Draft, heard: Sequence[Heard]) -> str:
    for one in heard:
        if chosen := one.entities.get("edit"):
            return "" if one.stale else str(chosen)
        said = one.folded
        if (draft.state.asked == "edit" or WRONG.search(said)) and not one.said.payload and not one.wants("yes"):
            return next((slot for slot, pattern in WHICH if pattern.search(said)), "")
    return ""
