"""The form: each answer fills what it can, only what is missing is asked, and no answer is a dead end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from channels.contract import Kind
from handlers import confirming, idle, noting, questions, slots, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import Stage

NOT_A_NEED: Final = ("greeting", "thanks", "spam_abuse", "details", "media", "sticker", "nothing")
UNREADABLE: Final = ("other", "spam_abuse")
WORD: Final = re.compile(r"\w")  # a mere "?" asks what it was that we asked
PAPERS: Final = frozenset({"cccd", "passport", "plate", "chassis", "tax_code", "dob"})  # told too early, and not kept
NUMBER: Final = re.compile(r"\b(?:so|sdt|dt|dien thoai|phone|number|(?:dung|khong|ko|k) goi)\b")


def hear(draft: Draft, heard: Sequence[Heard]) -> None:
    asked = draft.state.asked
    if _offered_number(draft, heard):
        return
    left = slots.missing(draft.state)
    changed = slots.fill(draft, heard)
    _take_freely(draft, heard)
    answered = _answered(draft, asked)
    if not answered and asked in ("name", "phone", "phone_same") and _wrong_phone(draft, heard):
        return
    if asked == "need" and any(one.said.payload == "p:other" for one in heard):
        draft.say("ask.need")  # no button is his: without them
    elif changed or answered:
        if any(map(questions.asks, heard)):
            questions.answer(draft, heard)
        elif draft.state.memory.get("price_owed"):
            questions.owed(draft, heard)
        elif not answered and not draft.said() and (asked == "product" or slots.missing(draft.state) == left):
            draft.say("ask.noted")  # something else than was asked
        draft.set(tries=0)
        proceed(draft)
    elif slots.unworkable(draft):
        steps.again(draft)
    elif any(questions.asks(one) and not noting.tells(one) for one in heard):
        questions.answer(draft, heard)
        steps.again(draft)
    elif draft.state.memory.get("editing") == asked and any(one.wants("yes") for one in heard):
        draft.remember(editing=None)  # it may stay as it was
        proceed(draft)
    elif any(one.wants("no") and not noting.tells(one) for one in heard) or (
        asked == "phone" and any(map(noting.in_writing, heard))
    ):
        _will_not_say(draft, asked, heard)
    elif any(one.said.kind is Kind.AUDIO for one in heard):
        draft.say("error.voice")
        steps.again(draft)
    elif any(map(noting.tells, heard)):
        noting.note(draft, heard)
        steps.again(draft)
    elif any(is_noise(one) and WORD.search(one.folded) for one in heard) and not noting.wonders(draft, heard):
        not_understood(draft, asked)
    elif not steps.once_more(draft):
        give_up(draft)


def corrected(draft: Draft, heard: Sequence[Heard]) -> None:
    """An earlier message was edited: what it says now counts; asked again is only what changed by it."""
    before = draft.state.asked
    if slots.fill(draft, heard) and (before == "confirm" or before not in slots.missing(draft.state)):
        proceed(draft)


def proceed(draft: Draft) -> None:
    """Ask for the next thing that is missing; when nothing is, read back."""
    draft.set(unclear=0)
    if draft.state.memory.get("car") and not draft.state.slots.get("product"):
        draft.move(Stage.COLLECTING, asked="product")
        steps.ask(draft, "product")
        return
    if left := slots.missing(draft.state):
        if draft.state.stage is not Stage.COLLECTING:
            draft.move(Stage.COLLECTING)
        steps.ask(draft, left[0])
    else:
        confirming.read_back(draft)


def _answered(draft: Draft, asked: str) -> bool:
    if asked == "product":
        return not draft.state.memory.get("car")
    return asked in slots.ASKED and asked not in slots.missing(draft.state)


def _take_freely(draft: Draft, heard: Sequence[Heard]) -> None:
    """Three questions take the customer's own words: the need, which cover for the car, and where he lives."""
    asked = draft.state.asked
    words = [one for one in heard if one.said.text.strip() and not one.stale and not one.wants(*NOT_A_NEED, "no")]
    if asked in ("need", "product"):
        words = [one for one in words if not slots.is_appointment(one)]
    if asked == "need":
        words = [one for one in words if not one.wants("yes")]
    if not words:
        return
    if asked == "need" and asked in slots.missing(draft.state) and not any(map(questions.is_question, words)):
        text = " ".join(one.said.text for one in words)
        slots.write(draft, "need", need=text[: slots.NEED_MAX], product=None)
    elif asked == "product" and not any(one.entities.get("phone") or one.entities.get("name") for one in words):
        if all(map(questions.asks, words)):
            return  # what it costs is asked before one chooses
        draft.remember(car=None)  # asked once; the advisor will see to the rest
        if not slots.known(draft.state, "need"):
            slots.write(draft, "need", need=words[-1].said.text[: slots.NEED_MAX])
    elif asked == "province" and not slots.known(draft.state, "province"):
        words = [one for one in words if slots.TIME.isdisjoint(one.entities) and "day" not in one.entities]
        if not words:
            return  # when, not where
        place = " ".join(one.said.text for one in words)
        if len(place.split()) <= slots.PLACE_WORDS:
            slots.write(draft, "province", province=place)  # one that we do not know: as he says it
        else:
            _skip(draft, "province")  # asked once, the advisor will see to it


