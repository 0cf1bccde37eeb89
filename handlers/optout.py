"""Stop words: before everything else, at once, and undone as easily."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from channels.contract import Button
from handlers import advertising, idle
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import OPEN, WAITING, CancelSends, Note, Stage

RESUME: Final = Button(id="opt:on", label="resume")
NARROWER: Final = (Button(id="opt:ads", label="only_ads"), RESUME)
SCOPE: Final = (Button(id="opt:ads", label="only_ads"), Button(id="opt:all", label="all_msgs"), RESUME)
ANSWER_WITHIN: Final = timedelta(minutes=10)  # process.md 3.6: then everything that was stopped stays so
STOPPED: Final = ("ads", "reminder", "care", "delivery_check")  # purposes of what is taken back; required notices go on
URGENT: Final = ("claim", "complaint", "talk_to_human")


def hear(draft: Draft, heard: Sequence[Heard], *, may_ask: bool = True) -> bool:
    """Act on the last word about messages; whether the turn is answered by it. `may_ask` -- how much he meant."""
    about = [one for one in heard if one.wants("opt_out", "opt_ads", "opt_all", "opt_on")]
    if not about:
        return False
    last = about[-1]
    if last.wants("opt_on"):
        return _resume(draft)
    advertising.withdraw(draft, last)
    urgent = any(one.distress or one.wants(*URGENT) for one in heard)
    if last.intent == "opt_ads" or last.entities.get("scope") == "marketing":
        _only_ads(draft, narrower=last.intent == "opt_ads" or draft.state.asked == "scope")
    else:
        said = last.intent == "opt_all" or "scope" in last.entities or draft.state.asked == "scope"
        _everything(draft, ask=may_ask and not (said or urgent) and _may_ask(draft))
    return not urgent


def settled(draft: Draft) -> None:
    """The question of the scope is not open any more: after ten minutes both stay off, and nobody is asked again."""
    if draft.state.asked == "scope":
        draft.set(asked="", tries=0)


def _only_ads(draft: Draft, *, narrower: bool) -> None:
    """`narrower` -- he was asked and wants his reminders after all."""
    draft.set(ads_off=True, reminders_off=False if narrower else draft.state.reminders_off)
    draft.add(CancelSends(reason="opt-out", purposes=("ads",)))
    settled(draft)
    draft.say("optout.confirm_ads", purpose="legal")


def _everything(draft: Draft, *, ask: bool) -> None:
    """All that is not required stops at once; `ask` -- whether he meant all of it is asked after that, not before."""
    stage = draft.state.stage
    draft.set(ads_off=True, reminders_off=True)
    draft.add(CancelSends(reason="opt-out", purposes=STOPPED, planned="stopped"))
    settled(draft)
    if stage is Stage.NEW:
        draft.remember(ungreeted=True)  # whoever stops us with his first word still has to hear who we are, if he stays
    if stage in OPEN:
        idle.shut(draft, Stage.OPTED_OUT)
    elif stage in WAITING or stage is Stage.WITH_ADVISOR:  # somebody is about to write, or to call
        draft.add(Note(text="Khách yêu cầu dừng nhận tin: đã dừng quảng cáo và tin nhắc."))
    if ask:
        draft.set(asked="scope", tries=0)
        draft.say("optout.scope", *SCOPE, purpose="legal")
        draft.wake("scope", draft.now + ANSWER_WITHIN)
    else:
        draft.say("optout.confirm_all", *NARROWER, purpose="legal")


def _may_ask(draft: Draft) -> bool:
    """Not over a person, not to whom we do not answer, and not where another question is open."""
    state = draft.state
    muted = state.muted_until is not None and state.muted_until > draft.now
    free = state.stage in OPEN or not state.asked
    return draft.context.bot and not muted and free and state.stage is not Stage.WITH_ADVISOR


def _resume(draft: Draft) -> bool:
    """Back to what was before; said only when something had been stopped."""
    if not (draft.state.ads_off or draft.state.reminders_off):
        return False
    draft.set(ads_off=False, reminders_off=False)
    settled(draft)
    draft.say("optout.resumed", purpose="legal")
    return True
