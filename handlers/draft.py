"""A decision in the making. Lives for one call of `decide`; what comes out of it are values again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from channels.contract import Button
from handlers import stages, wording
from handlers.model import (
    EMPTY,
    Business,
    Context,
    Decision,
    Effect,
    Say,
    Stage,
    State,
    Tell,
    WakeAt,
    evolve,
)

if TYPE_CHECKING:
    from handlers.hearing import Heard

OWN_NUMBERS: Final = "csat:"  # a score is its own number
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to be misread


@dataclass(slots=True, kw_only=True)
class Draft:
    """The state so far and the effects so far. `salutation` -- heard in this turn, before it may be kept.

    `state` is the draft's own copy of what it was given, changed in place until `decision` hands it out: a turn sets it
    some ten times. Whoever needs to know later how it stands now takes a `snapshot`. `by` -- who moves it now."""

    state: State
    now: datetime
    context: Context
    history: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = ()
    salutation: str = ""
    effects: list[Effect] = field(default_factory=list)
    by: stages.By = stages.By.CUSTOMER

    def __post_init__(self) -> None:
        self.state = evolve(self.state)

    @property
    def business(self) -> Business:
        return self.context.business

    @property
    def consented(self) -> bool:
        return self.state.consents.get("C1") == "given"

    def set(self, **changes: Any) -> None:
        self.state.__dict__.update(changes)

    def snapshot(self) -> State:
        return evolve(self.state)

    def remember(self, **things: Any) -> None:
        """Small things in `State.memory`; None forgets one."""
        self.state.__dict__["memory"] = _changed(self.state.memory, things)

    def put(self, **values: Any) -> None:
        """Set slots; None takes one away. The only way into the form, and shut before consent C1."""
        if self.consented:
            self.state.__dict__["slots"] = _changed(self.state.slots, values)

    def add(self, *effects: Effect) -> None:
        self.effects.extend(effects)

    def say(
        self,
        key: str,
        *buttons: Button,
        klass: Literal["A", "B", "C", "D"] = "A",
        purpose: str = "contact",
        **values: str | tuple[str, ...],
    ) -> None:
        if not self.context.writes or (self.context.letters and purpose == "contact"):
            return  # nobody writes a letter to say that somebody has joined, or left
        if self.salutation and not self.state.salutation and (heard := wording.address(self.salutation)):
            values.setdefault("xung_ho", heard)
        self.effects.append(Say(key=key, values=values, buttons=buttons, klass=klass, purpose=purpose))

    def move(self, stage: Stage, *, asked: str = "") -> None:
        """Another stage; the question that was open is closed, or `asked` is.

        :raises stages.IllegalMove: `handlers.stages` knows no such way
        """
        now = self.state.stage
        if stage is not now and stage not in stages.ALLOWED[self.by][now]:
            raise stages.IllegalMove(f"{now} to {stage} by {self.by}")
        if now is Stage.WITH_ADVISOR and stage is not now:
            self.remember(consent_shown=None)  # people ask their own questions: a yes from now on may be to one of them
        self.set(stage=stage, asked=asked, tries=0)

    def wake(self, name: str, at: datetime, data: Mapping[str, Any] = EMPTY) -> None:
        self.add(WakeAt(name=name, at=at, data=data))

    def said(self) -> bool:
        """Has anything been said in this turn?"""
        return any(isinstance(effect, Say) for effect in self.effects)

    def request_code(self) -> str:
        """The code by which the customer finds the request again; made once, the same whenever the turn is replayed."""
        if not self.state.code:
            number = int(self.state.memory.get("requests", 0)) + 1
            self.set(code=code("IB", self.context.conversation_id, str(number)))
            self.remember(requests=number)
        return self.state.code

    def decision(self) -> Decision:
        effects = _tidy(self.effects)
        if effects:
            self._number(effects)
        return Decision(state=self.state, effects=tuple(effects))

    def _number(self, effects: Sequence[Effect]) -> None:
        """Where the channel shows a list of numbers instead of buttons (channels.fit), keep what they stand for."""
        last = next((effect for effect in reversed(effects) if isinstance(effect, Say)), None)
        if last is None:
            return
        numbered = len(last.buttons) > self.context.buttons and not last.buttons[0].id.startswith(OWN_NUMBERS)
        if numbered or "choices" in self.state.memory:
            shown = [button.id for button in last.buttons if self.context.asks_contact or not button.contact]
            self.remember(choices=shown if numbered and shown else None)


def _changed(of: Mapping[str, Any], things: Mapping[str, Any]) -> Mapping[str, Any]:
    """These entries over those of a mapping, None taking one away; the mapping itself when nothing changes by it."""
    for key, value in things.items():
        if of.get(key) != value:
            break
    else:
        return of
    made = dict(of)
    for key, value in things.items():
        if value is not None:
            made[key] = value
        elif key in made:
            del made[key]
    return made


def _tidy(effects: list[Effect]) -> list[Effect]:
    """Several events of one turn may each have said something: nothing is said twice, and of texts that travel as one
    message only the last has buttons."""
    if len(effects) < 2:
        return effects
    tidy: list[Effect] = []
    below: Say | None = None
    said: set[str] = set()
    for effect in reversed(effects):
        if isinstance(effect, Say):
            if effect.key in said:
                continue
            said.add(effect.key)
            if below and effect.buttons and (below.klass, below.purpose) == (effect.klass, effect.purpose):
                tidy.append(replace(effect, buttons=()))
                continue
            below = effect
        elif isinstance(effect, Tell):
            below = None
        tidy.append(effect)
    return tidy[::-1]


def code(prefix: str, *of: str) -> str:
    """A short readable code of these words: IB-7K3QF2."""
    number = int.from_bytes(hashlib.sha256("\n".join(of).encode()).digest()[:8])
    return f"{prefix}-" + "".join([ALPHABET[number >> 5 * at & 31] for at in range(6)])
