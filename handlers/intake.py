"""The intake: greet, ask consent, fill the form with whatever the customer says, read it back, pass it on.

Every message is read for all that it holds; only what is missing is asked; at most one question is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from channels.contract import Kind
from handlers import confirming, consent, idle, slots, steps, waiting
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import WAITING, Stage, State

# What opens the form: process.md 3.1, "intent buy, fee, renew"; giving data unasked is wanting something too
NEEDS: Final = ("buy", "ask_fee", "renewal", "give_name", "give_phone", "give_email", "give_plate", "call_me")
NOT_A_NEED: Final = ("greeting", "thanks", "spam_abuse", "details", "media", "sticker", "nothing")
UNREADABLE: Final = ("other", "spam_abuse")


def hear(draft: Draft, heard: Sequence[Heard]) -> None:
    """The customer speaks while the bot has the conversation."""
    match draft.state.stage:
        case Stage.NEW | Stage.GREETED:
            steps.greet(draft)
            _serve(draft, heard)
        case Stage.CONSENT_PENDING:
            _consenting(draft, heard)
        case Stage.COLLECTING:
            _collect(draft, heard)
        case Stage.CONFIRMING:
            confirming.hear(draft, heard)
        case _:
            _return(draft, heard)


def started(draft: Draft, payload: str) -> None:
    """Start pressed, bot added, unblocked. Nothing that is going on is wiped."""
    if payload:
        draft.remember(start=payload[:64])
    stage = draft.state.stage
    if stage is Stage.NEW:
        steps.greet(draft)
        steps.ask(draft, "menu")
    elif stage in WAITING or stage is Stage.WITH_ADVISOR:
        return
    elif stage in (Stage.GREETED, Stage.CONSENT_PENDING, Stage.COLLECTING, Stage.CONFIRMING):
        steps.again(draft)
    else:
        _welcome_back(draft, ())


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
        draft.set(stage=Stage.COLLECTING)
        steps.ask(draft, left[0])
    else:
        confirming.read_back(draft)


def _serve(draft: Draft, heard: Sequence[Heard]) -> None:
    """Greeted, no form open: does this message open it?"""
    if any(one.wants(*NEEDS) or one.entities.get("product") for one in heard) or _agrees(draft, heard):
        _open(draft, heard)
    elif draft.state.asked == "menu" and any(one.wants("no") for one in heard):
        _no_need(draft)
    elif any(confirming.is_question(one) for one in heard):
        _question(draft, heard)
    elif any(one.wants("thanks") for one in heard) and not draft.said():
        return
    elif any(_noise(one) for one in heard) and draft.said():
        draft.set(unclear=1)  # the first message of all: greeted, not scolded
        steps.ask(draft, "menu")
    elif any(_noise(one) for one in heard):
        _not_understood(draft, "menu")
    else:
        steps.ask(draft, "menu")


def _question(draft: Draft, heard: Sequence[Heard]) -> None:
    refused = draft.state.consents.get("C1") not in (None, "given")
    if refused or confirming.answer_question(draft, heard):
        _open(draft, heard)
    else:
        steps.ask(draft, "menu")


def _agrees(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Yes to the menu, to a consent that he let pass, or a late tap on its button."""
    late = any(one.stale and one.said.payload == "c1:yes" for one in heard)
    return late or any(one.wants("yes") for one in heard)


def _open(draft: Draft, heard: Sequence[Heard]) -> None:
    """The form opens: with consent at once, without it only when he has not refused, or now agrees by himself."""
    draft.set(unclear=0)
    settled = draft.state.consents.get("C1")
    if settled == "given":
        slots.fill(draft, heard)
        proceed(draft)
    elif settled is None or _agrees(draft, heard):
        steps.ask_consent(draft)
    else:
        draft.move(Stage.GREETED)
        draft.say("consent.declined", steps.HUMAN)


def _consenting(draft: Draft, heard: Sequence[Heard]) -> None:
    if consent.settled(draft, heard):
        if draft.consented:
            proceed(draft)
        elif draft.state.consents.get("C1") == "refused":
            draft.move(Stage.GREETED)
        return
    if any(one.entities.get("topic") == "bot_identity" for one in heard):
        confirming.answer_question(draft, heard)
    if all(one.wordless or one.stale or one.intent in ("thanks", "greeting") for one in heard):
        steps.ask(draft, "consent")
        return
    consent.unclear(draft, heard)
    draft.set(tries=draft.state.tries + 1)
    if draft.state.tries < steps.UNCLEAR:
        steps.ask(draft, "consent")
    else:
        draft.say("consent.declined", steps.HUMAN)  # nothing is kept; here is the hotline
        draft.move(Stage.GREETED)


