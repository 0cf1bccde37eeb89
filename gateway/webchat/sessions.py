"""Who a visitor is: a token of 128 random bits, kept hashed, good for one thread, thirty days after its last use.

On our own page the token lives in an HttpOnly cookie, in a widget's frame with the page that embeds it: see
docs/adr on web chat visitors.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from storage.ids import new_id
from storage.tx import Tx

LIFE_MS: Final = 30 * 86_400_000
TOUCH_MS: Final = 3_600_000  # how exactly the last use is known; a write a message would be too dear
COOKIES: Final = ("__Host-chat", "chat")
BY_COOKIE: Final = "cookie"  # what a page says that cannot read its own token
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A session that is alive. `key` -- the token's hash."""

    key: bytes
    account_id: str
    thread: str


def new_token() -> str:
    return secrets.token_hex(16)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def create(tx: Tx, key: bytes, account_id: str) -> Visitor:
    """A session with a thread of its own."""
    thread = new_id()
    tx.insert(
        "web_session", token_hash=key, account_id=account_id, thread=thread, created_at=tx.now_ms, seen_at=tx.now_ms
    )
    return Visitor(key, account_id, thread)


def find(tx: Tx, key: bytes) -> tuple[Visitor, bool] | None:
    """The session of this token's hash while it lives, and whether its last use should be noted."""
    row = tx.one(
        "SELECT account_id, thread, seen_at FROM web_session WHERE token_hash = :key AND seen_at > :old",
        key=key,
        old=tx.now_ms - LIFE_MS,
    )
    if row is None:
        return None
    return Visitor(key, row.account_id, row.thread), row.seen_at < tx.now_ms - TOUCH_MS


def alive(tx: Tx, keys: Sequence[bytes]) -> set[bytes]:
    """Those of these sessions that still live."""
    rows = tx.among(
        "SELECT token_hash FROM web_session WHERE token_hash IN (:among) AND seen_at > :old",
        list(keys),
        old=tx.now_ms - LIFE_MS,
    )
    return {bytes(row[0]) for row in rows}


def touch(tx: Tx, key: bytes) -> None:
    tx.run("UPDATE web_session SET seen_at = :now WHERE token_hash = :key", now=tx.now_ms, key=key)


def end(tx: Tx, key: bytes) -> None:
    tx.run("DELETE FROM web_session WHERE token_hash = :key", key=key)


def forget_old(tx: Tx) -> int:
    """Sessions that nobody can use any more."""
    return tx.run("DELETE FROM web_session WHERE seen_at <= :old", old=tx.now_ms - LIFE_MS)


def token_of(given: str, request: web.Request) -> str:
    """The token that a caller showed, '' when it cannot be one: `given`, or the cookie when it says so (or nothing)."""
    if given in ("", BY_COOKIE):
        given = next((request.cookies[name] for name in COOKIES if request.cookies.get(name)), "")
    return given if _TOKEN.fullmatch(given) else ""


def keep(response: web.Response, token: str, *, https: bool) -> None:
    """Give the token to the browser, out of every script's reach."""
    response.set_cookie(
        COOKIES[0] if https else COOKIES[1],
        token,
        max_age=LIFE_MS // 1000,
        path="/",
        secure=https,
        httponly=True,
        samesite="Strict",
    )


def drop(response: web.Response) -> None:
    for name in COOKIES:
        response.del_cookie(name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="Strict")
