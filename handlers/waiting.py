"""From the bot to people: entering the queue, the call-back, and the little that is said while somebody waits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from handlers import appointments, consent, leads, schedule, slots, steps, wording
from handlers.draft import Draft
from handlers.hearing import NOD, Heard
from handlers.model import WAITING, OpenHandoff, Stage, TimerFired

LONG_WAIT: Final = timedelta(minutes=5)
PRESENCE: Final = timedelta(minutes=1)
BEFORE_CALL: Final = timedelta(minutes=10)  # the advisor's task comes this long before the appointment
MINUTES_A_PLACE: Final = 5  # estimate of a place in the queue
CALL_WITHIN: Final = 120  # working minutes of a call-back without an appointment
PRIORITIES: Final = {
    "lead": 0,
    "callback": 5,
    "invalid": 5,
    "no_phone": 5,
    "returned": 5,
    "care": 5,
    "unclear": 10,
    "unanswered": 10,
    "human": 10,
    "cancel": 10,
    "privacy": 20,
    "complaint": 20,
    "claim": 20,
    "incident": 25,
    "minor": 30,
    "distress": 30,
    "urgent_claim": 30,
}
CALLED: Final = re.compile(r"\b(?:goi|hen|call)\b")
UPSET: Final = re.compile(  # he is in the midst of it
    r"\b(?:hien truong|bo chay|chay mat|xe kia|cong an|canh sat|cap cuu|benh vien|bac si|mau|so qua|dau qua|bat tinh|police|ambulance|hospital)\b"
)
ENDS_ASKING: Final = re.compile(r"\w (?:khong|ko|hong)[ ?.!]*$")  # "còn đó không"
ANEW: Final = ("buy", "ask_fee", "renewal", "call_me")
CONTACT: Final = ("name", "phone")
SILENT: Final = ("thanks", "yes", "media", "sticker", "nothing")


def hand_over(draft: Draft, reason: str, *, consent_line: bool = True, told: bool = False) -> None:
    """A human is wanted: queued at once, and the customer is told so (unless he is `told` in other words); the
    consent line goes with it when C1 is open."""
    urgent = PRIORITIES[reason]
    was = draft.state.stage
    if was not in WAITING or urgent > int(draft.state.memory.get("priority", 0)):
        draft.add(OpenHandoff(reason="claim" if reason == "urgent_claim" else reason, priority=urgent))
        draft.remember(priority=urgent, matter=reason)
    if was is Stage.QUEUED:
        if not told and not draft.said() and _may_notice(draft):
            _notice(draft)
        return
    draft.remember(noticed=None)
    draft.move(Stage.QUEUED)
    if not told:
        _started(draft)
    if schedule.in_hours(draft.now, draft.business):
        draft.wake("long_wait", draft.now + LONG_WAIT)
    if consent_line and "C1" not in draft.state.consents:
        consent.ask(draft)


def say_once(draft: Draft, key: str, reason: str) -> bool:
    """While he waits he hears it once, until it gets more urgent: people read what he adds. Whether it was said."""
    waits = draft.state.stage in WAITING
    told = tuple(draft.state.memory.get("told", ())) if waits else ()
    if key not in told or PRIORITIES[reason] > int(draft.state.memory.get("priority", 0)):
        draft.say(key)
        draft.remember(told=[*(one for one in told if one != key), key])
        return True
    return False


def keep_number(draft: Draft, heard: Sequence[Heard]) -> None:
    """The form stops here, but a number given in the same breath is the one to call."""
    for one in heard:
        if (number := one.entities.get("phone")) and not one.stale and not one.entities.get("offered"):
            slots.write(draft, "phone", phone=str(number))


def note(draft: Draft, key: str) -> None:
    """What he adds is read; said no oftener than his place in the queue."""
    if _may_notice(draft):
        draft.remember(noticed=draft.now.isoformat())
        draft.say(key)
        aside(draft)


def enter(draft: Draft) -> None:
    """A finished request waits for its advisor, in working hours."""
    draft.move(Stage.QUEUED)
    draft.remember(noticed=None)
    draft.say("queue.entered")
    _place(draft)
    draft.wake("long_wait", draft.now + LONG_WAIT)


def schedule_call(draft: Draft) -> None:
    """The call has its time: the wished one, or the next at which people work."""
    callback = draft.state.slots.get("callback_time")
    if draft.state.memory.get("soon") or not callback:
        callback = appointments.at_once(draft.now, draft.business)
        draft.put(callback_time=callback)
        draft.remember(soon=None)
    draft.move(Stage.CALLBACK_SCHEDULED)
    _told_when(draft)
    begins, ends = (datetime.fromisoformat(str(callback[key])) for key in ("from", "to"))
    draft.wake("callback", max(draft.now, begins - BEFORE_CALL))
    leads.call_by(draft, ends)


def hear(draft: Draft, heard: Sequence[Heard]) -> None:
    """The customer speaks while he waits. People read it; the bot says little."""
    if draft.state.stage is Stage.UNREACHABLE:
        leads.call_by(draft)
        draft.add(OpenHandoff(reason="returned", priority=PRIORITIES["returned"]))
        enter(draft)
        return
    if (draft.state.asked == "consent" and consent.settled(draft, heard)) or consent.late(draft, heard):
        _thank(draft)
        return
    before = draft.state.slots
    slots.fill(draft, heard)
    if draft.state.memory.get("despair"):
        stay(draft)
        return
    gained = [slot for slot in CONTACT if draft.state.slots.get(slot) != before.get(slot)]
    about_the_call = draft.state.asked in ("phone", "callback") or any(one.intent == "call_me" for one in heard)
    if about_the_call and _about_the_call(draft, heard):
        return
    if draft.state.slots.get("callback_time") != before.get("callback_time") and _asks_for_then(draft, heard):
        schedule_call(draft)
    elif gained and draft.state.stage is Stage.CALLBACK_SCHEDULED:
        _notice(draft)
    elif gained:
        _noted(draft, gained)
    elif consent_is_due(draft, heard):
        consent.ask(draft)
    elif _may_notice(draft) and not all(one.intent in SILENT or NOD.fullmatch(one.folded) for one in heard):
        _notice(draft)


def _thank(draft: Draft) -> None:
    """He has answered the consent while he waits: what he had told before is kept now; what is missing is welcome."""
    told = [slot for slot in CONTACT if draft.state.slots.get(slot)]
    if "phone" in told:
        _noted(draft, told)
    elif draft.consented:
        draft.say("queue.leave_contact")


def _noted(draft: Draft, told: Sequence[str]) -> None:
    draft.remember(noticed=draft.now.isoformat())
    draft.say("queue.contact_noted", muc_da_ghi=tuple(f"slot.{slot}" for slot in told))


def aside(draft: Draft) -> None:
    """Something else is said than the consent question: an "ok" is to that. "Đồng ý" still is an answer."""
    if draft.state.asked == "consent":
        draft.set(asked="", tries=0)


def consent_is_due(draft: Draft, heard: Sequence[Heard]) -> bool:
    """In a grave moment it was not put; he writes again, calmly. Or he offers what cannot be kept without it."""
    memory = draft.state.memory
    if draft.state.consents.get("C1") == "withdrawn" and draft.state.asked == "":
        return any(one.wants(*ANEW) or one.entities.get("phone") for one in heard)  # he took it back, and wants on
    if (
        "C1" in draft.state.consents
        or memory.get("minor")
        or memory.get("despair")
        or draft.state.asked not in ("", "consent")
    ):
        return False
    offers = any(one.entities.get(slot) for one in heard for slot in CONTACT)
    if any(one.wants("no") or (UPSET.search(one.folded) and not offers) for one in heard):
        return False
    grave = (memory.get("guide") or memory.get("guided")) and not memory.get("consent_shown")
    return bool(grave or (offers and memory.get("consent_shown"))) and not all(one.intent in SILENT for one in heard)


def stay(draft: Draft) -> None:
    """He despairs, or is afraid: no place in a queue, and no silence either."""
    noticed = draft.state.memory.get("noticed")
    if not noticed or draft.now - datetime.fromisoformat(str(noticed)) >= PRESENCE:
        draft.remember(noticed=draft.now.isoformat())
        draft.say("grave.with_you")


def _asks_for_then(draft: Draft, heard: Sequence[Heard]) -> bool:
    """The call he waits for is to come at another time; from the queue only when he speaks of a call: he may as well
    tell when it happened."""
    if draft.state.stage is Stage.CALLBACK_SCHEDULED:
        return True
    return bool(draft.state.slots.get("phone")) and any(CALLED.search(one.folded) for one in heard)


def stands(draft: Draft) -> None:
    """He asks how long: told, however lately he was told before."""
    _notice(draft)


def timer(draft: Draft, event: TimerFired) -> None:
    """`long_wait`: offer a call. `callback`: the appointment is near."""
    stage = draft.state.stage
    if event.name == "callback" and stage is Stage.CALLBACK_SCHEDULED:
        draft.add(OpenHandoff(reason="callback", priority=PRIORITIES["callback"]))
    if event.name == "long_wait" and stage is Stage.QUEUED and draft.context.bot and not draft.state.reminders_off:
        if draft.consented and draft.state.asked in ("", "ads") and not draft.state.memory.get("despair"):
            draft.say("queue.long_wait", *steps.CALL)
            draft.set(asked="callback", tries=0)
        elif _may_notice(draft):
            _notice(draft)


def _started(draft: Draft) -> None:
    if schedule.in_hours(draft.now, draft.business):
        draft.say("handoff.start")
    else:
        after_hours(draft)


def after_hours(draft: Draft) -> None:
    """Nobody is at work: when they are back, and whom to call until then."""
    if draft.business.hotline:
        draft.say("handoff.failed", ma_yeu_cau=draft.request_code(), gio_hen_lai=steps.contact_by(draft))
    else:
        draft.say("greeting.out_of_hours", gio_hen_lai=steps.contact_by(draft))


def _place(draft: Draft) -> None:
    place = draft.context.queue_position
    if place > 0:
        draft.say("queue.position", vi_tri=str(place), so_phut=str(place * MINUTES_A_PLACE))


def _may_notice(draft: Draft) -> bool:
    """At most every five minutes while people are at work (R-HOF-3), once while they are not."""
    noticed = draft.state.memory.get("noticed")
    if not noticed or draft.state.memory.get("despair"):
        return True
    return (
        isinstance(noticed, str)
        and draft.state.stage is Stage.QUEUED
        and schedule.in_hours(draft.now, draft.business)
        and draft.now - datetime.fromisoformat(noticed) >= LONG_WAIT
    )


def _notice(draft: Draft) -> None:
    """Once in a while of waiting: we read you."""
    if draft.state.memory.get("despair"):
        stay(draft)
        return
    aside(draft)
    draft.remember(noticed=draft.now.isoformat())
    if draft.state.stage is Stage.CALLBACK_SCHEDULED and draft.state.slots.get("phone"):
        _told_when(draft)
    elif not schedule.in_hours(draft.now, draft.business):
        after_hours(draft)
    elif draft.context.queue_position:
        _place(draft)
    else:
        draft.say("queue.notice_first")


def _told_when(draft: Draft) -> None:
    draft.say(
        "queue.callback_set",
        gio_hen=wording.appointment(draft.state, draft.business),
        ma_yeu_cau=draft.request_code(),
    )


def _about_the_call(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Whether that is what he speaks of."""
    if draft.state.asked == "phone" and not draft.state.slots.get("phone"):
        wrong = [one for one in heard if one.entities.get("phone_invalid")]
        if wrong and draft.state.tries + 1 < steps.TRIES:
            steps.wrong_phone(draft, wrong[-1])
        elif wrong:
            draft.set(asked="", tries=0)  # people see what he typed
        return bool(wrong)
    refused = draft.state.asked == "callback" and any(
        one.wants("no") and ENDS_ASKING.search(one.folded) is None for one in heard
    )
    agreed = draft.state.asked == "phone" or any(one.wants("yes", "call_me", "talk_to_human") for one in heard)
    if refused:
        draft.set(asked="")
    elif agreed:
        call_back(draft)
    return refused or agreed


def call_back(draft: Draft) -> None:
    """Instead of waiting here he is called. Needs C1 and a number."""
    if not draft.consented:
        if "C1" not in draft.state.consents:
            steps.ask_consent(draft)
        return
    if not draft.state.slots.get("phone"):
        steps.ask(draft, "phone")
        return
    begins = schedule.next_opening(draft.now, draft.business)
    ends = schedule.add_minutes(begins, CALL_WITHIN, draft.business)
    draft.put(callback_time=appointments.interval(begins, ends))
    draft.remember(soon=None)
    draft.add(OpenHandoff(reason="callback", priority=PRIORITIES["callback"]))
    schedule_call(draft)
