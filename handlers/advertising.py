"""Consent C4, advertising on this channel: asked where nothing is pending and he has just said that he was served well, or
when he asks for it himself; once, and never again for ninety days. No answer is a no (docs/adr/0101). A wish that meets
an open question waits until that is done (docs/adr/0102)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from channels.contract import Button
from handlers import hearing, refusal, steps
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import WAITING, RecordConsent, Say, Stage, State, evolve

STEP: Final = "ads"
WISH: Final = "want_ads"
TEXT: Final = "consent.marketing"
LATER: Final = "consent.marketing_later"
TOLD: Final = {"given": "consent.marketing_on", "refused": "consent.marketing_off"}
BUTTONS: Final = (Button(id="c4:yes", label="agree"), Button(id="c4:no", label="disagree"))
PAUSE: Final = timedelta(days=90)  # process.md 3.6: refused is not asked again for so long
SAID_MAX: Final = 200
A_MONTH: Final = 4  # storage/may_say.py lets no more of them leave
HERE: Final = {"vi": "kênh chat này", "en": "this chat"}
AT_MOST: Final = {"vi": f"{A_MONTH} tin một tháng", "en": f"{A_MONTH} messages a month"}
WORDS: Final = re.compile(r"[a-z]")  # a thumb is no consent to this
FREE: Final = ("", "menu", STEP, "scope")  # asked, and yet his wish may be answered at once
SLIGHT: Final = frozenset({"thanks", "greeting"})


def offer(draft: Draft) -> None:
    """Ask, where it may be asked at all."""
    state = draft.state
    busy = bool(state.asked) or state.stage in WAITING or state.stage is Stage.WITH_ADVISOR or _spared(draft)
    told = state.memory.get("ads")
    lately = told and draft.now - datetime.fromisoformat(str(told["at"])) < PAUSE
    if busy or lately or state.ads_off or state.reminders_off or not draft.consented or not draft.context.bot:
        return
    if state.consents.get("C4") != "given":
        _ask(draft)


def hear(draft: Draft, heard: Sequence[Heard]) -> Sequence[Heard]:
    """His answer, or his own wish to hear of offers. What else he says in the turn, which goes before; () when the turn
    is answered by it."""
    if _spared(draft):
        _close(draft)
        return heard
    answered = next((one for one in reversed(heard) if _answers(draft, one)), None)
    wishes = any(map(_wishes, heard))
    grave = any(one.distress or one.despair or one.minor for one in heard)
    if answered is not None and (grave or (wishes and not _agrees(answered))):
        answered = None  # no moment for a consent; or he thinks better of his no
    was_open = draft.state.asked == STEP
    if not (answered or wishes or was_open):
        return heard
    rest = _rest(draft, heard)
    if answered is not None:
        given = _agrees(answered)
        _record(draft, "given" if given else "refused", answered)
        if given:
            draft.set(ads_off=False)
    if was_open:
        _close(draft)  # no answer is a no
    if rest:
        return rest
    if answered is not None:
        _told(draft)
        _put_again(draft)  # a late tap, over another question
    elif wishes:
        steps.greet(draft, hours=False)
        if draft.state.asked in FREE:
            _ask(draft)
        else:
            _wait(draft)
            _put_again(draft)
    return ()


def beside(draft: Draft, heard: Sequence[Heard]) -> None:
    """Nothing that he said in the turn was graver: a word about the offers, before the rest is gone on with."""
    if not _told(draft) and any(map(_wishes, heard)) and not _spared(draft):
        steps.greet(draft)
        _wait(draft)


def due(draft: Draft) -> None:
    """What he wished for while something else was open is asked when his request is with people."""
    state, memory = draft.state, draft.state.memory
    if not memory.get("ads_wish") or state.asked or state.stage not in WAITING or _spared(draft):
        return
    if memory.get("matter", "human") != "human" or state.consents.get("C1") in ("refused", "withdrawn"):
        return
    if not any(isinstance(effect, Say) and effect.key == LATER for effect in draft.effects):
        _ask(draft)


def withdraw(draft: Draft, by: Heard) -> None:
    """He stops advertising, in whatever words: what he had agreed to is over, and what he had wished for."""
    draft.remember(ads_wish=None)
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
    draft.remember(ads=_now(draft), ads_wish=None, ads_last=True)


def _wait(draft: Draft) -> None:
    """The wish is kept, and he hears that it is."""
    draft.remember(ads_wish=True)
    draft.say(LATER)


def _put_again(draft: Draft) -> None:
    if draft.state.asked == "consent":
        draft.say("consent.again", *steps.buttons(draft, "consent"))
    elif draft.state.asked == "callback":
        draft.say("queue.long_wait", *steps.CALL)
    else:
        steps.again(draft)


def _told(draft: Draft) -> bool:
    """Say what was recorded in this turn, if anything was."""
    settled = [one.state for one in draft.effects if isinstance(one, RecordConsent) and one.purpose == "C4"]
    key = TOLD.get(settled[-1]) if settled else None
    if key:
        draft.say(key)
    return bool(key)


def _rest(draft: Draft, heard: Sequence[Heard]) -> list[Heard]:
    """What speaks of something else than this. A yes or a no beside it answers another question only where one is open."""
    asked = draft.state.asked
    closed = evolve(draft.state, asked="")
    others: list[Heard] = []
    for one in heard:
        told = _without_wish(one)
        if one.intent == WISH or (_answers(draft, one) and not _holds_more(told)):
            continue
        if asked == STEP and not one.said.payload:  # it does not answer our question, so it is read without it
            told = _without_wish(hearing.hear(one.said, closed, now=draft.now))
        others.append(told)
    mine = any(_wishes(one) or _answers(draft, one) for one in heard)
    rest = [one for one in others if not (asked in FREE and _bare(one) and (mine or not WORDS.search(one.folded)))]
    return [] if mine and all(map(_slight, rest)) else rest


def _without_wish(one: Heard) -> Heard:
    return replace(one, also=tuple(told for told in one.also if told != WISH)) if WISH in one.also else one


def _bare(one: Heard) -> bool:
    return one.intent in ("yes", "no") and not one.said.payload and not _holds_more(one)


def _slight(one: Heard) -> bool:
    return (one.stale or one.wordless or one.intent in SLIGHT) and not _holds_more(one)


def _holds_more(one: Heard) -> bool:
    """Does it hold anything beside its intent?"""
    return bool(one.entities or one.also or one.distress or one.despair or one.minor)


def _spared(draft: Draft) -> bool:
    """Nobody speaks of offers to a child, nor to who despairs."""
    return bool(draft.state.memory.get("despair") or draft.state.memory.get("minor"))


def _wishes(one: Heard) -> bool:
    return WISH in (one.intent, *one.also)


def _agrees(one: Heard) -> bool:
    return one.intent in ("yes", "ads_yes")


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
