"""The read-back: what was understood is said once more, put right where it is wrong, and passed on when it is right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers import idle, inquiring, noting, questions, requests, schedule, screening, slots, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import OpenHandoff, Stage, State

WHICH: Final = (  # what he wants to change, in his own words
    ("phone", re.compile(r"\b(?:so|sdt|dien thoai|phone|number)\b")),
    ("time", re.compile(r"\b(?:gio|hen|thoi gian|luc|time|when)\b")),
    (
        "need",
        re.compile(r"\b(?:san pham|loai|goi (?:bao hiem|bh|nao|khac|cuoc)|bao hiem|bh|nhu cau|product|insurance)\b"),
    ),
    ("name", re.compile(r"\b(?:ten|ho ten|name)\b")),
    ("province", re.compile(r"\b(?:tinh|thanh pho|khu vuc|cho o|noi o|province|city)\b")),
)
WRONG: Final = re.compile(r"\b(?:sua|doi|sai|nham|change|wrong)\b")
EXCEPT: Final = re.compile(  # a yes to the rest is none to this
    r"\b(?:tru|ngoai tru|ngoai|chi (?:sai|co|con|moi|thieu|nham)|rieng|nhung|thieu|nham|lon"
    r"|(?<!khong )(?<!ko )(?<!k )(?<!khong co )(?<!ko co )(?<!co gi )sai|except|apart from|other than|but|only|wrong)\b"
)
DOUBTS: Final = re.compile(
    r"\b(?:hinh nhu|co le|khong chac|ko chac|chac (?:la|dung|vay|the)|gan (?:dung|het|nhu)|khoan|tu tu|doi (?:ti|xiu|chut|da)|neu"
    r"|chua (?:dung|chinh xac|du|chuan|chac|xong)|dung (?:khong|ko|k|hong)|hay la|maybe|not sure|almost|wait|hold on|unless|if)\b"
)
AGREES: Final = re.compile(  # beside something else a yes must be said: "mình ở Cần Thơ" is none
    r"\b(?:dung|ok|oke|okay|yes|yeah|vang|da|uh?|um|chuan|chinh xac|dong y|duoc|on|correct|right|sure)\b"
)
ASKS: Final = re.compile(r"\b(?:khong|ko|hong|sao|bao nhieu|bao lau|gi|the nao|why|how|what)\b")
ENDS_ASKING: Final = re.compile(r"^(?:vay |the |ma |da )*co\b.*\b(?:khong|ko|hong)\b(?: \w+)?[ ?.!]*$")
NEEDS_NONE: Final = re.compile(r"\b(?:khong|ko|k|hong) can (?:hen|gio|thoi gian|noi|ghi)\b")  # what is optional
DONE: Final = re.compile(r"\b(?:xong|duoc|roi) chua\b")  # a question, no "not yet"
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
            if any(inquiring.asks(one.folded) and questions.asks(one) for one in heard):
                questions.answer(draft, heard)
            read_back(draft)
    elif slots.unworkable(draft):
        steps.again(draft)
    elif which := _which(draft, heard):
        slots.edit(draft, which)
        draft.move(Stage.COLLECTING)
        draft.set(unclear=0)
        steps.ask(draft, which)
    elif any(map(noting.in_writing, heard)) and not any(one.wants("yes") for one in heard):
        noting.note(draft, heard)
        steps.again(draft)
    elif any(one.wants("no") and questions.asks(one) for one in heard):
        questions.answer(draft, heard)
        steps.again(draft)
    elif any(one.wants("no") for one in heard):
        if any(idle.gives_up(one.folded) for one in heard):
            idle.no_need(draft)
        elif draft.state.asked == "edit" or any(
            NEEDS_NONE.search(one.folded) or DONE.search(one.folded) for one in heard
        ):
            read_back(draft)
        else:
            steps.ask(draft, "edit")
    else:
        _settle(draft, heard)


def _settle(draft: Draft, heard: Sequence[Heard]) -> None:
    """Neither a change nor a no: a yes, or something that leaves the read-back standing."""
    if any(noting.tells(one) and not AGREES.search(one.folded) for one in heard):
        noting.note(draft, heard)
        steps.again(draft)
    elif any(map(_doubts, heard)):
        steps.ask(draft, "edit")
    elif any((one.wants("yes") and not _asks(one)) or requests.calls(one) for one in heard):
        if draft.state.asked == "confirm":
            submit(draft)
        else:
            read_back(draft)
    elif any(one.entities.get("phone_invalid") for one in heard):
        steps.wrong_phone(draft, next(one for one in heard if one.entities.get("phone_invalid")))
    elif any(map(questions.asks, heard)):
        questions.answer(draft, heard)
        steps.again(draft)
    elif all(
        one.wordless or one.stale or one.intent in ("thanks", "greeting", "buy") for one in heard
    ) or noting.wonders(draft, heard):
        if not steps.once_more(draft):
            _give_up(draft)
    elif not steps.not_understood(draft):
        _give_up(draft)


def _give_up(draft: Draft) -> None:
    draft.say("error.not_understood_2")
    waiting.hand_over(draft, "unclear", told=True)


def _asks(one: Heard) -> bool:
    """ "Có đắt không em" is no yes, whatever it begins with."""
    if one.said.payload or ASKS.search(one.folded) is None:
        return False
    return AGREES.search(one.folded) is None or ENDS_ASKING.search(one.folded) is not None


def _doubts(one: Heard) -> bool:
    """ "Đúng hết trừ số": a yes with something taken out of it saves nothing."""
    hesitates = EXCEPT.search(one.folded) is not None or DOUBTS.search(one.folded) is not None
    return one.wants("yes") and not one.said.payload and hesitates


def _agreed_with_more(before: State, after: State, heard: Sequence[Heard]) -> bool:
    """ "Ok, call me tomorrow afternoon", "ok, right away": he agrees to what was read back and adds when, or where he
    lives, which he is told again with his code."""
    soon = not before.slots.get("callback_time")
    agreed = any((one.wants("yes") and AGREES.search(one.folded)) or (soon and requests.calls(one)) for one in heard)
    if before.asked != "confirm" or not agreed or any(one.wants("no") or _doubts(one) for one in heard):
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
        mends = (draft.state.asked == "edit" or WRONG.search(said)) and not one.wants("yes")
        if (mends or (one.wants("yes", "no") and EXCEPT.search(said))) and not one.said.payload:
            return next((slot for slot, pattern in WHICH if pattern.search(said)), "")
    return ""
