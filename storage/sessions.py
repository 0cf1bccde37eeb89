"""Sessions of the desk: a 256-bit random token in a cookie, its SHA-256 in the table; idle 60 min, at most 12 h."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from typing import Final

from storage.tx import Tx

IDLE_MS: Final = 60 * 60_000
LONGEST_MS: Final = 12 * 3_600_000
AT_ONCE: Final = 3  # a fourth sign-in ends the oldest session
TOUCH_MS: Final = 60_000  # `seen_at` is written at most this often


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An open session and whose it is."""

    id_hash: bytes
    advisor_id: str
    name: str
    role: str
    agent_code: str
    seen_at: int
    expires_at: int
    second_factor: bool  # he has one: this session was begun with it, for the others end when it is switched on
    proved_at: int  # when he last showed that it is he
    passwordless: bool  # he has no password: somebody else vouches for him


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A session as its person looks at it. `id` -- a name for it that opens nothing; `place` -- a network, '' = unknown."""

    id: str
    id_hash: bytes
    agent: str
    place: str
    created_at: int
    seen_at: int


def new_token() -> str:
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def csrf(token: str) -> str:
    """The header that goes with multipart forms: only a page of ours that was given it can know it."""
    return hmac.digest(token.encode("utf-8", "replace"), b"csrf", hashlib.sha256).hex()[:32]


def named(id_hash: bytes) -> str:
    """What a session is called where people see it: made of its key, and of no use to find that."""
    digested = hashlib.sha256(b"name" + id_hash).digest()[:16]
    return base64.b32hexencode(digested).decode().rstrip("=").lower()


def place_of(address: str) -> str:
    """The network of an address: enough to tell the office from elsewhere, and nobody's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return "local"
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def begin(tx: Tx, token: str, advisor_id: str, *, agent: str = "", address: str = "") -> None:
    """A new session, of somebody who has just shown that it is he; of more than AT_ONCE the ones seen longest ago end."""
    tx.run("DELETE FROM session WHERE expires_at <= :now OR seen_at <= :idle", now=tx.now_ms, idle=tx.now_ms - IDLE_MS)
    crowded = tx.run(
        "DELETE FROM session WHERE advisor_id = :id AND id_hash NOT IN"
        " (SELECT id_hash FROM session WHERE advisor_id = :id ORDER BY seen_at DESC, id_hash LIMIT :keep)",
        id=advisor_id,
        keep=AT_ONCE - 1,
    )
    if crowded:
        tx.hint("advisor", advisor_id)
    tx.insert(
        "session",
        id_hash=digest(token),
        advisor_id=advisor_id,
        created_at=tx.now_ms,
        seen_at=tx.now_ms,
        expires_at=tx.now_ms + LONGEST_MS,
        agent=agent[:200],
        place=place_of(address),
        proved_at=tx.now_ms,
    )


def find(tx: Tx, id_hash: bytes) -> Session | None:
    """The session, when it is alive and its person may still act."""
    row = tx.one(
        "SELECT s.id_hash, s.advisor_id, s.seen_at, s.expires_at, s.proved_at, a.password_hash, a.name, a.role, a.agent_code, f.confirmed_at"
        " FROM session s JOIN advisor a ON a.id = s.advisor_id AND a.disabled_at IS NULL"
        " LEFT JOIN second_factor f ON f.advisor_id = s.advisor_id"
        " WHERE s.id_hash = :hash AND s.expires_at > :now AND s.seen_at > :idle",
        hash=id_hash,
        now=tx.now_ms,
        idle=tx.now_ms - IDLE_MS,
    )
    if row is None:
        return None
    return Session(
        id_hash=bytes(row.id_hash),
        advisor_id=row.advisor_id,
        name=row.name,
        role=row.role,
        agent_code=row.agent_code,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        second_factor=row.confirmed_at is not None,
        proved_at=row.proved_at,
        passwordless=not row.password_hash,
    )


def of(tx: Tx, advisor_id: str) -> list[Open]:
    """A person's sessions that are alive, the one used last first."""
    rows = tx.all(
        "SELECT id_hash, agent, place, created_at, seen_at FROM session WHERE advisor_id = :id AND expires_at > :now"
        " AND seen_at > :idle ORDER BY seen_at DESC, id_hash",
        id=advisor_id,
        now=tx.now_ms,
        idle=tx.now_ms - IDLE_MS,
    )
    return [Open(id=named(bytes(row.id_hash)), **{**row._mapping, "id_hash": bytes(row.id_hash)}) for row in rows]


def renew(tx: Tx, id_hash: bytes, token: str) -> bool:
    """The same session under a new id, proven now: after what changes who may come in. False when it is over."""
    return bool(
        tx.run(
            "UPDATE session SET id_hash = :new, proved_at = :now, seen_at = :now WHERE id_hash = :old",
            new=digest(token),
            old=id_hash,
            now=tx.now_ms,
        )
    )


def prove(tx: Tx, id_hash: bytes) -> int:
    """Its person has just shown that it is he. When that was."""
    tx.run("UPDATE session SET proved_at = :now WHERE id_hash = :hash", now=tx.now_ms, hash=id_hash)
    return tx.now_ms


def touch(tx: Tx, hashes: list[bytes]) -> None:
    """They were used a moment ago."""
    tx.run_among(f"UPDATE session SET seen_at = {tx.now_ms} WHERE id_hash IN (:among)", hashes)  # noqa: S608


def end(tx: Tx, id_hash: bytes) -> bool:
    return tx.run("DELETE FROM session WHERE id_hash = :hash", hash=id_hash) > 0


def end_all(tx: Tx, advisor_id: str, *, but: bytes = b"") -> int:
    """End a person's sessions, all but one, and what they are being told; how many."""
    ended = tx.run("DELETE FROM session WHERE advisor_id = :id AND id_hash <> :but", id=advisor_id, but=but)
    if ended:
        tx.hint("advisor", advisor_id)
    return ended
