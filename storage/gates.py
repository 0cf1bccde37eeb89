"""May a call to this account leave now? Slots (bulkhead), the platform's rates, pauses, circuit and retries, per account.

Memory of one process, used from the store's thread (which claims rows) and from the loop (which finishes calls). Where
several processes share a database each takes its part of an account's rate (a chat is in one pair of hands at a time); pauses and circuits each finds out by itself.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from channels.windows import ANYWHERE, Carries
from storage.circuit import Budget, Circuit

SLOTS: Final = 64  # calls in flight an account
BURST_S: Final = 1.0  # an account's bucket holds one second's worth
CHAT_BURST_S: Final = 3.0  # a chat's three: an answer in parts
CHATS: Final = 10_000  # buckets kept
NO_ANSWER: Final = "the platform does not answer"


@dataclass(slots=True)
class _Bucket:
    """Tokens for calls. `rate` -- new ones a second · `most` -- that it holds."""

    rate: float
    most: float
    level: float
    at_ms: int

    def fill(self, now_ms: int, share: int) -> bool:
        """Whether one is there. `share` -- by how many processes the rate is divided."""
        self.level = min(
            max(1.0, self.most / share), self.level + max(0, now_ms - self.at_ms) * self.rate / share / 1000
        )
        self.at_ms = max(self.at_ms, now_ms)
        return self.level >= 1


@dataclass(slots=True)
class Gate:
    """One account's. `rate`, `chat_rate` in calls a second, 0 = off. `paused_until` in ms; `broken` until `mend`;
    `deaf` -- why nothing can be fetched from it: shown to people, holds no send back; `lapsed` -- why its client has no
    token: shown at once, before the first send is refused for it; `shown` -- what its row says,
    None when that is not known · `carries` -- its platform's windows."""

    rate: float = 0
    chat_rate: float = 0
    slots: int = SLOTS
    in_flight: int = 0
    paused_until: int = 0
    broken: str = ""
    closed: bool = False  # stopping: nothing new leaves
    bucket: _Bucket | None = None
    chats: dict[str, _Bucket] = field(default_factory=dict)
    refused: bool = False  # something was held back since the last look
    deaf: str = ""
    lapsed: str = ""
    probe_at: float = 0  # monotonic: when a broken one is asked next whether it lives; 0 = not planned
    note: str = ""  # what people should know, while it works all the same
    shown: tuple[str, str, int | None] | None = ("ok", "", None)
    circuit: Circuit = field(default_factory=Circuit)
    budget: Budget = field(default_factory=Budget)
    carries: Carries = ANYWHERE

    def ready(self, now_ms: int) -> bool:
        """Is there any use in looking for something that might leave?"""
        if self.closed or self.broken or self.paused_until > now_ms or self.circuit.holds(now_ms):
            return False
        return self.in_flight < (1 if self.circuit.asks(now_ms) else self.slots)

    def state(self, now_ms: int) -> tuple[str, str, int | None]:
        """The account row's state, reason and paused_until."""
        until = self.paused_until if self.paused_until > now_ms else None
        if refused := self.broken or self.lapsed or self.deaf:
            return "auth_broken", refused, until
        if self.circuit.until:
            return "down", NO_ANSWER, self.circuit.until if self.circuit.holds(now_ms) else None
        return ("ok", self.note, None) if until is None else ("throttled", "too many requests", until)


