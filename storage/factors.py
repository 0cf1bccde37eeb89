"""The second factor of people who sign in: a secret shared with their telephone, sealed, and codes for its loss, hashed.

A code of the telephone works once: the last step that was accepted is kept, and only a later one counts. A try is
counted and committed before it is looked at, so that parallel guesses count too.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

from storage import audit
from storage.tx import Tx

TABLE: Final = "second_factor"
TRIES: Final = 5
WITHIN_MS: Final = 5 * 60_000
CODES: Final = 10
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is taken for another when it is copied from paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """`wait_ms` > 0: too many tries, not to be looked at."""

    secret: bytes = field(repr=False)
    confirmed: bool
    last_step: int
    wait_ms: int


def begin(tx: Tx, advisor_id: str, secret: bytes) -> bool:
    """A secret that waits for its first code. False when one is in use."""
    tx.run("DELETE FROM second_factor WHERE advisor_id = :id AND confirmed_at IS NULL", id=advisor_id)
    return bool(
        tx.run(
            "INSERT INTO second_factor (advisor_id, secret_sealed, confirmed_at, last_step, tries, tries_since, created_at)"
            " VALUES (:id, :secret, NULL, 0, 0, 0, :now) ON CONFLICT (advisor_id) DO NOTHING",
            id=advisor_id,
            secret=tx.keys.seal_own(TABLE, "secret_sealed", advisor_id, secret),
            now=tx.now_ms,
        )
    )


def asked(tx: Tx, advisor_id: str) -> bool:
    """Must he show a code when he signs in?"""
    return bool(
        tx.value(
            "SELECT 1 FROM second_factor WHERE advisor_id = :id AND confirmed_at IS NOT NULL LIMIT 1", id=advisor_id
        )
    )


def having(tx: Tx) -> frozenset[str]:
    """Everybody of whom a code is asked."""
    return frozenset(row[0] for row in tx.all("SELECT advisor_id FROM second_factor WHERE confirmed_at IS NOT NULL"))


def knock(tx: Tx, advisor_id: str) -> Factor | None:
    """Count a try; None when he has no second factor, not even one that waits."""
    row = tx.one("SELECT * FROM second_factor WHERE advisor_id = :id", id=advisor_id)
    if row is None:
        return None
    begun = row.tries_since if row.tries_since > tx.now_ms - WITHIN_MS else tx.now_ms
    tries = row.tries if begun == row.tries_since else 0
    wait = begun + WITHIN_MS - tx.now_ms if tries >= TRIES else 0
    if not wait:
        tx.run(
            "UPDATE second_factor SET tries = :tries, tries_since = :since WHERE advisor_id = :id",
            tries=tries + 1,
            since=begun,
            id=advisor_id,
        )
    return Factor(
        secret=tx.keys.open_own(TABLE, "secret_sealed", advisor_id, bytes(row.secret_sealed)),
        confirmed=row.confirmed_at is not None,
        last_step=row.last_step,
        wait_ms=wait,
    )


def accept(tx: Tx, advisor_id: str, step: int) -> bool:
    """The code of this step was right. False when it, or a later one, was used before."""
    return bool(
        tx.run(
            "UPDATE second_factor SET last_step = :step, tries = 0 WHERE advisor_id = :id AND last_step < :step",
            step=step,
            id=advisor_id,
        )
    )


def confirm(tx: Tx, advisor_id: str, *, keep_session: bytes) -> list[str]:
    """From now on it is asked for: codes for the day the telephone is lost, told once; his other sessions end."""
    tx.run("UPDATE second_factor SET confirmed_at = :now WHERE advisor_id = :id", now=tx.now_ms, id=advisor_id)
    tx.run("DELETE FROM session WHERE advisor_id = :id AND id_hash <> :keep", id=advisor_id, keep=keep_session)
    audit.write(tx, actor=advisor_id, action="second_factor.on", object_type="advisor", object_id=advisor_id)
    tx.hint("advisor", advisor_id)
    return renew(tx, advisor_id)


def renew(tx: Tx, advisor_id: str) -> list[str]:
    """New codes in the place of the old ones, 128 bits each."""
    tx.run("DELETE FROM recovery_code WHERE advisor_id = :id", id=advisor_id)
    made = [_code() for _ in range(CODES)]
    for code in made:
        tx.insert("recovery_code", code_hash=_digest(advisor_id, code), advisor_id=advisor_id)
    audit.write(tx, actor=advisor_id, action="second_factor.codes", object_type="advisor", object_id=advisor_id)
    return made


def use_code(tx: Tx, advisor_id: str, code: str) -> bool:
    """Whether it was one of his; it is gone then."""
    used = tx.run(
        "DELETE FROM recovery_code WHERE code_hash = :hash AND advisor_id = :id",
        hash=_digest(advisor_id, code),
        id=advisor_id,
    )
    if used:
        tx.run("UPDATE second_factor SET tries = 0 WHERE advisor_id = :id", id=advisor_id)
        audit.write(tx, actor=advisor_id, action="second_factor.recovery", object_type="advisor", object_id=advisor_id)
    return bool(used)


def remove(tx: Tx, advisor_id: str, *, by: str) -> bool:
    """No second factor any more, nor its codes. Whoever did it to him: his sessions end."""
    gone = tx.run("DELETE FROM second_factor WHERE advisor_id = :id", id=advisor_id)
    tx.run("DELETE FROM recovery_code WHERE advisor_id = :id", id=advisor_id)
    if gone:
        if by != advisor_id:
            tx.run("DELETE FROM session WHERE advisor_id = :id", id=advisor_id)
        audit.write(tx, actor=by, action="second_factor.off", object_type="advisor", object_id=advisor_id)
        tx.hint("advisor", advisor_id)
    return bool(gone)


def _code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(26))
    return "-".join(letters[at : at + 5] for at in range(0, 25, 5)) + letters[25]


def _digest(advisor_id: str, code: str) -> bytes:
    """Spaces, dashes and case do not matter: it is copied by hand."""
    bare = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(f"{advisor_id}|{bare}".encode("utf-8", "replace")).digest()
