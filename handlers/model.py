"""What a conversation is to the core: its state, what can happen to it, and what must then be done.

Values only: no clock, no database, no platform. `State` is kept sealed as JSON (`state_to_json`), so a field added
here needs a default and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from channels.contract import Button, InboundFile, Kind, SharedContact, quick

if TYPE_CHECKING:
    from handlers.hearing import Heard


class Stage(StrEnum):
    """The states of a conversation; who moves it from one to the next is in `handlers.core` and its modules."""

    NEW = "new"
    GREETED = "greeted"
    CONSENT_PENDING = "consent_pending"
    COLLECTING = "collecting"
    CONFIRMING = "confirming"
    QUEUED = "queued"
    WITH_ADVISOR = "with_advisor"
    CALLBACK_SCHEDULED = "callback_scheduled"
    UNREACHABLE = "unreachable"
    WON = "won"
    LOST = "lost"
    CLOSED_NO_NEED = "closed_no_need"
    CLOSED_IDLE = "closed_idle"
    CLOSED_SPAM = "closed_spam"
    OPTED_OUT = "opted_out"


OPEN: Final = frozenset({Stage.NEW, Stage.GREETED, Stage.CONSENT_PENDING, Stage.COLLECTING, Stage.CONFIRMING})
WAITING: Final = frozenset({Stage.QUEUED, Stage.CALLBACK_SCHEDULED, Stage.UNREACHABLE})


def status_of(stage: Stage) -> str:
    """open, waiting, with_advisor or closed, as the JSON API says it."""
    if stage in OPEN:
        return "open"
    if stage in WAITING:
        return "waiting"
    return "with_advisor" if stage is Stage.WITH_ADVISOR else "closed"


class _Empty(dict[str, Any]):
    """No entries, for ever: a default that a frozen dataclass accepts (before Python 3.12 a mappingproxy is none). A dict,
    because every turn asks many times what is not there, and a Mapping of ours answers twenty times slower."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("EMPTY stays empty")

    __setitem__ = __ior__ = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return 0


EMPTY: Final[Mapping[str, Any]] = _Empty()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisor:
    """Who acts at the desk, as far as a customer may be told. `code` -- the agent code shown to the customer."""

    id: str
    name: str
    code: str = ""
    role: str = "advisor"


@dataclass(frozen=True, kw_only=True)  # no slots: `evolve` copies the dict, five times faster than `replace`
class State:
    """Everything the core remembers of one conversation. Slots stay empty before consent C1."""

    stage: Stage = Stage.NEW
    lang: str = "vi"
    salutation: str = ""  # anh, chị, cô, chú, bác, em; '' = not known, say anh/chị
    slots: Mapping[str, Any] = EMPTY  # name, phone (E.164), email, need, product, province, callback_time {from, to}
    asked: str = ""  # the one open question (handlers.steps, handlers.care): consent, name, phone, confirm, received …
    tries: int = 0  # invalid answers to it in a row
    unclear: int = 0  # turns not understood in a row
    consents: Mapping[str, str] = EMPTY  # purpose (C1 …) -> given, refused, withdrawn
    code: str = ""  # request code told to the customer
    assignee: Advisor | None = None
    armed: Mapping[str, str] = EMPTY  # timer name -> due, RFC 3339; a timer that fires early is armed again
    last_inbound_at: datetime | None = None
    ads_off: bool = False
    reminders_off: bool = False
    muted_until: datetime | None = None
    warnings: int = 0
    bot_off_told: bool = False  # the maintenance text was said since the bot was switched off
    handoff: str = ""  # id of the open handoff
    care: Mapping[str, str] = EMPTY  # the care question that is open: task, kind, policy
    memory: Mapping[str, Any] = EMPTY  # small things of one module, by the module's own keys


def evolve(state: State, **changes: Any) -> State:
    """`dataclasses.replace` for the hot path, a quarter of its cost; without changes a copy."""
    new = object.__new__(State)
    new.__dict__.update(state.__dict__)
    new.__dict__.update(changes)
    return new


_DEFAULTS: Final = {item.name: item.default for item in fields(State)}
_STAGES: Final = {stage.value: stage for stage in Stage}
_MOMENTS: Final = ("last_inbound_at", "muted_until")


def state_to_json(state: State) -> dict[str, Any]:
    """Only what differs from an empty state, in JSON types."""
    out: dict[str, Any] = {}
    for name, value in state.__dict__.items():
        default = _DEFAULTS[name]
        if value is default:
            continue
        if value != default:
            out[name] = _plain(value)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Advisor):
        return {"id": value.id, "name": value.name, "code": value.code, "role": value.role}
    return value