def _wrong_phone(draft: Draft, heard: Sequence[Heard]) -> bool:
    wrong = [one for one in heard if one.entities.get("phone_invalid")]
    if not wrong or "phone" not in slots.missing(draft.state):
        return False
    if draft.state.asked == "name":  # both were asked at once
        draft.set(asked="phone", tries=0)
    if draft.state.tries + 1 >= steps.TRIES:
        waiting.hand_over(draft, "invalid")
    else:
        steps.wrong_phone(draft, wrong[-1])
    return True


def _offered_number(draft: Draft, heard: Sequence[Heard]) -> bool:
    """A contact card that is not vouched for, or the answer to "shall I use this number?"."""
    offered = next((one.entities["offered"] for one in heard if one.entities.get("offered")), None)
    if offered and "phone" in slots.missing(draft.state):
        draft.remember(offered=str(offered))
        steps.ask(draft, "phone_same")
        return True
    if draft.state.asked != "phone_same" or any(one.entities.get("phone") for one in heard):
        return False
    if any(one.wants("yes") for one in heard):
        slots.write(draft, "phone", phone=draft.state.memory.get("offered"))
    elif not any(one.wants("no") for one in heard):
        return False
    draft.remember(offered=None)
    draft.set(asked="")
    proceed(draft)
    return True


def _will_not_say(draft: Draft, asked: str, heard: Sequence[Heard]) -> None:
    """He declines an answer: no need is an end, no number means people go on right here, the rest can wait."""
    if asked == "name" and "phone" in slots.missing(draft.state) and any(NUMBER.search(one.folded) for one in heard):
        asked = "phone"  # both were asked at once
    if draft.state.memory.get("editing") == asked and slots.known(draft.state, asked):
        draft.remember(editing=None)  # it stays as it was
        proceed(draft)
    elif asked == "need" or any(idle.gives_up(one.folded) for one in heard):
        idle.no_need(draft)
    elif asked == "phone":
        waiting.hand_over(draft, "no_phone")
    elif asked == "time":
        slots.soon(draft)
        proceed(draft)
    elif asked in slots.ASKED:
        _skip(draft, asked)
        proceed(draft)
    else:
        draft.remember(car=None)
        proceed(draft)


def _skip(draft: Draft, slot: str) -> None:
    draft.remember(skipped=[*draft.state.memory.get("skipped", ()), slot], editing=None)


def is_noise(one: Heard) -> bool:
    known = one.entities.get("topic") or one.entities.keys() & PAPERS
    return one.intent in UNREADABLE and not known and not one.stale


def not_understood(draft: Draft, asked: str) -> None:
    draft.set(asked=asked)
    if not steps.not_understood(draft):
        give_up(draft)


def give_up(draft: Draft) -> None:
    """A human for what we do not understand, instead of the same question for ever."""
    draft.say("error.not_understood_2")
    waiting.hand_over(draft, "unclear", told=True)
