"""When the customer falls silent: a nudge after half an hour, an end after a day. Lazy: one timer row for many turns."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from handlers import schedule, slots, steps, wording
from handlers.draft import Draft
from handlers.model import OPEN, Stage, State, TimerFired, Unwake

NUDGE: Final = timedelta(minutes=30)
CLOSE: Final = timedelta(hours=24)
GIVES_UP: Final = re.compile(
    r"\b(?:khong|ko|k|hong|thoi|chua)(?: \w+){0,2} (?:mua|dang ky|tham gia)\b|\b(?:khong|ko|k) (?:can|lam|muon)(?: \w+)? nua\b"
    r"|\b(?:khong|ko|k) co nhu cau\b|\bhet (?:co )?nhu cau\b|\b(?:khong|ko|k) con nhu cau\b|\bthoi khoi\b|^(?:(?:vay|the|a|u) )*(?:thi )?thoi(?: (?:em|a|nhe|nha|vay|di|b|ban))*[ .!]*$|\b(?:not interested|no longer (?:interested|need)|never ?mind|changed my mind|(?:don't|do not) (?:want|need) (?:it|this|any))\b"
)
LATE: Final = timedelta(minutes=5)  # beyond it a message came late: his silence begins when it was heard
KEPT: Final = timedelta(days=7)  # how long a closed conversation goes on where it stopped


def arm(draft: Draft) -> None:
    """After a turn that leaves the intake open. What is armed already stays: it looks again when it fires."""
    if draft.state.stage not in OPEN - {Stage.NEW}:
        return
    for name in ("nudge", "close"):
        if name not in draft.state.armed and (name == "close" or _may_nudge(draft)):
            _arm(draft, name)


def fired(draft: Draft, event: TimerFired) -> None:
    """The timer is not armed any more (the core saw to that): act, or look again later."""
    if draft.state.stage not in OPEN - {Stage.NEW}:
        return
    if _due(draft, event.name) > draft.now:
        _arm(draft, event.name)  # he spoke since
    elif event.name == "close":
        _close(draft)
    elif _may_nudge(draft):
        _nudge(draft)


def expired(state: State, now: datetime) -> bool:
    """Was it closed too long ago to go on?"""
    closed = state.memory.get("closed_at")
    return closed is not None and now - datetime.fromisoformat(str(closed)) > KEPT


def shut(draft: Draft, stage: Stage) -> None:
    """Every way to close goes through here."""
    draft.move(stage)
    draft.remember(
        closed_at=draft.now.astimezone(UTC).isoformat(),
        priority=None,
        matter=None,
        despair=None,
        late=None,
        noticed=None,
        editing=None,
        handed=None,
        passed=None,
    )
    forget_snooze(draft)
    draft.set(unclear=0)
    if not draft.consented:
        forget_held(draft)


def forget_snooze(draft: Draft) -> None:
    """Nobody puts off what is closed, or in other hands."""
    if draft.state.memory.get("snoozed_until"):
        draft.remember(snoozed_until=None)
        draft.add(Unwake(name="snooze"))


def forget_held(draft: Draft) -> None:
    """What was held for a call that will not be made (docs/adr/0061); his contact forgets it with it."""
    memory = draft.state.memory
    if memory.get("lead"):
        draft.remember(lead=None)
    if any(call.get("number") for call in memory.get("calls", {}).values()):
        draft.remember(calls={key: {**call, "number": ""} for key, call in memory["calls"].items()})


def no_need(draft: Draft, *, quiet: bool = False) -> None:
    """He needs nothing: thanked once, and left in peace. `quiet` -- he is answered otherwise."""
    if not quiet:
        draft.say("no_need.end")
    shut(draft, Stage.CLOSED_NO_NEED)


def gives_up(folded: str) -> bool:
    """He does not want it any more, as opposed to not wanting to say something, or to what was read back being wrong."""
    return GIVES_UP.search(folded) is not None


def _may_nudge(draft: Draft) -> bool:
    memory = draft.state.memory
    return bool(draft.state.asked) and not memory.get("nudged") and not memory.get("unreachable") and _may_remind(draft)


def _may_remind(draft: Draft) -> bool:
    """Who stopped our messages and came back is answered, not reminded."""
    return draft.context.bot and not draft.state.reminders_off


def _due(draft: Draft, name: str) -> datetime:
    last = draft.state.last_inbound_at or draft.now - CLOSE
    if heard := draft.state.memory.get("heard_at"):
        last = max(last, datetime.fromisoformat(str(heard)))
    if name == "close":
        return last + CLOSE
    return schedule.next_service_time(last + NUDGE, draft.business)


def _arm(draft: Draft, name: str) -> None:
    due = max(_due(draft, name), draft.now)
    draft.set(armed={**draft.state.armed, name: due.astimezone(UTC).isoformat()})
    draft.wake(name, due)


def _nudge(draft: Draft) -> None:
    draft.remember(nudged=True)
    asked = draft.state.asked
    lacking = {"consent": ("slot.consent",), "confirm": ("slot.confirm",), "edit": ("slot.confirm",)}.get(
        asked, tuple(f"slot.{slot}" for slot in slots.missing(draft.state))
    )
    draft.say(
        "idle.nudge",
        *steps.buttons(draft, asked),
        muc_con_thieu=("slot.need",) if asked == "menu" or not lacking else lacking,
    )


def _close(draft: Draft) -> None:
    shut(draft, Stage.CLOSED_IDLE)
    if draft.consented and _may_remind(draft) and schedule.may_write(draft.now, draft.business):
        draft.say("idle.closed", han_giu=wording.date(draft.now + KEPT, draft.business))
