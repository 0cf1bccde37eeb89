"""Credentials that change with every use: one pair an account, sealed, guarded by its generation.

state: active, refreshing (somebody uses the refresh token now, or died of it), needs_consent (it is lost). Every change
is a compare-and-swap on the generation, so that of several processes one uses a refresh token, and a pair that came late
is never put in the place of a newer one. A pair that did come wins over the mark that it was lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from storage.killpoints import kp
from storage.tx import Row, Tx

TABLE: Final = "credential"


@dataclass(frozen=True, slots=True)
class Pair:
    """A row, opened."""

    generation: int
    state: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int
    issued_at: int
    changed_at: int
    reason: str


def load(tx: Tx, account_id: str, *, first: str) -> Pair:
    """The account's pair. `first` -- the configured refresh token: it makes the row, and when a person has put another
    one there, it takes the place of what the row held."""
    blind = tx.keys.blind("credential", first)
    row = tx.one("SELECT * FROM credential WHERE account_id = :id", id=account_id)
    if row is None:
        tx.run(
            "INSERT INTO credential (account_id, generation, state, first_blind, access_sealed, refresh_sealed,"
            " previous_sealed, expires_at, issued_at, changed_at, reason)"
            " VALUES (:id, 0, 'active', :blind, NULL, :refresh, NULL, 0, :now, :now, '')"
            " ON CONFLICT (account_id) DO NOTHING",
            id=account_id,
            blind=blind,
            refresh=_seal(tx, account_id, "refresh_sealed", 0, first),
            now=tx.now_ms,
        )
    elif bytes(row.first_blind) != blind and first:
        generation = row.generation + 1
        tx.run(
            "UPDATE credential SET generation = :next, state = 'active', first_blind = :blind, access_sealed = NULL,"
            " refresh_sealed = :refresh, expires_at = 0, issued_at = :now, changed_at = :now, reason = ''"
            " WHERE account_id = :id AND generation = :generation",
            id=account_id,
            next=generation,
            generation=row.generation,
            blind=blind,
            refresh=_seal(tx, account_id, "refresh_sealed", generation, first),
            now=tx.now_ms,
        )
    else:
        return _pair(tx, row)
    row = tx.one("SELECT * FROM credential WHERE account_id = :id", id=account_id)
    assert row is not None
    return _pair(tx, row)


def claim(tx: Tx, account_id: str, generation: int, *, state: str, changed_at: int, stale_ms: int) -> bool:
    """Mark that this generation's refresh token is about to be used. `state`, `changed_at` -- of the row as it was seen:
    who decided on an older sight decides anew, or a token that was just refused would be used once more."""
    return bool(
        tx.run(
            "UPDATE credential SET state = 'refreshing', changed_at = :now"
            " WHERE account_id = :id AND generation = :generation AND state = :state AND changed_at = :seen"
            " AND (state <> 'refreshing' OR changed_at <= :stale)",
            id=account_id,
            generation=generation,
            state=state,
            seen=changed_at,
            now=tx.now_ms,
            stale=tx.now_ms - stale_ms,
        )
    )


def rotate(tx: Tx, account_id: str, generation: int, *, access: str, refresh: str, expires_at: int) -> bool:
    """The next generation, whatever the state of this one; the refresh token that brought it is kept beside it."""
    row = tx.one(
        "SELECT refresh_sealed FROM credential WHERE account_id = :id AND generation = :generation",
        id=account_id,
        generation=generation,
    )
    if row is None:
        return False
    kp("token.before_commit")
    used = _open(tx, account_id, "refresh_sealed", generation, row.refresh_sealed)
    nxt = generation + 1
    return bool(
        tx.run(
            "UPDATE credential SET generation = :next, state = 'active', access_sealed = :access, refresh_sealed = :refresh,"
            " previous_sealed = :previous, expires_at = :expires, issued_at = :now, changed_at = :now, reason = ''"
            " WHERE account_id = :id AND generation = :generation",
            id=account_id,
            generation=generation,
            next=nxt,
            access=_seal(tx, account_id, "access_sealed", nxt, access),
            refresh=_seal(tx, account_id, "refresh_sealed", nxt, refresh),
            previous=_seal(tx, account_id, "previous_sealed", nxt, used),
            expires=expires_at,
            now=tx.now_ms,
        )
    )


def settle(tx: Tx, account_id: str, generation: int, state: str, reason: str) -> None:
    """What a claimed attempt came to, when it brought nothing new."""
    tx.run(
        "UPDATE credential SET state = :state, reason = :reason, changed_at = :now"
        " WHERE account_id = :id AND generation = :generation AND state = 'refreshing'",
        id=account_id,
        generation=generation,
        state=state,
        reason=reason[:200],
        now=tx.now_ms,
    )
    tx.hint("account", account_id)


def _seal(tx: Tx, account_id: str, column: str, generation: int, value: str) -> bytes:
    return tx.keys.seal_own(TABLE, column, f"{account_id}#{generation}", value.encode())


def _open(tx: Tx, account_id: str, column: str, generation: int, sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    return tx.keys.open_own(TABLE, column, f"{account_id}#{generation}", bytes(sealed)).decode()


def _pair(tx: Tx, row: Row) -> Pair:
    account_id, generation = row.account_id, row.generation
    return Pair(
        generation=generation,
        state=row.state,
        access=_open(tx, account_id, "access_sealed", generation, row.access_sealed),
        refresh=_open(tx, account_id, "refresh_sealed", generation, row.refresh_sealed),
        expires_at=row.expires_at,
        issued_at=row.issued_at,
        changed_at=row.changed_at,
        reason=row.reason,
    )
