"""Links with which a person sets his password: 128 random bits, kept as SHA-256, good once and not for long."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from storage import advisors, audit
from storage.tx import Tx

Kind = Literal["invite", "reset"]
LASTS_MS: Final[Mapping[str, int]] = {"invite": 24 * 3_600_000, "reset": 30 * 60_000}
SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{22}")  # what is not of this shape is looked up nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """Whose link it is. `by` -- who made it."""

    advisor_id: str
    name: str
    email: str
    kind: Kind
    by: str
    expires_at: int


def new_token() -> str:
    return secrets.token_urlsafe(16)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def make(tx: Tx, token: str, advisor_id: str, *, kind: Kind, by: str) -> Invite | None:
    """Keep a fresh link; an earlier one of his is worth nothing now. None for whoever cannot sign in."""
    person = advisors.find(tx, advisor_id)
    if person is None or person.email is None or person.disabled_at is not None:
        return None
    tx.run(
        "DELETE FROM invite WHERE advisor_id = :id OR expires_at <= :now",
        id=advisor_id,
        now=tx.now_ms,
    )
    tx.insert(
        "invite",
        token_hash=digest(token),
        advisor_id=advisor_id,
        kind=kind,
        created_by=by,
        created_at=tx.now_ms,
        expires_at=tx.now_ms + LASTS_MS[kind],
    )
    audit.write(tx, actor=by, action=f"user.{kind}", object_type="advisor", object_id=advisor_id)
    return Invite(
        advisor_id=advisor_id,
        name=person.name,
        email=person.email,
        kind=kind,
        by=by,
        expires_at=tx.now_ms + LASTS_MS[kind],
    )


def find(tx: Tx, token: str) -> Invite | None:
    """A link that may still be used."""
    if not SHAPE.fullmatch(token):
        return None
    row: Any = tx.one(
        "SELECT i.advisor_id, i.kind, i.created_by, i.expires_at, a.name, a.email FROM invite i"
        " JOIN advisor a ON a.id = i.advisor_id AND a.disabled_at IS NULL AND a.email IS NOT NULL"
        " WHERE i.token_hash = :hash AND i.expires_at > :now",
        hash=digest(token),
        now=tx.now_ms,
    )
    if row is None:
        return None
    return Invite(
        advisor_id=row.advisor_id,
        name=row.name,
        email=row.email,
        kind=row.kind,
        by=row.created_by,
        expires_at=row.expires_at,
    )


def use(tx: Tx, token: str, password_hash: str) -> Invite | None:
    """Set the password that he chose; the link is gone then, and with it every session of his. None when it was not
    good any more."""
    found = find(tx, token)
    if found is None or not tx.run("DELETE FROM invite WHERE token_hash = :hash", hash=digest(token)):
        return None  # of two at once one is the first
    if not advisors.set_password(tx, found.advisor_id, password_hash, by=found.advisor_id):
        return None
    return found
