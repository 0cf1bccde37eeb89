"""Requests of those whose data we hold: kinds, the law's days, and which step leads where (process 3.7, law 1).

Pure. Days are calendar days as the law is read here (the cautious way), the first answer counts working days, Monday to Friday
without holidays; a clock that starts at any hour of a day ends with the last minute of the last day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from handlers import consent, schedule
from handlers.draft import Draft
from handlers.model import Acted, Business, CancelSends, Note, Refused, Tell

ACK_WORKING_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Term:
    """Days to carry it out, when somebody else must act as well, and of the one extension. `working` -- days of work."""

    days: int
    through_others: int
    more: int
    working: bool = False


TERMS: Final[Mapping[str, Term]] = {
    "access": Term(10, 15, 10),
    "rectify": Term(10, 15, 10),
    "delete": Term(20, 30, 20),
    "withdraw": Term(15, 20, 15),
    "restrict": Term(15, 20, 15),
    "object": Term(15, 20, 15),
    "protect": Term(15, 15, 15),
    "complaint": Term(7, 7, 7, working=True),  # our own rule (law 5)
}
KINDS: Final = tuple(TERMS)
SAID_AS: Final = {"inform": "access"}  # how the understanding calls what it hears
# What leaves the house, changes or goes needs to be sure of whom; who only wants less done with his data is not kept waiting.
IDENTIFIED: Final = frozenset({"access", "rectify", "delete"})
OPEN: Final = ("received", "verified", "executing")
STATES: Final = (*OPEN, "done", "partly_done", "refused", "erased")
PROOFS: Final = ("known_fact", "otp", "called_back", "in_person", "letter")
WAYS: Final = ("chat", "phone", "email", "letter", "visit")
ALARMS: Final = ((0.8, "near"), (0.5, "half"))
RESTING: Final = ("contact", "care", "reminder", "ads")  # purposes that rest on the consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As much of a request as decides what may be done about it."""

    kind: str
    state: str
    extended: bool = False
    acknowledged: bool = False
    erasing: bool = False
    over: bool = False


class Stop(Exception):
    """It may not be done now; `code` wrong_state or invalid, `field` -- what is wrong, when it is one."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


# ---- the clock


def due(kind: str, received: datetime, business: Business, *, others: bool = False, extended: bool = False) -> datetime:
    """The last moment of the last day. `others` -- a processor or third party must act as well."""
    term = TERMS[kind]
    days = (term.through_others if others else term.days) + (term.more if extended else 0)
    first = schedule.local(received, business).date()
    return _end_of(working_days(first, days, business) if term.working else first + timedelta(days=days), business)


def ack_due(received: datetime, business: Business) -> datetime:
    """By when he is to have had a first answer."""
    first = schedule.local(received, business).date()
    return _end_of(working_days(first, ACK_WORKING_DAYS, business), business)


def working_days(first: date, days: int, business: Business) -> date:
    """The day so many working days after this one, which does not count."""
    day = first
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5 and day.isoformat() not in business.holidays
    return day


def _end_of(day: date, business: Business) -> datetime:
    return schedule.at(day + timedelta(days=1), time(0), business) - timedelta(seconds=1)


def alarm(received: datetime, by: datetime, now: datetime) -> str:
    """over, near (80 % of the time has gone), half, or ''."""
    if now > by:
        return "over"
    gone = (now - received) / max(by - received, timedelta(seconds=1))
    return next((name for share, name in ALARMS if gone >= share), "")


# ---- the steps


def may(one: Standing) -> list[str]:
    """What can be done about it now."""
    return [act for act in ACTS if _why_not(one, act) is None]


def step(one: Standing, act: str) -> str:
    """The state that this act leads to.

    :raises Stop: it may not be done now
    """
    why = _why_not(one, act)
    if why is not None:
        raise Stop("wrong_state", why)
    return ACTS[act] or one.state


ACTS: Final[Mapping[str, str]] = {  # '' = it stays as it is
    "take": "",
    "acknowledge": "",
    "verify": "verified",
    "copy": "executing",
    "erase": "executing",
    "withdraw": "executing",
    "start": "executing",
    "extend": "",
    "done": "done",
    "partly_done": "partly_done",
    "refuse": "refused",
    "note": "",
}
_FOR: Final[Mapping[str, frozenset[str]]] = {
    "copy": frozenset({"access"}),
    "erase": frozenset({"delete"}),
    "withdraw": frozenset({"withdraw", "restrict", "object"}),
}


def _why_not(one: Standing, act: str) -> str | None:
    if act == "note":
        return None
    if one.state not in OPEN:
        return f"it is over: {one.state}"
    if act in _FOR and one.kind not in _FOR[act]:
        return f"this is not how {one.kind} is carried out"
    if act in ("copy", "erase", "start", "done", "partly_done") and _nobody_known(one):
        return "whose data it is must be confirmed first"
    if one.erasing and act in ("erase", "done", "partly_done", "refuse"):
        return "an erasure is on its way: it ends the request"
    return {
        "acknowledge": "he was answered already" if one.acknowledged else None,
        "verify": "that was confirmed already" if one.state != "received" else None,
        "start": "it has begun already" if one.state == "executing" else None,
        "extend": "it was extended already"
        if one.extended
        else "too late: an extension is told before the first date"
        if one.over
        else None,
    }.get(act)


def _nobody_known(one: Standing) -> bool:
    return one.kind in IDENTIFIED and one.state == "received"


# ---- what is done about it in the conversation


def answer(draft: Draft, event: Acted) -> None:
    """What the officer tells him about his request, in the conversation as it stands: nobody takes it by that.

    :raises Refused: there is nothing to say
    """
    text = str(event.data.get("text") or "")
    if not text.strip():
        raise Refused("empty", "there is nothing to send")
    draft.add(Tell(text=text, by=event.by, purpose="legal"))


def withdrawn(draft: Draft, event: Acted) -> None:
    """His consent is over, by a letter or a call of his; what rested on it goes. Nothing when it is over already."""
    if draft.state.consents.get("C1") == "withdrawn":
        return
    consent.withdrawn(draft, event.by)
    draft.add(CancelSends(reason="consent withdrawn", purposes=RESTING, planned="withdrawn"))
    draft.add(Note(text="Khách đã rút lại đồng ý qua yêu cầu được ghi lại.", by=event.by))
