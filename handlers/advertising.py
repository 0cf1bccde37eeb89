"""Consent C4, advertising on this channel: asked where nothing is pending and he has just said that he was served well, or
when he asks for it himself; once, and never again for ninety days. No answer is a no (docs/adr/0101)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from channels.contract import Button
from handlers import refusal, steps
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import WAITING, RecordConsent, Stage, State

STEP: Final = "ads"
TEXT: Final = "consent.marketing"
BUTTONS: Final = (Button(id="c4:yes", label="agree"), Button(id="c4:no", label="disagree"))
PAUSE: Final = timedelta(days=90)  # process.md 3.6: refused is not asked again for so long
SAID_MAX: Final = 200
A_MONTH: Final = 4  # storage/may_say.py lets no more of them leave
HERE: Final = {"vi": "kênh chat này", "en": "this chat"}
AT_MOST: Final = {"vi": f"{A_MONTH} tin một tháng", "en": f"{A_MONTH} messages a month"}
WORDS: Final = re.compile(r"[a-z]")  # a thumb is no consent to this


def offer(draft: Draft) -> None:
    """Ask, where it may be asked at all."""
    state = draft.state
    busy = bool(state.asked) or state.stage in WAITING or state.stage is Stage.WITH_ADVISOR
    told = state.memory.get("ads")
    lately = told and draft.now - datetime.fromisoformat(str(told["at"])) < PAUSE
    if busy or lately or state.ads_off or state.reminders_off or not draft.consented or not draft.context.bot:
        return
    if state.consents.get("C4") != "given":
        _ask(draft)


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """His answer, or his own wish to hear of offers; whether the turn is answered by it."""
    if any(one.intent == "want_ads" for one in heard) and draft.state.stage is not Stage.WITH_ADVISOR:
        steps.greet(draft, hours=False)
        _ask(draft)
        return True
    answered = next((one for one in reversed(heard) if _answers(draft, one)), None)
    if answered is not None and draft.state.stage is not Stage.WITH_ADVISOR:
        given = answered.intent in ("yes", "ads_yes")
        _record(draft, "given" if given else "refused", answered)
        if given:
            draft.set(ads_off=False)
        _close(draft)
        draft.say("consent.marketing_on" if given else "consent.marketing_off")
        return True
    if draft.state.asked == STEP:
        _close(draft)  # something else: no answer is a no
    return False


def withdraw(draft: Draft, by: Heard) -> None:
    """He stops advertising, in whatever words: what he had agreed to is over."""
    if draft.state.consents.get("C4") == "given":
        _record(draft, "withdrawn", by)


def carried(state: State) -> dict[str, Any]:
    """What a new conversation of the same person must know, for him not to be asked again."""
    kept: dict[str, Any] = {}
    if "C4" in state.consents:
        kept["consents"] = {"C4": state.consents["C4"]}
    if state.memory.get("ads"):
        kept["memory"] = {"ads": state.memory["ads"]}
    return kept


def _ask(draft: Draft) -> None:
    lang = draft.state.lang
    draft.say(TEXT, *BUTTONS, klass="A", purpose="contact", kenh=HERE[lang], tan_suat=AT_MOST[lang])
    draft.add(RecordConsent(purpose="C4", state="asked", text_key=TEXT))
    draft.set(asked=STEP, tries=0)
    draft.remember(ads=_now(draft))


def _answers(draft: Draft, one: Heard) -> bool:
    if one.said.payload:
        return one.intent in ("ads_yes", "ads_no") and bool(draft.state.memory.get("ads"))
    if draft.state.asked != STEP or not WORDS.search(one.folded):
        return False
    return one.intent == "yes" or refusal.refuses(one, explicitly=False)


def _record(draft: Draft, told: Literal["given", "refused", "withdrawn"], by: Heard) -> None:
    draft.set(consents={**draft.state.consents, "C4": told})
    draft.remember(ads=_now(draft))
    draft.add(
        RecordConsent(
            purpose="C4",
            state=told,
            text_key=TEXT,
            message_id=by.said.message_id,
            said=(by.said.text or by.said.payload)[:SAID_MAX],
        )
    )


def _close(draft: Draft) -> None:
    if draft.state.asked == STEP:
        draft.set(asked="", tries=0)


def _now(draft: Draft) -> Mapping[str, str]:
    return {"at": draft.now.astimezone(UTC).isoformat()}
