"""What people set at the desk about who gets which work and by when. Untouched, everything is as it always was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from handlers.model.state import EMPTY

FIRST: Final = 15  # working minutes until a person is in touch: T-FIRST
Mode = Literal["pull", "offer", "assign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`mode` -- people take what waits (pull), each is offered to one of them first, or is given to one at once ·
    `sticky_days` -- who had the customer within so many days is the first, 0 = nobody is · minutes are of working time:
    `offer_minutes` an offer stands, `answer_minutes` a taken conversation may stay without an answer (0 = 30 minutes by the
    clock), `escalate_minutes` one may wait before the supervisor is told (0 = never), `first_minutes` until the first
    answer, `next_minutes` until each next one (0 = not measured) · `capacity` -- conversations at once, 0 = any number ·
    `first`, `next` -- the minutes of teams that have their own."""

    mode: Mode = "pull"
    sticky_days: int = 30
    offer_minutes: int = 3
    answer_minutes: int = 0
    escalate_minutes: int = 0
    first_minutes: int = FIRST
    next_minutes: int = 0
    capacity: int = 0
    first: Mapping[str, int] = field(default=EMPTY, hash=False)
    next: Mapping[str, int] = field(default=EMPTY, hash=False)

    def first_of(self, team: str) -> int:
        return self.first.get(team) or self.first_minutes

    def next_of(self, team: str) -> int:
        return self.next.get(team) or self.next_minutes


AS_ALWAYS: Final = Rules()
