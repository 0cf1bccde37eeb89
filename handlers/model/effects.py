"""What must be done after a decision, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from channels.contract import Button
from channels.quick import quick
from handlers.model.state import EMPTY, Advisor, State


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A text of ours by its key. Consecutive Says of one turn travel as one message, with the buttons of the last.

    values -- of its variables: a string stands as it is; a tuple names texts of ours, said in the customer's language
    and joined by commas; what is not given comes from the state (`handlers.wording.variables`) · buttons -- labels
    are text keys (`agree` is `buttons.agree`, `slot.name` itself), the engine puts the words · klass -- how a lost
    answer is treated: A prompt, B advisor, C document, D care (docs/adr/0007)."""

    key: str
    values: Mapping[str, str | tuple[str, ...]] = EMPTY
    buttons: tuple[Button, ...] = ()
    klass: Literal["A", "B", "C", "D"] = "A"
    purpose: str = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Free words of a person, and files, on the customer's channel. `words` -- a text of ours in place of his ·
    `template` -- said as the platform's approved template, with the values of `words`."""

    text: str = ""
    words: Say | None = None
    by: Advisor | None = None
    file_ids: tuple[str, ...] = ()
    klass: Literal["A", "B", "C", "D"] = "B"
    purpose: str = "advise"
    mark: Mapping[str, str] = EMPTY  # e.g. {"delivery": id}: who waits for its fate
    quote: Mapping[str, str] = EMPTY  # the message that it answers: id, external_id, author, text
    template: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line in the thread that the customer never sees. `author` system or advisor."""

    text: str
    by: Advisor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHandoff:
    """Asks for a human. `reason` lead, human, complaint, claim, invalid, unclear, care, form, missed_call …; higher
    priority first. One is open already: it gets this reason ('' = keeps its own) and priority, where that is higher."""

    reason: str
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBy:
    """By when a person is to have been in touch with who waits; without it `handlers.sla` says so as he begins to."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAttempt:
    """A person tried to reach him (`handlers.attempts`). `number` -- of the tries that failed, 0 = it reached him."""

    number: int
    result: str
    by: Advisor
    note: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The record of a screening (`handlers.screening`). `by` without id -- the bot."""

    outcome: str
    answers: Mapping[str, Any]
    by: Advisor


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTold:
    """The line of a call now reads so."""

    message_id: str
    text: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """A call of which a person told: its line in the transcript."""

    text: str
    direction: str
    fields: Mapping[str, str]
    by: Advisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What a form filled in, kept from now on: by field (what stood there, what it reads as, as it was typed). `by` -- id of the
    advisor who sent the form."""

    changes: Mapping[str, tuple[Any, str, str]]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRang:
    """The time of a promised call has come."""

    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeHandoff:
    by: Advisor


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseHandoff:
    outcome: str
    reason: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    """A TimerFired(name) at `at`; an earlier one of the same name is moved."""

    name: str
    at: datetime
    data: Mapping[str, Any] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwake:
    name: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent:
    """One line of evidence: who, when, which text (key, version, hash), on which message. Append-only."""

    purpose: str
    state: Literal["asked", "given", "refused", "unclear", "withdrawn"]
    text_key: str = ""
    message_id: str = ""
    said: str = ""
    code: str = ""  # as told to the customer, when it was


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """He wants something done with his data (`handlers.rights.KINDS`): a row with the law's clock. `code` -- as he is told
    it; `said` -- his words; `at` -- when; `told` -- he hears in this turn that it has come in."""

    kind: str
    code: str
    message_id: str
    said: str
    at: datetime
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSends:
    """Takes back what is still queued for this conversation. `purposes` () = all but required notices. `planned` -- why
    nothing goes any more of what advisors wrote for later to this person, in whatever conversation; '' = that stays."""

    reason: str
    purposes: tuple[str, ...] = ()
    planned: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabel:
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """The customer can or cannot be written to on this contact point."""

    yes: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareAnswered:
    """An open care question got its answer (`task` id); or its text went out (`state` sent) or was skipped."""

    task: str
    state: Literal["sent", "answered", "skipped"]
    answer: str = ""
    reason: str = ""
    comment: str = ""  # his own words beside the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An act of a person: action and surrogate ids, never values."""

    action: str
    by: Advisor
    fields: tuple[str, ...] = ()


Effect = (
    Say
    | Tell
    | Note
    | OpenHandoff
    | CallBy
    | LogAttempt
    | Screened
    | CallTold
    | CallLine
    | Entered
    | TaskRang
    | TakeHandoff
    | CloseHandoff
    | WakeAt
    | Unwake
    | RecordConsent
    | DataRequest
    | CancelSends
    | Relabel
    | Reachable
    | CareAnswered
    | Audit
)


class Refused(Exception):
    """An act that may not be done now. `code` for machines (taken, window_closed, not_yours, wrong_state …)."""

    def __init__(self, code: str, message: str, *, holder: Advisor | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.holder = holder


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What `decide` answers: the new state and the effects in order."""

    state: State
    effects: tuple[Effect, ...] = field(default=())
