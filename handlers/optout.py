"""Stop words: before everything else, at once, and undone as easily."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from channels.contract import Button
from handlers import idle
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import OPEN, CancelSends, Note, Stage

NARROWER: Final = (Button(id="opt:ads", label="only_ads"), Button(id="opt:on", label="resume"))
STOPPED: Final = ("ads", "reminder", "care", "delivery_check")  # purposes of what is taken back; required notices go on
URGENT: Final = ("claim", "complaint", "talk_to_human")


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Act on the last word about messages; whether the turn is answered by it."""
    about = [one for one in heard if one.wants("opt_out", "opt_ads", "opt_on")]
    if not about:
        return False
    if about[-1].wants("opt_on"):
        return _resume(draft)
    only_ads = about[-1].intent == "opt_ads" or about[-1].entities.get("scope") == "marketing"
    _stop(draft, only_ads=only_ads, narrower=about[-1].intent == "opt_ads")
    return not any(one.distress or one.wants(*URGENT) for one in heard)


def _stop(draft: Draft, *, only_ads: bool, narrower: bool) -> None:
    """`narrower` -- he was asked and wants his reminders after all."""
    stage = draft.state.stage
    draft.set(ads_off=True, reminders_off=False if narrower else draft.state.reminders_off or not only_ads)
    draft.add(CancelSends(reason="opt-out", purposes=("ads",) if only_ads else STOPPED))
    if only_ads:
        draft.say("optout.confirm_ads", purpose="legal")
        return
    draft.say("optout.confirm_all", *NARROWER, purpose="legal")
    if stage is Stage.NEW:
        draft.remember(ungreeted=True)  # whoever stops us with his first word still has to hear who we are, if he stays
    if stage in OPEN:
        idle.shut(draft, Stage.OPTED_OUT)
    elif stage is Stage.WITH_ADVISOR:
        draft.add(Note(text="Khách yêu cầu dừng nhận tin: đã dừng quảng cáo và tin nhắc."))


def _resume(draft: Draft) -> bool:
    """Back to what was before; said only when something had been stopped."""
    if not (draft.state.ads_off or draft.state.reminders_off):
        return False
    draft.set(ads_off=False, reminders_off=False)
    draft.say("optout.resumed", purpose="legal")
    return True
