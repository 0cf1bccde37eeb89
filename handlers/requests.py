"""What comes before any form, at any moment: an accident, a death, a complaint, a wish for a person, abuse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from channels.contract import Button
from handlers import consent, datarequests, grave, idle, incident, refusal, rights, slots, steps, waiting, wording
from handlers.draft import Draft
from handlers.hearing import APPOINTMENT, Heard
from handlers.model import WAITING, CancelSends, Note, Relabel, Stage

MUTE: Final = timedelta(hours=24)
WARNINGS: Final = 2
REQUEST_WORDS: Final = {
    "access": "buttons.view_data",
    "inform": "buttons.view_data",
    "rectify": "buttons.fix_data",
    "delete": "buttons.delete_data",
}
RIGHTS: Final = tuple(
    Button(id=f"dsr:{request}", label=label)
    for request, label in (
        ("access", "view_data"),
        ("rectify", "fix_data"),
        ("delete", "delete_data"),
        ("withdraw", "withdraw"),
    )
)
CALL: Final = re.compile(
    r"\bgoi (?:lai|ngay|lien|luon|lun|cho|em|e|minh|mk|toi|tui|anh|a|chi|c|co|chu|bac|con|chau)\b|\bcall (?:me|back)\b"
)
HERE: Final = re.compile(r"\b(?:gap|nguoi that|nhan vien|tu van vien|noi chuyen|person|human|agent)\b")  # not by phone
FORM: Final = frozenset({Stage.COLLECTING, Stage.CONFIRMING})
INTENTS: Final = frozenset({"claim", "privacy_request", "complaint", "talk_to_human", "spam_abuse"})
TOPICS: Final = frozenset({"fraud_signal", "cancel_policy"})


def divert(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Answer what must not wait for the form; whether the turn is answered by that."""
    if any(map(_may_not_wait, heard)) or any(map(incident.kind, heard)):
        return _divert(draft, heard)
    return grave.guide(draft, heard)


def _divert(draft: Draft, heard: Sequence[Heard]) -> bool:
    return (
        grave.hear(draft, heard)
        or incident.hear(draft, heard)
        or _privacy(draft, heard)
        or _complaint(draft, heard)
        or _fraud(draft, heard)
        or _person(draft, heard)
        or _abuse(draft, heard)
    )


def _may_not_wait(one: Heard) -> bool:
    """Is there anything in it that one of the answers below looks at? Most messages have nothing: asked once, cheaply."""
    return (
        one.intent in INTENTS
        or one.distress
        or one.minor
        or (bool(one.also) and not INTENTS.isdisjoint(one.also))
        or one.entities.get("topic") in TOPICS
        or bool(one.entities.get("fatal"))
    )


def _privacy(draft: Draft, heard: Sequence[Heard]) -> bool:
    asked = [one for one in heard if one.wants("privacy_request") and one.entities.get("request")]
    by = next((one for one in asked if not refusal.mends_number(one)), None)
    if asked and by is None and draft.state.stage in FORM | WAITING:
        return False  # another number for the call that he waits for
    by = by or next(iter(asked), None)
    if by is None:
        return _which_right(draft, heard)
    request = str(by.entities["request"])
    if request == "rectify" and draft.state.stage in FORM:
        return False  # he corrects the form that is being filled
    steps.greet(draft, hours=False)
    waiting.hand_over(draft, "privacy", consent_line=False, told=True)
    if request == "withdraw":
        withdraw(draft, by)
        return True
    number = datarequests.asked(draft, request, by, told=True)
    draft.say(
        "privacy.ack",
        loai_yeu_cau=(REQUEST_WORDS.get(request, "buttons.privacy"),),
        ma_yeu_cau=number,
        thoi_diem=wording.stamp(draft.now, draft.business, draft.state.lang),
        han_xu_ly=wording.date(datarequests.until(request, by, draft), draft.business),
    )
    return True


def _which_right(draft: Draft, heard: Sequence[Heard]) -> bool:
    """He speaks of his data, not of what he wants with them."""
    if not any(one.intent == "privacy_request" for one in heard):
        return False
    steps.greet(draft, hours=False)
    draft.say("privacy.menu", *RIGHTS)
    return True


