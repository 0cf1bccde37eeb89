"""Whether, when and how something may be said now: one pure function over each channel's table of windows.

What a platform allows stands in the adapter's table (`Capabilities.windows`); what the law and the customer's own
switches allow stands here, and is the same on every channel. Standard library only: every package may import it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final, Protocol

VIET_NAM: Final = timezone(timedelta(hours=7))  # the law's hours are those of the country, summer and winter


class Sender(StrEnum):
    """Whose words they are."""

    BOT = "bot"
    ADVISOR = "advisor"
    SYSTEM = "system"  # a timer, another program


class Purpose(StrEnum):
    """What for."""

    ANSWER = "answer"  # to what he said, or a notice that the law demands
    ADVICE = "advice"
    CERTIFICATE = "certificate"
    REMINDER = "reminder"
    CARE = "care"  # did the certificate arrive
    SURVEY = "survey"
    ADVERTISING = "advertising"


class Way(StrEnum):
    """How it may be said."""

    FREE = "free"
    BILLED = "billed"
    TEMPLATE = "template"
    LATER = "later"
    NEVER = "never"


EVERYBODY: Final = frozenset(Sender)
ANYTHING: Final = frozenset(Purpose)
TEMPLATES: Final = "templates"  # `needs`: the account has one for the purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One row of a channel's table. `hours` since the customer's last word, None = without end · `fixed` -- since the
    word that opened the session: later ones do not prolong it · `tag` -- how the platform wants it called · `needs` -- a
    setting of the account that must be on; '' once it is (`granted`) · `source` -- where the platform says so."""

    hours: int | None
    way: Way = Way.FREE
    fixed: bool = False
    tag: str = ""
    senders: frozenset[Sender] = EVERYBODY
    purposes: frozenset[Purpose] = ANYTHING
    needs: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """`why` -- of `later` and `never` · `not_before` -- of `later` · `until` -- the way is open up to then, None = without
    end · `shut_at` -- the last of the ways that were open before this one ended then, None = there was none · `elsewhere` --
    what is lawful instead, the best first: chat (another of his), email, call."""

    way: Way
    tag: str = ""
    why: str = ""
    not_before: datetime | None = None
    until: datetime | None = None
    shut_at: datetime | None = None
    elsewhere: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """As a message of our own wording, now."""
        return self.way in (Way.FREE, Way.BILLED)


