"""The read-back: what was understood is said once more, put right where it is wrong, and passed on when it is right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from handlers import requests, schedule, screening, slots, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import OpenHandoff, Stage, State

WHICH: Final = (  # what he wants to change, in his own words
    ("phone", re.compile(r"\b(?:so|sdt|dien thoai|phone|number)\b")),
    ("time", re.compile(r"\b(?:gio|hen|thoi gian|luc|time|when)\b")),
    ("need", re.compile(r"\b(?:san pham|loai|goi|bao hiem|bh|nhu cau|product|insurance)\b")),
    ("name", re.compile(r"\b(?:ten|ho ten|name)\b")),
)
WRONG: Final = re.compile(r"\b(?:sua|doi|sai|nham|change|wrong)\b")
QUESTIONS: Final = ("ask_fee", "renewal")
NO_QUESTION: Final = frozenset({"menu", "reschedule", "smalltalk", "fraud_signal"})


def read_back(draft: Draft) -> None:
    draft.move(Stage.CONFIRMING)
    steps.ask(draft, "confirm")


def hear(draft: Draft, heard: Sequence[Heard]) -> None:
    before = draft.snapshot()
    if slots.fill(draft, heard):
        if _only_sooner(before, draft.state, heard):
            submit(draft)
        else:
            read_back(draft)
    elif which := _which(draft, heard):
        slots.edit(draft, which)
        draft.move(Stage.COLLECTING)
        draft.set(unclear=0)
        steps.ask(draft, which)
    elif any(one.wants("no") for one in heard):
        if draft.state.asked == "edit":
            read_back(draft)
        else:
            steps.ask(draft, "edit")
    elif any(one.wants("yes") or requests.calls(one) for one in heard):
        if draft.state.asked == "confirm":
            submit(draft)
        else:
            read_back(draft)
    elif any(one.entities.get("phone_invalid") for one in heard):
        steps.wrong_phone(draft, next(one for one in heard if one.entities.get("phone_invalid")))
    elif any(is_question(one) for one in heard):
        answer_question(draft, heard)
        steps.again(draft)
    elif all(one.wordless or one.stale or one.intent in ("thanks", "greeting", "buy") for one in heard):
        steps.again(draft)
    elif not steps.not_understood(draft):
        draft.say("error.not_understood_2")
        waiting.hand_over(draft, "unclear", told=True)


def _only_sooner(before: State, after: State, heard: Sequence[Heard]) -> bool:
    """ "Ok" and "call right away": he agrees to what was read back, and the call is to come at once."""
    agreed = any(one.wants("yes") or (requests.calls(one) and bool(before.memory.get("soon"))) for one in heard)
    if before.asked != "confirm" or not agreed or any(one.wants("no") for one in heard):
        return False
    same = {key: value for key, value in after.slots.items() if key != "callback_time"} == {
        key: value for key, value in before.slots.items() if key != "callback_time"
    }
    return same and bool(after.memory.get("soon"))


def submit(draft: Draft) -> None:
    """Confirmed: the lead exists. Now, when people are at work; else, or when he chose so, at its time."""
    draft.set(unclear=0)
    number = draft.request_code()
    draft.add(OpenHandoff(reason="lead", priority=waiting.PRIORITIES["lead"]))
    draft.remember(priority=0)
    screening.by_bot(draft)
    draft.say("confirm.saved", ma_yeu_cau=number)
    if draft.state.memory.get("soon") and schedule.in_hours(draft.now, draft.business):
        draft.remember(soon=None)
        waiting.enter(draft)
    else:
        waiting.schedule_call(draft)


def is_question(one: Heard) -> bool:
    """Something that a person (later: the catalogue) answers, and that must not stop the form."""
    topic = one.entities.get("topic")
    asks = one.wants(*QUESTIONS) or (one.intent == "other" and topic is not None and topic not in NO_QUESTION)
    return asks and not one.stale


def answer_question(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Answer by the bot as far as it may; True when the rest is for an advisor."""
    if any(one.entities.get("topic") == "bot_identity" for one in heard):
        if not draft.said():  # the greeting has just told him
            draft.say("greeting.bot_identity")
        return False
    draft.say("advice.no_advice_by_bot")
    return True


def acknowledge(draft: Draft, heard: Sequence[Heard]) -> None:
    """A price asked with the first words: heard, and for an advisor. The consent is asked under it."""
    first = draft.state.stage in (Stage.NEW, Stage.GREETED) and "C1" not in draft.state.consents
    if first and any(one.wants("ask_fee") and not one.said.payload for one in heard):
        steps.greet(draft)
        answer_question(draft, heard)


def _which(draft: Draft, heard: Sequence[Heard]) -> str:
    for one in heard:
        if chosen := one.entities.get("edit"):
            return "" if one.stale else str(chosen)
        said = one.folded
        if (draft.state.asked == "edit" or WRONG.search(said)) and not one.said.payload and not one.wants("yes"):
            return next((slot for slot, pattern in WHICH if pattern.search(said)), "")
    return ""
