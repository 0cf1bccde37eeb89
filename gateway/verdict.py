"""What a failed call means for its row: try again at, park the account, ask a person, give up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from channels.contract import ChannelError, DeliveryUnknown, NeedsReauth, Permanent, RateLimited, Retryable

FIRST_MINUTES_MS: Final = 10 * 60_000
CAP_EARLY_MS: Final = 60_000  # between tries in the first ten minutes
CAP_LATE_MS: Final = {"B": 2 * 60_000, "C": 15 * 60_000}  # after them; an advisor's next words wait behind a B
GIVE_UP_MS: Final = {"A": 10 * 60_000, "D": 10 * 60_000}  # a head older than this is failed, the lane moves on,
GIVE_UP_TRIES: Final = 6  # ... after about a minute of tries: it may have been held back, not tried, all that time
PAUSE_CAP_MS: Final = 3_600_000  # of a whole account, whatever a platform says about one call
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
    """Certainly refused, or too late to be worth it. The account may have to pause all the same."""

    reason: str
    account_pause_ms: int = 0


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
    flooded: bool = False,
    silent: bool = False,
    echo_ms: int = 0,
    jitter: float = 1.0,
) -> Verdict:
    """`attempts` made before this one · `idempotent` -- the channel shows the same id once · `flooded` -- several
    chats were told to slow down, so it is the account that is too fast · `silent` -- the account's circuit is open: it
    holds the row back, and nobody gives up by it · `echo_ms` -- the platform tells back what it took,
    within this time: only then may it be said again · `jitter` in 0.5 … 1."""

    def later() -> RetryAt | Dead:
        age = now_ms - created_ms
        if age >= GIVE_UP_MS.get(klass, age + 1) and attempts >= GIVE_UP_TRIES:
            return Dead(reason="gave_up")
        cap = CAP_EARLY_MS if age < FIRST_MINUTES_MS else CAP_LATE_MS.get(klass, CAP_EARLY_MS)
        at_ms = now_ms + round(jitter * min(cap, 1000 * 2 ** min(attempts, 20)))
        return _in_time(RetryAt(at_ms=at_ms), not_after)

    match error:
        case NeedsReauth():
            return ParkAccount(reason=str(error))
        case Permanent():
            return Dead(reason=error.reason)
        case RateLimited():
            whole = error.whole_account or flooded
            wait = round(error.retry_after * 1000)
            wait = min(wait, PAUSE_CAP_MS) if whole else wait
            return _in_time(
                RetryAt(at_ms=now_ms + wait, counts=False, account_pause_ms=wait if whole else 0), not_after
            )
        case DeliveryUnknown():
            if idempotent or (unknown_blocks and klass in REPEATABLE and attempts == 0):
                again = _in_time(RetryAt(at_ms=now_ms + echo_ms), not_after) if echo_ms else later()
                return again if isinstance(again, RetryAt) else AskHuman(blocks_ms=0)  # they may have it: not failed
            return AskHuman(blocks_ms=UNKNOWN_BLOCKS_MS if unknown_blocks else 0)
        case Retryable():
            return _in_time(RetryAt(at_ms=now_ms), not_after) if silent else later()
    return AskHuman(blocks_ms=0)


def answered(error: ChannelError) -> bool | None:
    """Whether the platform spoke: what an account's circuit is told. None: it was not asked, what failed is ours."""
    match error:
        case Retryable():
            return error.answered
        case DeliveryUnknown():
            return False
    return True if error.code else None  # a refusal without a code of theirs was made here


def _in_time(again: RetryAt, not_after: int | None) -> RetryAt | Dead:
    if not_after is not None and again.at_ms > not_after:
        return Dead(reason="too_old", account_pause_ms=again.account_pause_ms)
    return again
