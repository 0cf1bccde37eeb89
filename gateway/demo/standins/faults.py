"""What goes wrong between us and a platform: each fault meets the next call that fits it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["answer", "hang", "drop", "half", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`accepted`: the platform did what was asked, whatever the bot got to hear of it."""

    kind: Kind
    accepted: bool = False
    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(status: int, body: object, *, accepted: bool = False) -> Fault:
    """Any answer at all; `body` is JSON, or bytes as they are."""
    payload = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Fault(kind="answer", accepted=accepted, status=status, body=payload)


def hang(*, accepted: bool = False) -> Fault:
    """No answer until `release()`, or until we give up."""
    return Fault(kind="hang", accepted=accepted)


def drop(*, accepted: bool = False) -> Fault:
    """The connection ends without an answer."""
    return Fault(kind="drop", accepted=accepted)


def half(*, accepted: bool = True) -> Fault:
    """The head and half of the body arrive, then the connection ends."""
    return Fault(kind="half", accepted=accepted)


def refuse() -> Fault:
    """The connection is reset before the body is read: chosen by method only."""
    return Fault(kind="refuse")


class Faults:
    """The queue of scripted faults, and the rate of unscripted ones. `shy` -- a call that meets only faults that name it."""

    def __init__(self, *, shy: str = "") -> None:
        self._shy = shy
        self.waiting: list[tuple[Fault, str | None, int | None]] = []
        self._rate = 0.0
        self._kinds: Sequence[Fault] = ()
        self._rng = random.Random(0)

    def add(self, faults: Sequence[Fault], *, method: str | None, chat: int | None) -> None:
        lowered = method.lower() if method else None
        for fault in faults:
            if fault.kind == "refuse" and chat is not None:
                raise ValueError("a refused call was never read: it has no chat")
            self.waiting.append((fault, lowered, chat))

    def chaos(self, rate: float, kinds: Sequence[Fault], rng: random.Random | None) -> None:
        if not 0.0 <= rate <= 1.0 or (rate and not kinds):
            raise ValueError("a rate from 0 to 1, and what goes wrong")
        self._rate, self._kinds, self._rng = rate, kinds, rng or random.Random(0)

    def refuses(self, method: str) -> bool:
        """Is the next fault for this call a refusal? Asked before the body is read; takes it."""
        for entry in self.waiting:
            fault, wanted, chat = entry
            if chat is None and self._fits(method, wanted):
                if fault.kind == "refuse":
                    self.waiting.remove(entry)
                    return True
                return False
        return False

    def take(self, method: str, chat: int) -> Fault | None:
        for entry in self.waiting:
            fault, wanted, its_chat = entry
            if fault.kind != "refuse" and self._fits(method, wanted) and its_chat in {None, chat}:
                self.waiting.remove(entry)
                return fault
        if self._rate and method != self._shy and self._rng.random() < self._rate:
            return self._rng.choice(self._kinds)
        return None

    def _fits(self, method: str, wanted: str | None) -> bool:
        return method == wanted if wanted else method != self._shy