def state_from_json(data: Mapping[str, Any]) -> State:
    """The reverse of `state_to_json`; fields that this version does not know are dropped."""
    state = evolve(NEW_STATE)
    known = state.__dict__
    for name, value in data.items():
        if name in _DEFAULTS:
            known[name] = value
    if "stage" in data:
        known["stage"] = _STAGES[data["stage"]]
    for name in _MOMENTS:
        if data.get(name):
            known[name] = datetime.fromisoformat(data[name])
    if data.get("assignee"):
        known["assignee"] = Advisor(**data["assignee"])
    return state


NEW_STATE: Final = State()


# ---- events: what can happen to a conversation


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The customer said something. `message_id` is ours; `text` is masked of secrets already (`had_secret`)."""

    message_id: str
    kind: Kind
    at: datetime
    text: str = ""
    payload: str = ""
    files: tuple[InboundFile, ...] = ()
    contact: SharedContact | None = None
    external_id: str = ""
    forwarded: bool = False
    had_secret: bool = False
    profile_name: str = ""
    profile_language: str = ""  # of the page he reads, where he chose it


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Start pressed, bot added or unblocked. `payload` -- of a deep link. Must not wipe an intake in progress."""

    message_id: str
    at: datetime
    payload: str = ""
    profile_name: str = ""
    profile_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollowed:
    """The customer blocked us."""

    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An earlier message of the customer now reads `text`."""

    message_id: str  # of the message that was edited, ours; '' when we never saw it
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A form of a page came in. `fields` -- by our names where they are known (name, phone, email, message, product,
    province, time), as they were typed."""

    message_id: str
    at: datetime
    fields: Mapping[str, str] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The call centre told of a call. `message_id` -- of the call's line; `event` ringing, answered, missed, ended;
    `number` -- of the customer, E.164 where it is one, '' when it is withheld; `direction` inbound or outbound."""

    message_id: str
    at: datetime
    call: str
    event: str
    direction: str = "inbound"
    number: str = ""
    agent: str = ""
    duration_s: int | None = None
    recording_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired:
    """A due reminder: nudge, close, long_wait, callback, mute_end, care …"""

    name: str
    at: datetime
    data: Mapping[str, Any] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A person at the desk (or through the API) did `name`: take, assign, transfer, reply, note, close, reopen,
    return, snooze, label, deliver, attempt, screen, call."""

    name: str
    by: Advisor
    at: datetime
    data: Mapping[str, Any] = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEnded:
    """A message of ours came to an end that the conversation must know: failed (blocked …), unknown, expired. `klass`
    -- of the message (docs/adr/0007)."""

    message_id: str
    at: datetime
    status: str
    reason: str = ""
    klass: str = ""


Event = Said | Followed | Unfollowed | Edited | Submitted | Called | TimerFired | Acted | SendEnded


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """All events of a lane that are answered at once, in order. `history` -- what the customer said earlier in this
    conversation; loaded only while consent is pending, so that the yes can read it again · `heard` -- the events as read
    already (`handlers.core.listen`), or () for them to be read in the turn."""

    events: tuple[Event, ...]
    history: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """What the core knows of the agency: values of config.yaml `business`, hours already parsed."""

    name: str = "IBAOHIEM"
    legal_name: str = ""
    address: str = ""
    hotline: str = ""
    dpo_email: str = ""
    policy_url: str = ""
    product_url: str = ""
    agency_code: str = ""
    timezone: str = "Asia/Ho_Chi_Minh"
    # mon.. -> (("08:00", "12:00"), …); None = always
    hours: Mapping[str, tuple[tuple[str, str], ...]] | None = field(default=None, hash=False)
    holidays: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("vi", "en")


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What surrounds a turn. `asks_contact` -- the channel has a button for the own phone number · `buttons` -- how
    many a message carries, 0 = unknown · `queue_position` -- the place that this conversation has or would get in the
    queue, 1 = next, 0 = unknown."""

    business: Business
    channel: str
    bot: bool = True  # False: people only, here and now
    asks_contact: bool = False
    writes: bool = True  # False: forms and calls, which cannot be answered in writing
    buttons: int = 0
    queue_position: int = 0
    conversation_id: str = ""


# ---- effects: what must then be done, in order


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
    """Free words of a person, and files, on the customer's channel."""

    text: str = ""
    by: Advisor | None = None
    file_ids: tuple[str, ...] = ()
    klass: Literal["A", "B", "C", "D"] = "B"
    purpose: str = "advise"
    mark: Mapping[str, str] = EMPTY  # e.g. {"delivery": id}: who waits for its fate


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
class CancelSends:
    """Takes back what is still queued for this conversation. `purposes` () = all but required notices."""

    reason: str
    purposes: tuple[str, ...] = ()


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
    | TakeHandoff
    | CloseHandoff
    | WakeAt
    | Unwake
    | RecordConsent
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
