"""Bearer tokens of the API: shown once, kept as SHA-256. Each is an advisor of its own, so that its acts have a name."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final

from storage import advisors, audit
from storage.ids import floor, new_id
from storage.tx import Tx

PREFIX: Final = "ibg_"  # lets scanners of leaked secrets recognise it
OWNERS: Final = 8  # tokens made with tokens that are followed
MOMENT_MS: Final = 60_000  # from a token to the line about it
_COLUMNS: Final = "id, name, role, advisor_id, created_at, used_at, revoked_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A row of `api_token` without its hash."""

    id: str
    name: str
    role: str
    advisor_id: str
    created_at: int
    used_at: int | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whom a token speaks for. `token_hash` -- as kept, for a constant-time comparison."""

    token_id: str
    token_hash: bytes
    advisor_id: str
    name: str
    role: str
    agent_code: str
    used_at: int | None


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _token(row: Any) -> Token:
    return Token(**row._mapping)


def create(tx: Tx, secret: str, *, name: str, role: str, by: str) -> Token:
    """Keep a fresh secret under `name`; `by` -- who asked for it, for the audit."""
    person = advisors.create(tx, name=name, role=role, by=by)
    assert person is not None  # only an e-mail address can be taken
    token = Token(
        id=new_id(),
        name=name,
        role=role,
        advisor_id=person.id,
        created_at=tx.now_ms,
        used_at=None,
        revoked_at=None,
    )
    tx.insert(
        "api_token",
        id=token.id,
        name=name,
        role=role,
        advisor_id=person.id,
        token_hash=digest(secret),
        created_at=tx.now_ms,
    )
    audit.write(tx, actor=by, action="token.create", object_type="api_token", object_id=token.id, fields=("role",))
    return token


def find(tx: Tx, token_hash: bytes) -> Bearer | None:
    """The token's person, when both may act."""
    row = tx.one(
        "SELECT t.id AS token_id, t.token_hash, t.advisor_id, a.name, t.role, a.agent_code, t.used_at"
        " FROM api_token t JOIN advisor a ON a.id = t.advisor_id AND a.disabled_at IS NULL"
        " WHERE t.token_hash = :hash AND t.revoked_at IS NULL",
        hash=token_hash,
    )
    if row is None:
        return None
    found = dict(row._mapping)
    return Bearer(**{**found, "token_hash": bytes(found["token_hash"])})


def listed(tx: Tx, *, limit: int = 500) -> list[Token]:
    """Every token that was not revoked, the newest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM api_token WHERE revoked_at IS NULL ORDER BY id DESC LIMIT :limit",  # noqa: S608
        limit=limit,
    )
    return [_token(row) for row in rows]


def one(tx: Tx, token_id: str) -> Token | None:
    """A token, revoked or not."""
    row = tx.one(f"SELECT {_COLUMNS} FROM api_token WHERE id = :id", id=token_id)  # noqa: S608
    return None if row is None else _token(row)


def fits(tx: Tx, token_id: str, secret: str) -> bool:
    """Is this the secret of that token?"""
    kept = tx.value("SELECT token_hash FROM api_token WHERE id = :id", id=token_id)
    return kept is not None and hmac.compare_digest(bytes(kept), digest(secret))


def revoke(tx: Tx, token_id: str, *, by: str) -> Token | None:
    """The token ends here, and with it the advisor that it was. None when there is none to revoke."""
    row = tx.one(f"SELECT {_COLUMNS} FROM api_token WHERE id = :id AND revoked_at IS NULL", id=token_id)  # noqa: S608
    if row is None:
        return None
    tx.run("UPDATE api_token SET revoked_at = :now WHERE id = :id", now=tx.now_ms, id=token_id)
    tx.run("UPDATE advisor SET disabled_at = :now WHERE id = :id", now=tx.now_ms, id=row.advisor_id)
    audit.write(tx, actor=by, action="token.revoke", object_type="api_token", object_id=token_id)
    tx.hint("advisor", row.advisor_id)
    return Token(**{**row._mapping, "revoked_at": tx.now_ms})


def used(tx: Tx, token_ids: list[str]) -> None:
    """They were used a moment ago."""
    tx.run_among(f"UPDATE api_token SET used_at = {tx.now_ms} WHERE id IN (:among)", token_ids)  # noqa: S608


def behind(tx: Tx, credential: str) -> list[str]:
    """Advisors who stand behind a credential that is a token: its own, who made it, and who made the token that he made it with."""
    token_id = credential.partition("token:")[2]
    found: list[str] = []
    while token_id and len(found) < OWNERS:
        advisor_id = tx.value("SELECT advisor_id FROM api_token WHERE id = :id", id=token_id)
        if advisor_id is None:
            break
        found += [advisor_id, *(maker := _maker(tx, token_id))]
        token_id = tx.value("SELECT id FROM api_token WHERE advisor_id = :id", id=maker[0]) if maker else ""
    return found


def _maker(tx: Tx, token_id: str) -> list[str]:
    """The audit tells, with an id of the same moment: no index is needed for the way there."""
    made = int(token_id[:10], 32)
    rows = tx.all(
        "SELECT actor FROM audit_entry WHERE id >= :since AND id < :until AND object_id = :token AND action = 'token.create'",
        since=floor(made),
        until=floor(made + MOMENT_MS),
        token=token_id,
    )
    return [row.actor for row in rows]
