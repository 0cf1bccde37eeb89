"""What a failed call means for its row: try again at, park the account, ask a person, give up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable

FIRST_MINUTES_MS: Final = 10 * 60_000
CAP_EARLY_MS: Final = 60_000  # between tries in the first ten minutes
CAP_LATE_MS: Final = 15 * 60_000
GIVE_UP_MS: Final = 10 * 60_000  # a head that keeps its lane waiting longer than this is failed, the lane moves on
UNKNOWN_BLOCKS_MS: Final = 60_000  # where an unknown send holds its lane (docs/adr/0007)
REPEATABLE: Final = frozenset({"A", "C"})  # prompts and documents: a double is harmless once


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """Next try at this time, ms. `counts` -- False when it was no attempt of the platform's making."""

    at_ms: int
    counts: bool = True
    account_pause_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkAccount:
    """The token is dead: nothing of this account leaves until a person mends it; the rows wait."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHuman:
    """They may have it. Shown as unknown; holds its lane for `blocks_ms`."""

    blocks_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """Certainly refused, or too late to be worth it."""

    reason: str


Verdict = RetryAt | ParkAccount | AskHuman | Dead


def verdict(
    error: ChannelError,
    *,
    attempts: int,
    now_ms: int,
    created_ms: int,
    not_after: int | None,
    klass: str = "A",
    idempotent: bool = False,
    unknown_blocks: bool = False,
    jitter: float = 1.0,
) -> Verdict:
    """`attempts` made before this one · `idempotent` -- the channel shows the same id once · `jitter` in 0.5 … 1."""
    match error:
        case NeedsReauth():
            return ParkAccount(reason=str(error))
        case Permanent():
            return Dead(reason=error.reason)
        case RateLimited():
            wait = round(error.retry_after * 1000)
            return RetryAt(at_ms=now_ms + wait, counts=False, account_pause_ms=wait if error.whole_account else 0)
        case DeliveryUnknown():
            if idempotent or (unknown_blocks and klass in REPEATABLE and attempts == 0):
                return _later(attempts, now_ms, created_ms, not_after, jitter)
            return AskHuman(blocks_ms=UNKNOWN_BLOCKS_MS if unknown_blocks else 0)
        case Retryable():
            return _later(attempts, now_ms, created_ms, not_after, jitter)
    return AskHuman(blocks_ms=0)


def _later(attempts: int, now_ms: int, created_ms: int, not_after: int | None, jitter: float) -> Verdict:
    cap = CAP_EARLY_MS if now_ms - created_ms < FIRST_MINUTES_MS else CAP_LATE_MS
    at_ms = now_ms + round(jitter * min(cap, 1000 * 2 ** min(attempts, 20)))
    if not_after is not None and at_ms > not_after:
        return Dead(reason="too_old")
    return RetryAt(at_ms=at_ms)
