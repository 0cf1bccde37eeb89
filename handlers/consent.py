"""Consent C1: asked once in full, given only by a clear yes to it, proved by the message that said so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from channels.contract import Kind
from handlers import refusal, retelling, slots, steps, wording
from handlers.draft import Draft, code
from handlers.hearing import Heard
from handlers.model import WAITING, Advisor, RecordConsent, Stage
from handlers.taps import PRODUCTS

TEXT: Final = "consent.layer1"
SAID_MAX: Final = 200  # characters of his words in the evidence
Answer = Literal["given", "refused", "details", ""]


def answer(heard: Sequence[Heard], *, explicitly: bool) -> tuple[Answer, Heard | None]:
    """The last clear word in these messages, and the message that holds it; '' when there is none. `explicitly` -- a no
    counts only when it can be said of nothing but the consent."""
    for one in reversed(heard):
        if one.stale:
            continue
        if one.intent == "yes":
            return "given", one
        if refusal.refuses(one, explicitly=explicitly):
            return "refused", one
        if one.intent == "details":
            return "details", one
    return "", None


def settled(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Act on a clear answer to the open question; False when there is none."""
    told, by = answer(heard, explicitly=draft.state.stage in WAITING)
    if by is None:
        return False
    if told == "given":
        _accept(draft, by, heard)
    elif told == "refused":
        _decline(draft, by)
    else:
        draft.say("consent.layer2", *steps.buttons(draft, "consent"))
        draft.add(RecordConsent(purpose="C1", state="asked", text_key="consent.layer2"))
    return True


def late(draft: Draft, heard: Sequence[Heard]) -> bool:
    """ "Đồng ý" or "không đồng ý", said or tapped after the question was let pass: he has seen the text, so that is an
    answer as long as it is the same text (R-CNS-5). A mere "ok" is none."""
    by = next((one for one in reversed(heard) if one.late), None)
    if by is None or not _shown(draft):
        return False
    if by.intent == "yes":
        _accept(draft, by, heard)
    else:
        _decline(draft, by)
    return True


def ask(draft: Draft) -> None:
    """C1, whole; in a line to whom it was shown in this conversation and who has not said no."""
    if "C1" in draft.state.consents or not _shown(draft):
        steps.ask_consent(draft)
        return
    remind(draft)
    if draft.state.stage in (Stage.NEW, Stage.GREETED, Stage.COLLECTING, Stage.CONFIRMING):
        draft.move(Stage.CONSENT_PENDING)
    draft.set(asked="consent", tries=0)


def remind(draft: Draft) -> None:
    """The question in a line: what he has told is kept once he agrees."""
    draft.say("consent.to_note", *steps.buttons(draft, "consent"))
    draft.remember(ads_last=None)


def _shown(draft: Draft) -> bool:
    """Has he seen the text as it is today?"""
    shown = draft.state.memory.get("consent_shown")
    today = draft.context.notice.values()
    return bool(shown) and (shown is True or not today or shown in today)


def _accept(draft: Draft, by: Heard, heard: Sequence[Heard]) -> None:
    give(draft, by, heard)
    draft.say(
        "consent.accepted",
        thoi_diem=wording.stamp(draft.now, draft.business, draft.state.lang),
        ma_dong_y=_code(draft, by),
    )


def _decline(draft: Draft, by: Heard) -> None:
    refuse(draft, by)
    draft.say("consent.declined", steps.HUMAN)


def give(draft: Draft, by: Heard, heard: Sequence[Heard]) -> None:
    """C1 is given: record it, then read again all that was said before and fill the form with it."""
    renewed = draft.consented  # what he said before is in the form already
    _record(draft, "given", by)
    draft.set(asked="", tries=0, unclear=0)
    earlier = [] if renewed else retelling.again(draft.history, now=draft.now)
    beside = [one.said.text for one in heard if one is not by and _readable(one)]
    now = [*([by] if _readable(by) else []), *retelling.again(beside, now=draft.now)]
    start = str(draft.state.memory.get("start", ""))
    if start in PRODUCTS:
        draft.put(product=start)
    slots.fill(draft, [*earlier, *now, *(one for one in heard if one.said.contact is not None)])
    nameless = not renewed and not slots.known(draft.state, "name")
    if nameless and (name := retelling.name([*draft.history, *beside], now=draft.now)):
        slots.write(draft, "name", name=name)


def outdated(draft: Draft) -> bool:
    """Has the text changed since he agreed to it (R-CNS-5)? In whatever language he read it."""
    agreed_to = draft.state.memory.get("notice")
    return bool(agreed_to and draft.consented and agreed_to not in draft.context.notice.values())


def ask_anew(draft: Draft) -> None:
    """The new text, whole. Until he answers, what he agreed to holds for what he has told; nothing new rests on it."""
    draft.say("consent.changed_plain")
    steps.ask_consent(draft)


def lapse(draft: Draft) -> None:
    """No clear answer to the new text: the old consent is over, and what rested on it goes."""
    if draft.consented:
        draft.set(consents={key: told for key, told in draft.state.consents.items() if key != "C1"}, slots={})
        draft.remember(notice=None)


def refuse(draft: Draft, by: Heard) -> None:
    _record(draft, "refused", by)
    draft.set(asked="", tries=0, slots={})


def withdraw(draft: Draft, by: Heard) -> None:
    """Taken back by one message, at once: nothing that rested on it stays in the form."""
    _record(draft, "withdrawn", by)
    draft.set(slots={})
    draft.remember(consent_shown=None, offered=None, lead=None, notice=None, wish=None)  # he would have to see it again


def by_phone(draft: Draft, *, given: bool, by: Advisor) -> None:
    """The text was read out in a call; who called wrote down what was answered."""
    draft.set(consents={**draft.state.consents, "C1": "given" if given else "refused"})
    _note_text(draft, given=given)
    if not given:
        draft.set(slots={})
    draft.add(
        RecordConsent(
            purpose="C1", state="given" if given else "refused", text_key=TEXT, said=f"qua điện thoại, {by.name} ghi"
        )
    )


def withdrawn(draft: Draft, by: Advisor) -> None:
    """He took it back by a letter or a call; who wrote it down is named."""
    draft.set(consents={**draft.state.consents, "C1": "withdrawn"}, slots={}, asked="")
    draft.remember(consent_shown=None, offered=None, lead=None, notice=None, wish=None)
    draft.add(RecordConsent(purpose="C1", state="withdrawn", text_key=TEXT, said=f"theo yêu cầu, {by.name} ghi"))


def unclear(draft: Draft, heard: Sequence[Heard]) -> None:
    draft.add(
        RecordConsent(purpose="C1", state="unclear", text_key=TEXT, message_id=heard[-1].said.message_id),
    )


def _record(draft: Draft, told: Literal["given", "refused", "withdrawn"], by: Heard) -> None:
    draft.set(consents={**draft.state.consents, "C1": told})
    _note_text(draft, given=told == "given")
    draft.add(
        RecordConsent(
            purpose="C1",
            state=told,
            text_key=TEXT,
            message_id=by.said.message_id,
            said=(by.said.text or by.said.payload)[:SAID_MAX],
            code=_code(draft, by),
        )
    )


def _note_text(draft: Draft, *, given: bool) -> None:
    """Which text he agreed to: it may change."""
    if draft.context.notice:
        draft.remember(notice=draft.context.notice.get(draft.state.lang) if given else None)


def _code(draft: Draft, by: Heard) -> str:
    return code("DY", draft.context.conversation_id, by.said.message_id)


def _readable(one: Heard) -> bool:
    return one.said.kind is Kind.TEXT and not one.said.payload and bool(one.said.text.strip())