class Gates:
    """All accounts'."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._share = 1
        self._lock = threading.Lock()

    def configure(self, account_id: str, *, rate: float, chat_rate: float, slots: int = SLOTS) -> Gate:
        gate = self._gates[account_id] = Gate(rate=rate, chat_rate=chat_rate, slots=slots)
        return gate

    def carry(self, account_id: str, carries: Carries) -> None:
        """What may be said there, and when."""
        self._gates[account_id].carries = carries

    def of(self, account_id: str) -> Gate | None:
        return self._gates.get(account_id)

    def admit(self, account_id: str, lane: str, now_ms: int, *, again: bool = False, oldest: bool = False) -> bool:
        """Take a slot and the tokens for one call, or nothing. `again` -- it was tried before · `oldest` -- nothing
        waits for longer: only such a one may ask whether the platform is back."""
        gate = self._gates.get(account_id)
        if gate is None:
            return False
        with self._lock:
            asks = gate.circuit.asks(now_ms)
            if not gate.ready(now_ms) or (asks and not oldest):
                gate.refused = True
                return False
            if (gate.rate or gate.chat_rate) and not self._tokens(gate, lane, now_ms):
                gate.refused = True
                return False
            if not again:
                gate.budget.sent()
            elif not asks and not gate.budget.take(now_ms):
                gate.refused = True
                return False
            gate.in_flight += 1
            return True

    def asks(self, account_id: str, now_ms: int) -> bool:
        """Whether its circuit is half open."""
        gate = self._gates.get(account_id)
        return gate is not None and gate.circuit.asks(now_ms)

    def answered(self, account_id: str, now_ms: int) -> bool:
        """A call was answered, refused or not. True when the account works again by that."""
        gate = self._gates.get(account_id)
        if gate is None:
            return False
        with self._lock:
            return gate.circuit.answered(now_ms)

    def unanswered(self, account_id: str, now_ms: int, *, jitter: float, again: bool = False) -> tuple[bool, bool]:
        """A call was not: (its circuit was open before and holds now; it opened by this one). `again` -- as in `admit`."""
        gate = self._gates.get(account_id)
        if gate is None:
            return False, False
        with self._lock:
            before = gate.circuit.until
            opened = gate.circuit.failed(now_ms, jitter=jitter, again=again)
            return before > 0 and gate.circuit.holds(now_ms), opened

    def shared_by(self, processes: int) -> None:
        """So many send for these accounts now."""
        self._share = processes

    def _tokens(self, gate: Gate, lane: str, now_ms: int) -> bool:
        """One of each bucket, or none of either: a call that the account holds back costs the chat nothing."""
        buckets = []
        if gate.chat_rate:
            if lane not in gate.chats:
                if len(gate.chats) > CHATS:
                    gate.chats.clear()
                most = max(1.0, gate.chat_rate * CHAT_BURST_S)
                gate.chats[lane] = _Bucket(gate.chat_rate, most, most, now_ms)
            buckets.append(gate.chats[lane])
        if gate.rate:
            if gate.bucket is None:
                most = max(1.0, gate.rate * BURST_S)
                gate.bucket = _Bucket(gate.rate, most, most / self._share, now_ms)
            buckets.append(gate.bucket)
        if not all(bucket.fill(now_ms, self._share if bucket is gate.bucket else 1) for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.level -= 1
        return True

    def release(self, account_id: str) -> None:
        """A call came back, whatever it brought."""
        gate = self._gates.get(account_id)
        if gate is not None:
            with self._lock:
                gate.in_flight = max(0, gate.in_flight - 1)
                gate.refused |= gate.circuit.until > 0  # whoever may ask next is looked for at once

    def pause(self, account_id: str, until_ms: int) -> None:
        gate = self._gates.get(account_id)
        if gate is not None:
            gate.paused_until = max(gate.paused_until, until_ms)

    def break_(self, account_id: str, reason: str) -> None:
        """The token is dead: nothing leaves until `mend`."""
        gate = self._gates.get(account_id)
        if gate is not None:
            gate.broken = reason or "refused"

    def mend(self, account_id: str) -> None:
        gate = self._gates.get(account_id)
        if gate is not None:
            gate.broken, gate.probe_at = "", 0

    def ask_now(self, account_id: str, now_ms: int) -> None:
        """An open circuit asks at once whether the platform is back."""
        gate = self._gates.get(account_id)
        if gate is not None and gate.circuit.until:
            gate.circuit.until = min(gate.circuit.until, now_ms)

    def notice(self, account_id: str, what: str) -> None:
        """What people should know of it; '' = nothing any more."""
        gate = self._gates.get(account_id)
        if gate is not None:
            gate.note = what

    def close(self) -> None:
        for gate in self._gates.values():
            gate.closed = True
