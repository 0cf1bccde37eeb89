"""When the customer wants to be called: an interval that people can keep, on a day on which they work.

What the words mean is understanding's business; here the agency's hours and holidays are added.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from handlers import schedule, sla
from handlers.model import Business
from handlers.understanding import when

NOTICE: Final = timedelta(minutes=30)  # what is left of a part of the day must be worth a promise
EARLIEST: Final = 7  # nobody is called before this hour, or from LATEST on, whatever he wishes
LATEST: Final = 21
WEEK: Final = 7
WORTH: Final = timedelta(hours=1)  # of a part of the day people work so long at least, or it is no part of theirs
PARTS: Final = ("morning", "afternoon", "evening")
EXACT: Final = ("time", "time_to", "time_after")


class Closed(Exception):
    """Nobody works at the hours that were asked for."""


def wish(entities: Mapping[str, Any], *, now: datetime, business: Business) -> dict[str, str] | None:
    """The interval that was asked for, {"from", "to"} in RFC 3339; None when there is none that we can keep.
    `{}` -- as soon as possible.

    :raises Closed: we understood when, and nobody is at work then"""
    if entities.get("part") == "now":
        return {}
    begins, ends = _moment(entities.get("callback_from")), _moment(entities.get("callback_to"))
    if begins is None or ends is None:
        found = when.interval(when.When(part=str(entities["part"])), now) if entities.get("part") else None
        if found is None:
            return None
        begins, ends = found.start, found.end
    elif begins <= now and not (entities.get("part") or entities.get("time_to")):
        return {}  # "now", "at any time"; not "this morning", which has begun
    named = any(entities.get(key) for key in ("day", "date"))
    part = str(entities.get("part", ""))
    in_part = part in PARTS and not any(entities.get(key) for key in EXACT)
    if in_part:  # from its own beginning on, so that what is left of it today can be weighed
        begins = min(begins, schedule.at(schedule.local(begins, business).date(), when.PARTS[part][0], business))
    begins, ends = _workable(begins, ends, now=now, business=business, days=1 if named else WEEK)
    if in_part and not _is_worked(part, begins, business):
        raise Closed  # "tối", and people leave at half past five
    if not EARLIEST <= schedule.local(begins, business).hour < LATEST:
        return None
    return interval(begins, ends)


def offered(now: datetime, business: Business) -> list[tuple[str, datetime, datetime]]:
    """The parts of the day that may be offered for a call, each with what people keep of it on the next day that has it."""
    found = []
    for part in PARTS:
        with suppress(Closed):
            if kept := wish({"part": part}, now=now, business=business):
                found.append((part, datetime.fromisoformat(kept["from"]), datetime.fromisoformat(kept["to"])))
    return found


def at_once(now: datetime, business: Business) -> dict[str, str]:
    """As soon as people are at work, by the clock that the queue goes by (R-INT-3)."""
    return interval(schedule.next_opening(now, business), sla.due(now, business))


def interval(begins: datetime, ends: datetime) -> dict[str, str]:
    return {"from": _rfc3339(begins), "to": _rfc3339(max(begins, ends))}


def _workable(
    begins: datetime, ends: datetime, *, now: datetime, business: Business, days: int
) -> tuple[datetime, datetime]:
    """What people keep of these hours, on the first day on which they work and enough of it is left.

    days -- how many to try; one where he named the day"""
    day = schedule.local(begins, business).date()
    shift = schedule.next_working_day(day, business) - day
    if not shift and ends - max(begins, now) < min(NOTICE, ends - begins):
        shift = schedule.next_working_day(day + timedelta(days=1), business) - day
    for later in range(days):
        ahead = shift + timedelta(days=later)
        if kept := _kept(max(begins + ahead, next_five(now)), ends + ahead, business):
            return kept
    raise Closed


def _is_worked(part: str, moment: datetime, business: Business) -> bool:
    """Do people work in this part of that day long enough to speak of it?"""
    begins, ends = (schedule.at(schedule.local(moment, business).date(), clock, business) for clock in when.PARTS[part])
    kept = _kept(begins, ends, business)
    return kept is not None and kept[1] - kept[0] >= WORTH


def _kept(begins: datetime, ends: datetime, business: Business) -> tuple[datetime, datetime] | None:
    """From the first to the last moment of these hours at which people are at work; a break in the middle stays in it."""
    day = schedule.local(begins, business).date()
    worked = [
        (max(begins, opens), min(ends, closes))
        for opens, closes in schedule.spans(day, business)
        if max(begins, opens) < min(ends, closes)
    ]
    return (worked[0][0], worked[-1][1]) if worked else None


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def next_five(now: datetime) -> datetime:
    """The next full five minutes: an appointment at 14:03:27 looks like a machine's."""
    whole = now.replace(second=0, microsecond=0)
    return whole if whole == now and not whole.minute % 5 else whole + timedelta(minutes=5 - whole.minute % 5)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
