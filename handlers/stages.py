"""Which stage may follow which, who brings it about and by what: `Draft.move` allows nothing else, and
docs/conversation.md is printed from here (`python -m tools.diagram`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handlers.model import OPEN, WAITING, Stage


class By(StrEnum):
    """Who moves a conversation on."""

    CUSTOMER = "customer"
    CLOCK = "clock"
    DESK = "desk"
    CHANNEL = "channel"  # what became of a message of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`on` -- what brings it about, for people."""

    of: frozenset[Stage]
    to: Stage
    by: By
    on: str


class IllegalMove(Exception):
    """A stage that may not follow: a bug of ours, so nothing of the turn counts."""


CLOSED: Final = frozenset(Stage) - OPEN - WAITING - {Stage.WITH_ADVISOR}
SPOKEN: Final = OPEN - {Stage.NEW}  # the bot has it and has been heard
FORM: Final = frozenset({Stage.COLLECTING, Stage.CONFIRMING})


def _way(of: Stage | Iterable[Stage], to: Stage, by: By, on: str) -> Way:
    return Way(of=frozenset({of} if isinstance(of, Stage) else of) - {to}, to=to, by=by, on=on)


WAYS: Final = (
    _way(Stage.NEW, Stage.GREETED, By.CUSTOMER, "his first word, or Start pressed"),
    _way(Stage.NEW, Stage.GREETED, By.CLOCK, "we speak first: a question after the sale"),
    _way({Stage.GREETED, *FORM}, Stage.CONSENT_PENDING, By.CUSTOMER, "wants something, and C1 is open"),
    _way({Stage.CONSENT_PENDING, *FORM}, Stage.GREETED, By.CUSTOMER, "says no to C1, or twice nothing clear"),
    _way({Stage.GREETED, Stage.CONSENT_PENDING}, Stage.COLLECTING, By.CUSTOMER, "C1 is given, something is missing"),
    _way(Stage.CONFIRMING, Stage.COLLECTING, By.CUSTOMER, "puts right what was read back"),
    _way(
        {Stage.GREETED, Stage.CONSENT_PENDING, Stage.COLLECTING},
        Stage.CONFIRMING,
        By.CUSTOMER,
        "nothing is missing: read back",
    ),
    _way(Stage.CONFIRMING, Stage.QUEUED, By.CUSTOMER, "it is right, and people are at work"),
    _way(Stage.CONFIRMING, Stage.CALLBACK_SCHEDULED, By.CUSTOMER, "it is right, and the call has its time"),
    _way(
        {*OPEN, *CLOSED, Stage.CALLBACK_SCHEDULED, Stage.UNREACHABLE} - {Stage.CONFIRMING},
        Stage.QUEUED,
        By.CUSTOMER,
        "a person is wanted or needed; also any word of his while the bot is off",
    ),
    _way({Stage.QUEUED, Stage.UNREACHABLE}, Stage.CALLBACK_SCHEDULED, By.CUSTOMER, "wants a call instead of waiting"),
    _way(
        {*OPEN, *CLOSED, Stage.UNREACHABLE},
        Stage.CALLBACK_SCHEDULED,
        By.CUSTOMER,
        "a form of a page, a call that nobody took: somebody calls",
    ),
    _way({*OPEN, *CLOSED, Stage.UNREACHABLE}, Stage.CALLBACK_SCHEDULED, By.CLOCK, "a call rang and nobody took it"),
    _way(Stage.NEW, Stage.CLOSED_IDLE, By.CUSTOMER, "a missed call of a withheld number"),
    _way(Stage.NEW, Stage.CLOSED_IDLE, By.CLOCK, "a missed call of a withheld number"),
    _way(Stage.UNREACHABLE, Stage.CLOSED_IDLE, By.CLOCK, "24 hours after the last word"),
    _way({Stage.GREETED, *FORM, *WAITING}, Stage.CLOSED_NO_NEED, By.CUSTOMER, "needs nothing, or wants it no more"),
    _way(SPOKEN, Stage.CLOSED_IDLE, By.CLOCK, "24 hours without a word"),
    _way({*SPOKEN, *CLOSED}, Stage.CLOSED_SPAM, By.CUSTOMER, "abuse or spam after two warnings: mute for 24 hours"),
    _way(OPEN, Stage.OPTED_OUT, By.CUSTOMER, "a stop word"),
    _way(CLOSED, Stage.GREETED, By.CUSTOMER, "is back within seven days"),
    _way(CLOSED, Stage.NEW, By.CUSTOMER, "is back later: everything begins anew"),
    _way(
        {*OPEN, *WAITING, *CLOSED},
        Stage.WITH_ADVISOR,
        By.DESK,
        "take, assign, reply, reopen; an answer from the platform's own app",
    ),
    _way({*OPEN, *CLOSED, Stage.WITH_ADVISOR}, Stage.QUEUED, By.DESK, "transfer to a team"),
    _way(
        {*OPEN, *CLOSED, *WAITING, Stage.WITH_ADVISOR},
        Stage.CALLBACK_SCHEDULED,
        By.DESK,
        "attempt: he was not reached, a next one is planned; call: one that nobody took",
    ),
    _way({*OPEN, *WAITING, Stage.WITH_ADVISOR}, Stage.UNREACHABLE, By.DESK, "attempt: the third in vain"),
    _way(Stage.WITH_ADVISOR, Stage.GREETED, By.DESK, "return to the bot"),
    _way(Stage.WITH_ADVISOR, Stage.QUEUED, By.CLOCK, "30 minutes without an answer of his advisor"),
    _way(Stage.GREETED, Stage.COLLECTING, By.DESK, "returned with a form that is not finished"),
    _way(Stage.GREETED, Stage.CONFIRMING, By.DESK, "returned with a form that nobody has confirmed"),
    *(
        _way({*OPEN, *WAITING, Stage.WITH_ADVISOR}, to, By.DESK, f"close: {outcome}")
        for outcome, to in (
            ("won", Stage.WON),
            ("lost", Stage.LOST),
            ("no need", Stage.CLOSED_NO_NEED),
            ("spam", Stage.CLOSED_SPAM),
            ("done", Stage.CLOSED_IDLE),
        )
    ),
    _way({*OPEN, *CLOSED}, Stage.QUEUED, By.CHANNEL, "a certificate did not arrive"),
)


def _allowed(by: By) -> Mapping[Stage, frozenset[Stage]]:
    return {stage: frozenset(way.to for way in WAYS if way.by is by and stage in way.of) for stage in Stage}


ALLOWED: Final[Mapping[By, Mapping[Stage, frozenset[Stage]]]] = {by: _allowed(by) for by in By}


_ENDED: Final[
    Mapping[str, tuple[str, ...]]
] = {  # what each end is called: the first, unless its act said one of the others
    Stage.WON: ("won", "done"),
    Stage.LOST: ("lost",),
    Stage.CLOSED_NO_NEED: ("no_need",),
    Stage.CLOSED_SPAM: ("spam",),
    Stage.CLOSED_IDLE: ("idle", "done"),
    Stage.OPTED_OUT: ("opted_out",),
}


def ending(stage: str, outcome: str) -> str:
    """How a conversation ended: won, lost, no_need, done, spam, idle or opted_out; '' = it has not. A customer who bought and
    whose question was answered later is `won` by his stage; what his conversation ended with is `done`."""
    known = _ENDED.get(stage, ("",))
    return outcome if outcome in known else known[0]
