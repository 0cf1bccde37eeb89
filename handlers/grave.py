"""A death, an accident, despair: what helps at once, who is being called, and nothing else; no form, no consent text.

What to do next is told when he asks for it, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from handlers import schedule, steps, waiting
from handlers.danger import Despair
from handlers.draft import Draft
from handlers.hearing import Heard
from handlers.model import WAITING, Stage

ASKS_ON: Final = re.compile(
    r"\b(?:(?:gio|bay gio|h|roi|vay|the) (?:thi )?(?:sao|lam sao|lam gi|the nao)|lam (?:gi|sao|chi|the nao|nhu the nao|nhu nao)|phai lam|can (?:lam|giay to|gi)"
    r"|thu tuc|giay to gi|ho so gi|huong dan|what (?:do|should|shall|now)|how (?:do|should))\b"
)
VEHICLE: Final = re.compile(
    r"\b(?:hien truong|giam dinh|xe|o to|oto|xe may|tong|dam xe|va quet|va cham|lai xe|car|bike|motorbike|truck|crash|traffic)\b"
)
ACCIDENT: Final = re.compile(  # not "bảo hiểm tai nạn", "hồ sơ tai nạn"
    r"(?<!hiem )(?<!goi )(?<!so )(?<!vu )\btai nan\b|\b(?:bi (?:tong|dam|dung|quet|huc|thuong|chay)|va cham|va quet|dam xe|dung xe|tong xe|lat xe|te xe|cap cuu|chay nha"
    r"|gay (?:tay|chan|xuong)|tu vong|qua doi|nguy kich|hien truong|accident|crash\w*|injured)\b"
)
CONDOLENCE: Final = "claim.condolence"
SAFETY: Final = "claim.safety_first"
ALL_WELL: Final = "claim.all_well"
DESPAIR: Final[Mapping[Despair, str]] = {"self_harm": "grave.self_harm", "violence": "grave.violence"}
LOST: Final = re.compile(  # one of his own is dead; whoever calls for help stands at the scene
    r"^(?!.*\b(?:hien truong|cap cuu|cuu|chay mau|bi thuong)\b).*\b(?:bo|ba|cha|me|ma|chong|vo|con|anh|chi|em|ong|chau|nguoi nha)\b(?: \w+){0,3} (?:mat|qua doi|tu vong)\b"
)
GUIDES: Final = {
    "tnds_xe_may": "claim.steps_scene",
    "tnds_o_to": "claim.steps_scene",
    "vat_chat_o_to": "claim.steps_scene",
    "o_to_unspecified": "claim.steps_scene",
    "du_lich": "claim.steps_travel",
    "nha_tu_nhan": "claim.steps_property",
}


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Safety first, or a condolence; then a human with priority. Whether the turn is answered by that."""
    claims = [one for one in heard if one.wants("claim") and not _only_complains(one)]
    urgent = any(one.distress or (one.wants("claim") and one.entities.get("urgent")) for one in heard)
    fatal = any(one.entities.get("fatal") for one in heard)
    dead = fatal and (not urgent or any(LOST.search(one.folded) for one in heard))
    if any(one.minor for one in heard):
        draft.remember(consent_shown=None, minor=True)  # a yes of his is none
    if any(one.minor for one in heard) and not (claims or urgent or fatal):
        steps.greet(draft, hours=False)
        waiting.hand_over(draft, "minor", consent_line=False)  # his guardian consents, not he
        return True
    despair: Despair = next((one.despair for one in heard if one.despair), "")
    if despair and not (claims or fatal):
        _stand_by(draft, despair)
        return True
    if not (claims or urgent or fatal):
        return False
    waiting.keep_number(draft, heard)
    at_once = urgent or fatal
    reason = "distress" if at_once and not claims else "urgent_claim" if at_once else "claim"
    told = draft.state.memory.get("told", ()) if draft.state.stage in WAITING else ()
    mourns = dead or (CONDOLENCE in told and not urgent)  # nobody is in danger now
    if claims:
        draft.remember(guide=_guide(draft, claims, dead=mourns))
    if claims and not at_once and all(map(_asks_how_it_stands, claims)):
        steps.greet(draft)
        waiting.hand_over(draft, reason, consent_line=not draft.state.memory.get("minor"))
        return True
    if not waiting.say_once(draft, _first_words(heard, told, mourns=mourns, at_once=at_once), reason):
        if not guide(draft, heard):
            waiting.note(draft, "claim.noted")
        waiting.hand_over(draft, reason, consent_line=False)
    elif at_once:
        _call(draft, reason)
    else:
        steps.greet(draft, safety=True)
        waiting.hand_over(draft, reason, consent_line=not draft.state.memory.get("minor"))
    return True


