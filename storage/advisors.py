"""People of ours, and machines that act through the API: create, list, disable, and the guard against guessing."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from storage import audit
from storage.ids import new_id
from storage.tx import Tx

ROLES: Final = ("admin", "supervisor", "intake", "advisor", "dpo", "integration")
ONLINE_MS: Final = 150_000  # seen within this; `seen_at` is written at most once a minute
FREE_FAILURES: Final = 5  # wrong passwords before delays begin
LONGEST_DELAY_MS: Final = 15 * 60_000
LOCKED_AFTER: Final = 100  # in a row: only an administrator's reset opens the account again
_COLUMNS: Final = "id, email, name, role, agent_code, disabled_at, created_at, seen_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A row of `advisor` without its secrets. `email` None: it signs in with a token only."""

    id: str
    email: str | None
    name: str
    role: str
    agent_code: str
    disabled_at: int | None
    created_at: int
    seen_at: int | None

    def online(self, now_ms: int) -> bool:
        return self.disabled_at is None and self.seen_at is not None and self.seen_at > now_ms - ONLINE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to sign in, counted already. `wait_ms` > 0: refused without looking at the password; `locked`: for good."""

    id: str
    password_hash: str
    wait_ms: int
    locked: bool
    disabled: bool


def normal_email(email: str) -> str:
    return unicodedata.normalize("NFC", email).strip().lower()


def _person(row: Any) -> Person:
    return Person(**row._mapping)


def create(
    tx: Tx,
    *,
    name: str,
    role: str,
    by: str,
    email: str | None = None,
    agent_code: str = "",
    password_hash: str = "",
) -> Person | None:
    """A new person; None when the e-mail address is taken. `by` -- who creates him, for the audit."""
    person = Person(
        id=new_id(),
        email=normal_email(email) if email else None,
        name=name,
        role=role,
        agent_code=agent_code,
        disabled_at=None,
        created_at=tx.now_ms,
        seen_at=None,
    )
    made = tx.run(
        "INSERT INTO advisor (id, email, name, role, agent_code, password_hash, failures, created_at)"
        " VALUES (:id, :email, :name, :role, :code, :hash, 0, :now) ON CONFLICT (email) DO NOTHING",
        id=person.id,
        email=person.email,
        name=name,
        role=role,
        code=agent_code,
        hash=password_hash,
        now=tx.now_ms,
    )
    if not made:
        return None
    audit.write(tx, actor=by, action="user.create", object_type="advisor", object_id=person.id, fields=("role",))
    return person


def listed(tx: Tx, *, disabled: bool = False, limit: int = 500) -> list[Person]:
    """Everybody by name; with `disabled` those too who may not act any more."""
    where = "" if disabled else "WHERE disabled_at IS NULL"
    rows = tx.all(f"SELECT {_COLUMNS} FROM advisor {where} ORDER BY name, id LIMIT :limit", limit=limit)  # noqa: S608
    return [_person(row) for row in rows]


def find(tx: Tx, advisor_id: str) -> Person | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM advisor WHERE id = :id", id=advisor_id)  # noqa: S608
    return None if row is None else _person(row)


def names(tx: Tx, ids: list[str]) -> dict[str, str]:
    """By id, of those who are people or tokens of ours."""
    return {row.id: row.name for row in tx.among("SELECT id, name FROM advisor WHERE id IN (:among)", ids)}


def by_email(tx: Tx, email: str) -> Person | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM advisor WHERE email = :email", email=normal_email(email))  # noqa: S608
    return None if row is None else _person(row)


def disable(tx: Tx, advisor_id: str, *, by: str) -> bool:
    """He may not act from now on: sessions end, tokens are revoked. False when there was nobody to disable."""
    changed = tx.run(
        "UPDATE advisor SET disabled_at = :now WHERE id = :id AND disabled_at IS NULL", now=tx.now_ms, id=advisor_id
    )
    if not changed:
        return False
    tx.run("DELETE FROM session WHERE advisor_id = :id", id=advisor_id)
    tx.run("DELETE FROM invite WHERE advisor_id = :id", id=advisor_id)
    tx.run(
        "UPDATE api_token SET revoked_at = :now WHERE advisor_id = :id AND revoked_at IS NULL",
        now=tx.now_ms,
        id=advisor_id,
    )
    audit.write(tx, actor=by, action="user.disable", object_type="advisor", object_id=advisor_id)
    tx.hint("advisor", advisor_id)
    return True


def change(
    tx: Tx, advisor_id: str, *, by: str, name: str, role: str, agent_code: str, email: str | None
) -> bool | None:
    """What is known of somebody; with another role or address his sessions end, for who he is was said at their begin.
    None when there is nobody; False when the address is another's."""
    before = find(tx, advisor_id)
    if before is None:
        return None
    wanted = {
        "name": name,
        "role": role,
        "agent_code": agent_code,
        "email": normal_email(email) if email else before.email,
    }
    changed = tuple(field for field, value in wanted.items() if getattr(before, field) != value)
    if "email" in changed and by_email(tx, str(wanted["email"])) is not None:
        return False
    if not changed:
        return True
    tx.run(
        "UPDATE advisor SET name = :name, role = :role, agent_code = :agent_code, email = :email WHERE id = :id",
        id=advisor_id,
        **wanted,
    )
    audit.write(tx, actor=by, action="user.change", object_type="advisor", object_id=advisor_id, fields=changed)
    if {"role", "email"} & set(changed):
        tx.run("DELETE FROM session WHERE advisor_id = :id", id=advisor_id)
    tx.hint("advisor", advisor_id)
    return True


