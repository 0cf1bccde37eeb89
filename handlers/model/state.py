"""What the core remembers of one conversation, kept sealed as JSON (`state_to_json`): a field added here needs a default
and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from itertools import compress
from operator import is_not, itemgetter
from typing import Any, Final


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
_NAMES: Final = tuple(_DEFAULTS)
_USUAL: Final = tuple(_DEFAULTS.values())
_values: Final = itemgetter(*_NAMES)
_STAGES: Final = {stage.value: stage for stage in Stage}
_MOMENTS: Final = ("last_inbound_at", "muted_until")


def state_to_json(state: State) -> dict[str, Any]:
    """Only what differs from an empty state, in JSON types."""
    values = _values(state.__dict__)
    out: dict[str, Any] = {}
    for name, value in compress(zip(_NAMES, values, strict=True), map(is_not, values, _USUAL)):
        if value != _DEFAULTS[name]:
            plain = _PLAIN.get(type(value))
            out[name] = value if plain is None else plain(value)
    return out


_PLAIN: Final[Mapping[type, Callable[[Any], Any]]] = {
    datetime: datetime.isoformat,
    Advisor: lambda one: {"id": one.id, "name": one.name, "code": one.code, "role": one.role},
}  # of what is no JSON type as it is


def state_from_json(data: Mapping[str, Any]) -> State:
    """The reverse of `state_to_json`; fields that this version does not know are dropped."""
    state = evolve(NEW_STATE)
    known = state.__dict__
    if data.keys() <= _DEFAULTS.keys():
        known.update(data)
    else:
        known.update({name: value for name, value in data.items() if name in _DEFAULTS})
    if "stage" in data:
        known["stage"] = _STAGES[data["stage"]]
    for name in _MOMENTS:
        if data.get(name):
            known[name] = datetime.fromisoformat(data[name])
    if data.get("assignee"):
        known["assignee"] = Advisor(**data["assignee"])
    return state


NEW_STATE: Final = State()