def _asks_how_it_stands(one: Heard) -> bool:
    """ "Hồ sơ đến đâu rồi": what happened is over and reported; "is everybody safe?" would be no answer."""
    return one.entities.get("claim_action") == "status" and ACCIDENT.search(one.folded) is None


def _first_words(heard: Sequence[Heard], told: Sequence[str], *, mourns: bool, at_once: bool) -> str:
    """What helps at once; a question where it is doubted that anybody is dead or in danger. A person is called for both."""
    grave = [one for one in heard if one.distress or one.entities.get("urgent") or one.entities.get("fatal")]
    if at_once and all(one.doubted for one in grave) and not {SAFETY, CONDOLENCE} & set(told):
        return ALL_WELL
    return CONDOLENCE if mourns else SAFETY


def _only_complains(one: Heard) -> bool:
    """Angry at how he was advised or paid: nobody is hurt, and 115 is no answer to it."""
    return one.intent == "complaint" and not one.distress and ACCIDENT.search(one.folded) is None


def _stand_by(draft: Draft, despair: Despair) -> None:
    """Somebody may do himself harm, or is beaten: words for him, a person at once, and nothing to fill in."""
    new = draft.state.stage is Stage.NEW or bool(draft.state.memory.get("ungreeted"))
    draft.remember(ungreeted=None, despair=despair)
    draft.set(muted_until=None, warnings=0)  # whatever he said before
    if not waiting.say_once(draft, DESPAIR[despair], "distress"):
        waiting.stay(draft)
    elif schedule.in_hours(draft.now, draft.business):
        draft.say("greeting.bot_calls" if new else "handoff.urgent")
    else:
        if new:
            draft.say("greeting.bot_identity")
        draft.say("grave.at_night")
    waiting.hand_over(draft, "distress", consent_line=False, told=True)


def guide(draft: Draft, heard: Sequence[Heard]) -> bool:
    """ "Giờ sao": the first steps of his claim, while he waits for a person. Once."""
    key = draft.state.memory.get("guide")
    if not key or draft.state.stage not in WAITING or not any(ASKS_ON.search(one.folded) for one in heard):
        return False
    draft.say(str(key))
    draft.remember(guide=None, guided=True)
    waiting.aside(draft)
    return True


def _call(draft: Draft, reason: str) -> None:
    """Who speaks and that a person is being called, in a line."""
    new = draft.state.stage is Stage.NEW or bool(draft.state.memory.get("ungreeted"))
    if not schedule.in_hours(draft.now, draft.business):
        steps.greet(draft, safety=True)
        waiting.hand_over(draft, reason, consent_line=False)
        return
    draft.remember(ungreeted=None)
    draft.say("greeting.bot_calls" if new else "handoff.urgent")
    waiting.hand_over(draft, reason, consent_line=False, told=True)


def _guide(draft: Draft, claims: Sequence[Heard], *, dead: bool) -> str | None:
    """The text that tells the first steps; None when it was told."""
    if draft.state.memory.get("guided"):
        return None
    if dead:
        return "claim.steps_life"
    product = next((str(one.entities["product"]) for one in claims if one.entities.get("product")), "")
    product = product or str(draft.state.slots.get("product", ""))
    if any(VEHICLE.search(one.folded) for one in claims):
        return "claim.steps_scene"
    return GUIDES.get(product, "claim.steps_generic")