def _collect(draft: Draft, heard: Sequence[Heard]) -> None:
    asked = draft.state.asked
    if _offered_number(draft, heard):
        return
    changed = slots.fill(draft, heard)
    _take_freely(draft, heard)
    answered = _answered(draft, asked)
    if not answered and asked in ("phone", "phone_same") and _wrong_phone(draft, heard):
        return
    if changed or answered:
        if any(confirming.is_question(one) for one in heard):
            confirming.answer_question(draft, heard)
        proceed(draft)
    elif any(one.wants("no") for one in heard):
        _will_not_say(draft, asked)
    elif any(one.said.kind is Kind.AUDIO for one in heard):
        draft.say("error.voice")
        steps.again(draft)
    elif any(confirming.is_question(one) for one in heard):
        confirming.answer_question(draft, heard)
        steps.again(draft)
    elif any(_noise(one) for one in heard):
        _not_understood(draft, asked)
    else:
        steps.again(draft)


def _answered(draft: Draft, asked: str) -> bool:
    if asked == "product":
        return not draft.state.memory.get("car")
    return asked in slots.ORDER and asked not in slots.missing(draft.state)


def _take_freely(draft: Draft, heard: Sequence[Heard]) -> None:
    """Questions that take the customer's own words: the need in any words, "any time" for a time."""
    asked = draft.state.asked
    words = [one for one in heard if one.said.text.strip() and not one.stale and not one.wants(*NOT_A_NEED, "no")]
    if not words:
        return
    if (
        asked == "need"
        and not slots.known(draft.state, "need")
        and not any(confirming.is_question(one) for one in words)
    ):
        slots.write(draft, "need", need=" ".join(one.said.text for one in words)[: slots.NEED_MAX])
    elif asked == "product":
        draft.remember(car=None)  # asked once; the advisor will see to the rest
        if not slots.known(draft.state, "need"):
            slots.write(draft, "need", need=words[-1].said.text[: slots.NEED_MAX])


def _wrong_phone(draft: Draft, heard: Sequence[Heard]) -> bool:
    wrong = [one for one in heard if one.entities.get("phone_invalid")]
    if not wrong:
        return False
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


def _will_not_say(draft: Draft, asked: str) -> None:
    """He declines an answer: no need is an end, no number means people go on right here, the rest can wait."""
    if asked == "need":
        _no_need(draft)
    elif asked == "phone":
        waiting.hand_over(draft, "no_phone")
    elif asked == "time":
        slots.soon(draft)
        proceed(draft)
    elif asked in slots.ORDER:
        draft.remember(skipped=[*draft.state.memory.get("skipped", ()), asked], editing=None)
        proceed(draft)
    else:
        draft.remember(car=None)
        proceed(draft)


def _no_need(draft: Draft) -> None:
    draft.say("no_need.end")
    idle.shut(draft, Stage.CLOSED_NO_NEED)


def _noise(one: Heard) -> bool:
    return one.intent in UNREADABLE and not one.entities.get("topic") and not one.stale


def _not_understood(draft: Draft, asked: str) -> None:
    draft.set(asked=asked)
    if not steps.not_understood(draft):
        draft.say("error.not_understood_2")
        waiting.hand_over(draft, "unclear", told=True)


def _return(draft: Draft, heard: Sequence[Heard]) -> None:
    """He speaks again after the end: within seven days the same conversation goes on, later a new one begins."""
    idle_talk = all(one.wants("thanks", "yes", "no", "sticker", "nothing") or one.stale for one in heard)
    if not idle_talk or draft.state.stage is Stage.CLOSED_IDLE:
        _welcome_back(draft, heard)


def _welcome_back(draft: Draft, heard: Sequence[Heard]) -> None:
    state = draft.state
    resumes = state.stage in (Stage.CLOSED_IDLE, Stage.OPTED_OUT) and not state.memory.get("served")
    if idle.expired(state, draft.now):
        draft.state = State(
            lang=state.lang,
            salutation=state.salutation,
            ads_off=state.ads_off,
            reminders_off=state.reminders_off,
            armed=state.armed,
            last_inbound_at=state.last_inbound_at,
        )
        hear(draft, heard)
        return
    draft.move(Stage.GREETED)
    draft.remember(closed_at=None, served=None)
    if resumes and draft.consented:
        slots.fill(draft, heard)
        proceed(draft)
        return
    slots.start_over(draft)
    if draft.state.slots.get("name"):
        draft.say("greeting.returning")
    _serve(draft, heard)