def set_password(tx: Tx, advisor_id: str, password_hash: str, *, by: str, keep_session: bytes = b"") -> bool:
    """A new password; opens a locked account and ends every session but `keep_session` (the hash of its token).
    False for somebody who does not sign in with a password."""
    changed = tx.run(
        "UPDATE advisor SET password_hash = :hash, failures = 0, delayed_until = NULL"
        " WHERE id = :id AND email IS NOT NULL AND disabled_at IS NULL",
        hash=password_hash,
        id=advisor_id,
    )
    if not changed:
        return False
    tx.run("DELETE FROM session WHERE advisor_id = :id AND id_hash <> :keep", id=advisor_id, keep=keep_session)
    tx.run("DELETE FROM invite WHERE advisor_id = :id", id=advisor_id)
    audit.write(tx, actor=by, action="user.password", object_type="advisor", object_id=advisor_id)
    tx.hint("advisor", advisor_id)
    return True


def has_hash(tx: Tx, advisor_id: str, password_hash: str) -> bool:
    """Is this the hash of his password?"""
    return bool(tx.value("SELECT password_hash FROM advisor WHERE id = :id", id=advisor_id) == password_hash)


def hash_of(tx: Tx, advisor_id: str) -> str | None:
    """Of the password of somebody who may sign in; '' where he has none yet, None for whoever may not."""
    found: str | None = tx.value(
        "SELECT password_hash FROM advisor WHERE id = :id AND email IS NOT NULL AND disabled_at IS NULL AND failures < :most",
        id=advisor_id,
        most=LOCKED_AFTER,
    )
    return found


# ---- signing in: the try is counted and committed before the password is looked at, so parallel guesses count too


def attempt(tx: Tx, email: str) -> Attempt | None:
    """Count a try; None for an unknown address. After FREE_FAILURES the delay doubles from 1 s to 15 min."""
    row = tx.one(
        "SELECT id, password_hash, failures, delayed_until, disabled_at FROM advisor WHERE email = :email",
        email=normal_email(email),
    )
    if row is None:
        return None
    wait = max(0, (row.delayed_until or 0) - tx.now_ms)
    if not wait:
        failures = row.failures + 1
        over = failures - FREE_FAILURES
        delay = min(LONGEST_DELAY_MS, 1000 * 2 ** min(over - 1, 20)) if over > 0 else 0
        tx.run(
            "UPDATE advisor SET failures = :failures, delayed_until = :until WHERE id = :id",
            failures=failures,
            until=tx.now_ms + delay if delay else None,
            id=row.id,
        )
    return Attempt(
        id=row.id,
        password_hash=row.password_hash,
        wait_ms=wait,
        locked=row.failures >= LOCKED_AFTER,
        disabled=row.disabled_at is not None,
    )


def succeeded(tx: Tx, advisor_id: str, *, rehashed: str = "") -> None:
    """The password was right: the count of failures begins anew; `rehashed` -- its hash under today's parameters."""
    tx.run(
        "UPDATE advisor SET failures = 0, delayed_until = NULL, seen_at = :now WHERE id = :id",
        now=tx.now_ms,
        id=advisor_id,
    )
    if rehashed:
        tx.run("UPDATE advisor SET password_hash = :hash WHERE id = :id", hash=rehashed, id=advisor_id)


def seen(tx: Tx, advisor_ids: list[str]) -> None:
    """They were at work a moment ago."""
    tx.run_among(f"UPDATE advisor SET seen_at = {tx.now_ms} WHERE id IN (:among)", advisor_ids)  # noqa: S608