class Carries(Protocol):
    """What is asked of `channels.contract.Capabilities`."""

    @property
    def windows(self) -> tuple[Window, ...]: ...
    @property
    def conversational(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Where nothing is known to be forbidden."""

    windows: tuple[Window, ...] = ()
    conversational: bool = True


ANYWHERE: Final = Anywhere()

# What the outbox calls a purpose.
PURPOSES: Final[Mapping[str, Purpose]] = {
    "contact": Purpose.ANSWER,
    "legal": Purpose.ANSWER,
    "advise": Purpose.ADVICE,
    "deliver": Purpose.CERTIFICATE,
    "reminder": Purpose.REMINDER,
    "delivery_check": Purpose.CARE,
    "care": Purpose.SURVEY,
    "ads": Purpose.ADVERTISING,
}
# When it may be said unasked, in Viet Nam: law 4 for advertising (07:00 to 22:00), our own policy for the rest (law 7).
_SERVICE: Final = (time(8), time(21))
HOURS: Final[Mapping[Purpose, tuple[time, time]]] = {
    Purpose.ADVERTISING: (time(7), time(22)),
    Purpose.REMINDER: _SERVICE,
    Purpose.CARE: _SERVICE,
    Purpose.SURVEY: _SERVICE,
}
ELSEWHERE: Final[Mapping[Purpose, tuple[str, ...]]] = {
    Purpose.ANSWER: ("chat", "call"),
    Purpose.ADVICE: ("chat", "email", "call"),
    Purpose.CERTIFICATE: ("chat", "email", "call"),
    Purpose.REMINDER: ("chat", "email", "call"),
    Purpose.CARE: ("chat", "call"),
    Purpose.SURVEY: ("chat",),
    Purpose.ADVERTISING: (),
}

# What a customer has said about being written to: his switches, his consents, and what he got today.
REMINDERS_OFF: Final = "reminders_off"
ADS_OFF: Final = "ads_off"
C1_WITHDRAWN: Final = "c1_withdrawn"
C4_GIVEN: Final = "c4_given"  # for this channel
ADS_ENOUGH: Final = "ads_enough"  # three in 24 hours: law 4
STOPPED: Final = "stopped"  # everything, and no conversation of his is open
# By which of his switches a purpose ends, and whether it rests on consent C1. Whether the certificate arrived rests on
# the contract: that needs no consent.
_REFUSED_BY: Final[Mapping[Purpose, tuple[str, bool]]] = {
    Purpose.REMINDER: (REMINDERS_OFF, True),
    Purpose.CARE: (REMINDERS_OFF, False),
    Purpose.SURVEY: (REMINDERS_OFF, True),
    Purpose.ADVERTISING: (ADS_OFF, True),
}


def unwanted(purpose: Purpose, wishes: AbstractSet[str]) -> str:
    """Why this person does not want it, or ''."""
    if purpose not in _REFUSED_BY:
        return ""
    switch, consented = _REFUSED_BY[purpose]
    if switch in wishes:
        return "opt-out"
    if consented and C1_WITHDRAWN in wishes:
        return "consent withdrawn"
    if purpose is Purpose.ADVERTISING:
        if C4_GIVEN not in wishes:
            return "no consent to advertising"
        if ADS_ENOUGH in wishes:
            return "three advertisements a day"
    return ""


def unwanted_first(wishes: AbstractSet[str]) -> str:
    """Why nobody may write to this person first, or ''. Who writes to us is answered."""
    if STOPPED in wishes:
        return "opt-out"
    return "consent withdrawn" if C1_WITHDRAWN in wishes else ""


def rule(
    carries: Carries,
    *,
    sender: Sender,
    purpose: Purpose,
    now: datetime,
    last: datetime | None,
    opened: datetime | None = None,
    reachable: bool = True,
    wishes: AbstractSet[str] = frozenset(),
) -> Ruling:
    """`now`, `last`, `opened` aware. `last` -- his last word there, None = never · `opened` -- the word that opened the
    session, where that is another one (`session`) · `reachable` -- he has not blocked us."""
    if why := unwanted(purpose, wishes):
        return Ruling(way=Way.NEVER, why=why)
    elsewhere = ELSEWHERE[purpose]
    if not carries.conversational:
        return Ruling(way=Way.NEVER, why="calls_only", elsewhere=elsewhere)
    if not reachable:
        return Ruling(way=Way.NEVER, why="blocked", elsewhere=elsewhere)
    at, shut = _decent(purpose, now), None
    for window in carries.windows or (ALWAYS,):
        since = (opened or last) if window.fixed else last
        if window.needs or sender not in window.senders or purpose not in window.purposes:
            continue
        until = None if window.hours is None or since is None else since + timedelta(hours=window.hours)
        if window.hours is not None and (until is None or at >= until):
            shut = max(filter(None, (shut, until)), default=None)
            continue
        if at > now:
            return Ruling(way=Way.LATER, why="night", not_before=at, until=until)
        return Ruling(way=window.way, tag=window.tag, until=until, shut_at=shut)
    return Ruling(way=Way.NEVER, why="window", shut_at=shut, elsewhere=elsewhere)


ALWAYS: Final = Window(hours=None)


def _decent(purpose: Purpose, now: datetime) -> datetime:
    """Now, or when such a thing may next be said."""
    if purpose not in HOURS:
        return now
    first, end = HOURS[purpose]
    here = now.astimezone(VIET_NAM)
    if first <= here.time() < end:
        return now
    day = here.date() + timedelta(days=1 if here.time() >= end else 0)
    return datetime.combine(day, first, VIET_NAM).astimezone(now.tzinfo)


def session(words: Sequence[datetime], *, hours: int) -> datetime | None:
    """Which of the customer's words (oldest first) opened the session that does not slide; None without any."""
    opened: datetime | None = None
    for word in words:
        if opened is None or word >= opened + timedelta(hours=hours):
            opened = word
    return opened


def granted(windows: tuple[Window, ...], settings: Mapping[str, object]) -> tuple[Window, ...]:
    """Those that an account with these settings has, with nothing left that they need."""
    found = []
    for window in windows:
        if window.needs == TEMPLATES:
            there = settings.get(TEMPLATES)
            named = frozenset(one for one in window.purposes if isinstance(there, Mapping) and there.get(one.value))
            if named:
                found.append(replace(window, purposes=named, needs=""))
        elif not window.needs or settings.get(window.needs):
            found.append(replace(window, needs=""))
    return tuple(found)
