"""Reaching somebody by telephone: three tries over two working days, in different parts of the day (R-INT-4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

from handlers import idle, leads, schedule, steps
from handlers.draft import Draft
from handlers.model import (
    OPEN,
    WAITING,
    Acted,
    Audit,
    Business,
    CallBy,
    CloseHandoff,
    LogAttempt,
    Note,
    OpenHandoff,
    Refused,
    Stage,
)

RESULTS: Final = ("reached", "no_answer", "busy", "wrong_number")
TRIES: Final = 3
GAP: Final = timedelta(hours=2)  # between two tries
ROOM: Final = timedelta(minutes=30)  # what must be left of a part of the day to be called in it
PARTS: Final = (("morning", time(0)), ("afternoon", time(12)), ("evening", time(17)))
PATIENCE: Final = timedelta(hours=24)  # after the last message, before it is closed
HORIZON: Final = 14  # days in which another part of the day must come
LAST_WORD, GIVE_UP = "last_word", "give_up"  # our timers


def part_of_day(moment: datetime, business: Business) -> str:
    """morning, afternoon or evening, where the agency is."""
    clock = schedule.local(moment, business).time()
    return [name for name, begins in PARTS if begins <= clock][-1]


def next_try(failed: Sequence[datetime], business: Business) -> datetime:
    """When to call again, after these tries (the last one now): at work, in another part of the day than the last one,
    and the third try not on the day of the first. Where people work in one part of the day only: the next working day."""
    last = failed[-1]
    begun = schedule.local(failed[0], business).date()
    for begins, ends, part in _parts(last, business):
        start = max(begins, last + GAP)
        if part == part_of_day(last, business) or ends - start < min(ROOM, ends - begins):
            continue
        if len(failed) == TRIES - 1 and schedule.local(start, business).date() == begun:
            continue
        return start.astimezone(UTC)
    tomorrow = schedule.local(last, business).date() + timedelta(days=1)
    return schedule.next_opening(schedule.at(tomorrow, time(0), business), business)


def _parts(now: datetime, business: Business) -> Iterator[tuple[datetime, datetime, str]]:
    """Working time from today on, cut where a part of the day ends."""
    today = schedule.local(now, business).date()
    for ahead in range(HORIZON):
        day = today + timedelta(days=ahead)
        cuts = [schedule.at(day, begins, business) for _, begins in PARTS[1:]]
        for begins, ends in schedule.spans(day, business):
            edges = [begins, *(cut for cut in cuts if begins < cut < ends), ends]
            for start, end in pairwise(edges):
                yield start, end, part_of_day(start, business)


def log(draft: Draft, event: Acted) -> bool:
    """Note a try; whether it reached him. A failed one plans the next, the third says good-bye.

    :raises Refused: nothing waits to be called, or the result is none
    """
    result, answer = str(event.data.get("result") or ""), str(event.data.get("consent") or "")
    if result not in RESULTS:
        raise Refused("invalid", f"result is one of {', '.join(RESULTS)}")
    if answer not in ("", "given", "refused") or (answer and result != "reached"):
        raise Refused("invalid", "consent is given or refused, by somebody who was reached")
    if draft.state.stage not in OPEN | WAITING | {Stage.WITH_ADVISOR}:
        raise Refused("wrong_state", "it is closed")
    draft.add(Audit(action="conversation.attempt", by=event.by, fields=("result",)))
    if result == "reached":
        draft.remember(tries=None)
        _logged(draft, event, result)
        if answer:
            leads.consented(draft, given=answer == "given", by=event.by)
        return True
    failed = [datetime.fromisoformat(at) for at in draft.state.memory.get("tries", ())] + [draft.now]
    _back_to_the_queue(draft)
    if result == "wrong_number":
        _logged(draft, event, result, number=len(failed))
        _wrong_number(draft)
    elif len(failed) < TRIES:
        at = next_try(failed, draft.business)
        draft.remember(tries=[moment.astimezone(UTC).isoformat() for moment in failed], late=None)
        _logged(draft, event, result, number=len(failed), next_at=at)
        draft.move(Stage.CALLBACK_SCHEDULED)
        draft.add(CallBy(at=at))
    else:
        _logged(draft, event, result, number=len(failed))
        _unreachable(draft)
    return False


def _logged(draft: Draft, event: Acted, result: str, *, number: int = 0, next_at: datetime | None = None) -> None:
    note = str(event.data.get("note") or "").strip()
    draft.add(LogAttempt(number=number, result=result, note=note, by=event.by, next_at=next_at))
    planned = f", gọi lại {_clock(next_at, draft)}" if next_at else ""
    lines = {
        "reached": "Đã gọi được khách",
        "no_answer": f"Gọi lần {number}: không nghe máy{planned}",
        "busy": f"Gọi lần {number}: máy bận{planned}",
        "wrong_number": "Gọi: sai số",
    }
    draft.add(Note(text=lines[result] + (f". {note}" if note else "."), by=event.by))


def _clock(moment: datetime, draft: Draft) -> str:
    return schedule.local(moment, draft.business).strftime("%H:%M %d/%m")


def _back_to_the_queue(draft: Draft) -> None:
    """Who tried in vain need not keep him: anybody may try next."""
    if draft.state.stage is Stage.WITH_ADVISOR:
        draft.add(CloseHandoff(outcome="not_reached"))
        draft.set(assignee=None, handoff="")
    if not draft.state.handoff:
        draft.add(OpenHandoff(reason="callback", priority=leads.CALL_PRIORITY))


def _unreachable(draft: Draft) -> None:
    draft.move(Stage.UNREACHABLE)
    draft.remember(tries=None, late=None)
    draft.wake(GIVE_UP, draft.now + PATIENCE)
    draft.add(CallBy(at=draft.now + PATIENCE))
    last_word(draft)


def last_word(draft: Draft) -> None:
    """One last message, where a message may be sent: on his own channel, at a decent hour."""
    state = draft.state
    if state.stage is not Stage.UNREACHABLE:
        return
    silent = not draft.context.writes or state.memory.get("unreachable") or state.consents.get("C1") == "withdrawn"
    if silent:
        draft.add(
            Note(text="Kênh này không nhắn được lời cuối: chỉ nhắn nếu khách có kênh khác đã đồng ý. Đóng sau 24 giờ.")
        )
    elif schedule.may_write(draft.now, draft.business):
        draft.say("queue.unreachable", *steps.CALL)
    else:
        draft.wake(LAST_WORD, schedule.next_service_time(draft.now, draft.business))


def elsewhere(draft: Draft, event: Acted) -> None:
    """The last word to somebody whose calls began on a channel that cannot be answered, here where he writes with us."""
    state = draft.state
    muted = state.muted_until is not None and state.muted_until > draft.now
    held = state.stage is Stage.WITH_ADVISOR or muted or state.memory.get("unreachable")
    if draft.consented and not held and schedule.may_write(draft.now, draft.business):
        draft.say("queue.unreachable", *steps.CALL)
        draft.add(Audit(action="conversation.last_word", by=event.by))


def _wrong_number(draft: Draft) -> None:
    """This number is nobody's we look for: it goes, and he is asked where that is possible."""
    draft.put(phone=None)
    kept: Mapping[str, Any] = draft.state.memory.get("lead", {})
    if kept.get("phone"):
        draft.remember(
            lead={**{key: value for key, value in kept.items() if key != "phone"}, "phone_raw": kept["phone"]}
        )
    draft.remember(tries=None)
    if draft.context.writes and draft.consented and schedule.may_write(draft.now, draft.business):
        draft.move(Stage.CALLBACK_SCHEDULED)
        leads.call_by(draft)
        steps.ask(draft, "phone")
    else:
        _unreachable(draft)


def timer(draft: Draft, name: str) -> None:
    """`last_word`: the hour is decent now. `give_up`: he has not come back."""
    if name == LAST_WORD:
        last_word(draft)
    elif draft.state.stage is Stage.UNREACHABLE:
        idle.shut(draft, Stage.CLOSED_IDLE)
        draft.add(CloseHandoff(outcome="unreachable"))
        draft.set(handoff="")