def withdraw(draft: Draft, by: Heard) -> None:
    """Acts at once, whoever has the conversation; he hears of it where nobody of ours speaks with him."""
    consent.withdraw(draft, by)
    draft.set(asked="")
    draft.add(CancelSends(reason="consent withdrawn", purposes=rights.RESTING, planned="withdrawn"))
    told = draft.state.stage is not Stage.WITH_ADVISOR
    number = datarequests.asked(draft, "withdraw", by, told=told)
    if told:
        due = wording.date(datarequests.until("withdraw", by, draft), draft.business)
        draft.say("consent.withdrawn", ma_yeu_cau=number, han_xu_ly=due)


def _complaint(draft: Draft, heard: Sequence[Heard]) -> bool:
    if not any(one.wants("complaint") for one in heard):
        return False
    waiting.keep_number(draft, heard)
    steps.greet(draft, hours=False)
    waiting.say_once(draft, "complaint.start", "complaint")
    waiting.hand_over(draft, "complaint")
    return True


def _fraud(draft: Draft, heard: Sequence[Heard]) -> bool:
    """A wish to backdate is never answered with a sale; people see it, the customer is not accused."""
    if not any(one.entities.get("topic") == "fraud_signal" for one in heard):
        return False
    steps.greet(draft)
    draft.say("error.fraud_notice", steps.HUMAN)
    draft.add(Relabel(add=("fraud_signal",)), Note(text="Khách hỏi mua sau khi có sự cố hoặc ghi lùi ngày."))
    draft.set(unclear=0)
    return True


def _person(draft: Draft, heard: Sequence[Heard]) -> bool:
    cancel = any(one.entities.get("topic") == "cancel_policy" for one in heard)
    by = [one for one in heard if one.wants("talk_to_human")]
    if not cancel and not by:
        return False
    if draft.state.asked in ("callback", "phone", "time") and all(_call_me(one) for one in by) and not cancel:
        return False  # "call me" answers what was asked
    if draft.state.stage in WAITING and not cancel and all(_at_another_time(draft, one) for one in by):
        return False  # the call that he waits for, at a time that suits him
    if draft.state.stage is Stage.COLLECTING and not cancel and all(map(_appoints, by)):
        return False  # a value of the form
    if draft.state.asked in ("name", "product", "confirm") and all(calls(one) for one in by) and not cancel:
        return False  # the call is what the form is about, and he wants it
    waiting.keep_number(draft, heard)
    if not cancel and draft.state.stage is Stage.QUEUED and waiting.consent_is_due(draft, heard):
        consent.ask(draft)  # a person is called already; he gives the number to call
        return True
    steps.greet(draft, hours=False)
    waiting.hand_over(draft, "cancel" if cancel else "human")
    return True


def _call_me(one: Heard) -> bool:
    """He wants to be called, which the form is about, not to leave it."""
    return not one.said.payload and (one.intent != "talk_to_human" or CALL.search(one.folded) is not None)


def _appoints(one: Heard) -> bool:
    """The call, and when; "sáng mai gặp tư vấn viên" is of a meeting."""
    here = HERE.search(one.folded) is not None and APPOINTMENT.search(one.folded) is None
    return slots.is_appointment(one) and not here


def _at_another_time(draft: Draft, one: Heard) -> bool:
    timed = not slots.TIME.isdisjoint(one.entities) or "day" in one.entities
    return timed and bool(draft.state.slots.get("phone")) and calls(one)


def calls(one: Heard) -> bool:
    """He asks for the call, and for nothing but the call."""
    return (
        one.wants("talk_to_human")
        and not one.said.payload
        and CALL.search(one.folded) is not None
        and HERE.search(one.folded) is None
    )


def unmutes(one: Heard) -> bool:
    """People are one step away for him too whom the bot has stopped answering; they see what he said before."""
    return one.distress or one.wants("talk_to_human", "claim")


def _abuse(draft: Draft, heard: Sequence[Heard]) -> bool:
    kinds = [one.entities.get("kind") for one in heard if one.intent == "spam_abuse"]
    kind = next((kind for kind in kinds if kind in ("abuse", "spam")), None)
    if kind is None or draft.state.stage in WAITING:
        return False
    steps.greet(draft, safety=True)
    draft.set(warnings=draft.state.warnings + 1)
    if draft.state.warnings <= WARNINGS:
        draft.say("error.abuse" if kind == "abuse" else "error.spam", steps.HUMAN)
        return True
    draft.say("error.spam")
    until = draft.now + MUTE
    draft.set(muted_until=until)
    idle.shut(draft, Stage.CLOSED_SPAM)
    draft.wake("mute_end", until)
    return True
