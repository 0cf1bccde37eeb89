"""Accounts that do not work: since when, and which of them people are told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from storage import activity
from storage.accounts import BETWEEN_MS
from storage.tx import Row, Tx

AT_ONCE: Final = "auth_broken"  # a person must act; the others may pass by themselves
LASTING_MS: Final = 5 * 60_000
SILENT: Final = "silent"
_HELD: Final = "SELECT id, state, held_since, freed_at, paused_until FROM account WHERE held_since IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`state` -- throttled, down or auth_broken · `since`, `until` -- ms, until None where nobody can say · `deaf` -- only what
    comes is refused: what we say leaves."""

    account_id: str
    state: str
    since: int
    until: int | None = None
    deaf: bool = False

    @property
    def shown(self) -> str:
        """What people are told of it."""
        return "deaf" if self.deaf else self.state


def of(tx: Tx, account_id: str) -> Trouble | None:
    """What keeps this account from working now."""
    row = tx.one(f"{_HELD} AND state NOT IN ('ok', 'off') AND id = :id", id=account_id)
    return _trouble(tx, row) if row is not None else None


def lasting(tx: Tx) -> list[Trouble]:
    """Those that people are told of, the longest first: a refused token at once, what may pass by itself when it lasts."""
    rows = tx.all(
        f"{_HELD} AND state NOT IN ('ok', 'off') AND (state = :at_once OR held_since <= :edge) ORDER BY held_since, id",
        at_once=AT_ONCE,
        edge=tx.now_ms - LASTING_MS,
    )
    return [_trouble(tx, row) for row in rows if tx.gates.of(row.id) is not None]  # else it is configured no more


# ---- as a notice: its key says which account, what, and since when


def key(account_id: str, since: int, *, what: str) -> str:
    return f"{account_id}/{what}/{since}"


def named(given: str) -> tuple[str, str, int]:
    """(account, what, since) of the key of a notice, with or without its kind."""
    account_id, what, since = given.removeprefix("account:").rsplit("/", 2)
    return account_id, what, int(since)


def still(tx: Tx, given: str) -> bool:
    """Whether what a notice tells of is so, or was a moment ago."""
    account_id, what, since = named(given)
    if what == SILENT:
        came = activity.came(tx).get(account_id)
        return came is not None and max(came.last_ms, came.since_ms) == since
    row = tx.one(f"{_HELD} AND id = :id", id=account_id)
    if row is None or row.held_since != since:
        return False
    return bool(row.state == what or (row.state == "ok" and (row.freed_at or 0) > tx.now_ms - BETWEEN_MS))


def _trouble(tx: Tx, row: Row) -> Trouble:
    gate = tx.gates.of(row.id)
    deaf = gate is not None and bool(gate.deaf) and not (gate.broken or gate.lapsed)
    return Trouble(row.id, row.state, row.held_since, row.paused_until, deaf)
