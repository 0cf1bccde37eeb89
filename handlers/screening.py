"""Screening (R-SCR): a real person, with a need, of what, where, when, insured already? Nobody goes to advice without
it. What the customer confirmed with the bot is screened by that; leads of forms and calls are screened by people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, Final

from handlers import idle, leads
from handlers.draft import Draft
from handlers.model import (
    OPEN,
    WAITING,
    Acted,
    Advisor,
    Audit,
    CancelSends,
    CloseHandoff,
    Refused,
    Screened,
    Stage,
    State,
)
from handlers.screened import needed, passed
from handlers.taps import PRODUCTS

__all__ = ["needed", "passed", "prefill", "required", "screen"]

OUTCOMES: Final[Mapping[str, Stage | None]] = {
    "need": None,  # it goes on
    "no_need": Stage.CLOSED_NO_NEED,
    "spam": Stage.CLOSED_SPAM,
}
QUESTIONS: Final = ("real_person", "need", "product", "area", "time", "existing_policy")
CAPTURED: Final = frozenset({"need", "product", "area", "time"})  # what the bot asks, or a form says
TEXT_MAX: Final = 2000
MUTE: Final = timedelta(hours=24)
BY_BOT: Final = Advisor(id="", name="")


def screen(draft: Draft, event: Acted) -> None:
    """Keep what was found, and act on it.

    :raises Refused: what is there makes no screening, or the conversation is over
    """
    outcome = str(event.data.get("outcome") or "")
    reason = str(event.data.get("reason") or "").strip()
    if outcome not in OUTCOMES:
        raise Refused("invalid", f"outcome is one of {', '.join(OUTCOMES)}")
    if draft.state.stage not in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        raise Refused("wrong_state", "it is closed")
    if outcome == "no_need" and not reason:
        raise Refused("invalid", "why is there no need? the reason is kept")
    answers = _answers(event.data.get("answers") or {})
    if outcome == "need" and answers.get("real_person") is not True:
        raise Refused("invalid", "need is of a real person")
    if outcome == "need" and not (answers.get("need") or answers.get("product")):
        raise Refused("invalid", "a need of what?")
    _keep(draft, outcome, answers | ({"reason": reason[:TEXT_MAX]} if reason else {}), event.by)
    draft.add(Audit(action="conversation.screen", by=event.by, fields=(outcome,)))
    if outcome == "need":
        _fill(draft, answers)
    else:
        _end(draft, outcome, reason)


def by_bot(draft: Draft) -> None:
    """The customer has confirmed what the bot read back to him."""
    slots = draft.state.slots
    given = {"need": slots.get("need"), "product": slots.get("product"), "area": slots.get("province")}
    time = slots.get("callback_time")
    given["time"] = f"{time['from']}/{time['to']}" if time else None
    _keep(draft, "need", {"real_person": True} | {key: value for key, value in given.items() if value}, BY_BOT)


def required(draft: Draft, by: Advisor) -> None:
    """Before it goes to advice, is sold, or is handed on by the intake unit, whose work this is.

    :raises Refused: it was not screened
    """
    if needed(draft.state) or (by.role == "intake" and not passed(draft.state)):
        raise Refused("not_screened", "screen it first: a real person, a need, of what")


def prefill(state: State) -> dict[str, Any]:
    """The answers as far as they are known: what the bot asked, what a form says."""
    known = leads.held(state)
    found = {"need": known.get("need"), "product": known.get("product"), "area": known.get("province")}
    time = known.get("callback_time")
    found["time"] = f"{time['from']}/{time['to']}" if time else None
    return {key: value for key, value in found.items() if value}


def shown(state: State, saved: Mapping[str, Any], *, by_person: bool) -> dict[str, Any]:
    """The answers of a record as people see them: a person's as he saved them; the bot's follow what the customer has put
    right since."""
    if by_person:
        return dict(saved)
    return {key: value for key, value in saved.items() if key not in CAPTURED} | prefill(state)


def product_since(state: State, saved: Mapping[str, Any]) -> str:
    """The product that was captured after a person had saved these answers; '' when it is as it was then."""
    now, known = leads.held(state).get("product") or "", state.memory.get("screening") or {}
    return "" if now in ("", saved.get("product"), known.get("product")) else str(now)


def _answers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were given, in their types."""
    found: dict[str, Any] = {}
    for key in QUESTIONS:
        value = given.get(key)
        if isinstance(value, bool) and key in ("real_person", "existing_policy"):
            found[key] = value
        elif isinstance(value, str) and value.strip() and key not in ("real_person", "existing_policy"):
            found[key] = value.strip()[:TEXT_MAX]
    if found.get("product") and found["product"] not in PRODUCTS:
        raise Refused("invalid", f"product is one of {', '.join(PRODUCTS)}")
    return found


def _keep(draft: Draft, outcome: str, answers: Mapping[str, Any], by: Advisor) -> None:
    product = leads.held(draft.state).get("product") or answers.get("product")
    kept = {"outcome": outcome, "at": draft.now.astimezone(UTC).isoformat(), "by": by.name}
    draft.remember(screening=kept | ({"product": product} if product else {}))
    draft.add(Screened(outcome=outcome, answers=answers, by=by))


def _fill(draft: Draft, answers: Mapping[str, Any]) -> None:
    """What was found out fills the form where it was empty, or what is held for the call."""
    told = {"need": answers.get("need"), "product": answers.get("product"), "province": answers.get("area")}
    known = leads.held(draft.state)
    leads.hold(draft, {key: value for key, value in told.items() if value and not known.get(key)})


def _end(draft: Draft, outcome: str, reason: str) -> None:
    """One thank-you at most, and nothing after it."""
    stage = OUTCOMES[outcome]
    assert stage is not None
    idle.shut(draft, stage)
    draft.set(assignee=None, handoff="")
    draft.remember(served=True, tries=None)
    draft.add(CancelSends(reason=f"screened: {outcome}"), CloseHandoff(outcome=outcome, reason=reason))
    if outcome == "no_need":
        draft.say("no_need.end", klass="B")
    else:
        until = draft.now + MUTE
        draft.set(muted_until=until)
        draft.wake("mute_end", until)
