"""Outgoing webhooks, the pure part: which addresses may be called, how a call is signed, what its answer means.

Standard Webhooks 1.0 (standardwebhooks.com, read 2026-11-22): three headers, HMAC-SHA256 over `id.timestamp.body`, ten
tries over three days, 410 means stop.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from channels import outside
from channels.contract import Permanent
from storage.announced import Telling
from storage.subscriptions import PREFIX
from storage.times import at, rfc3339

WAITS_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)  # as Standard Webhooks recommend
JITTER: Final = 0.2  # later, never earlier
GONE: Final = 410
TIRED: Final = frozenset({429, 502, 503, 504})  # it is the receiver, not this one announcement
GIVEN_UP_MS: Final = 5 * 86_400_000  # nothing but failures for so long: nobody is there
LONGEST_REST_S: Final = 86_400
URL_LENGTH: Final = 2000
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def address(url: str, *, near: bool) -> tuple[str, str]:
    """Scheme and host of a webhook's address, and its path. Raises ValueError, in words for people. near -- plain http
    on this very machine is fine, nobody else reaches us."""
    if len(url) > URL_LENGTH:
        raise ValueError(f"at most {URL_LENGTH} characters")
    if near and _is_near(url):
        parts = urlsplit(url)
        return f"http://{parts.netloc}", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not url.lower().startswith("https://"):
        raise ValueError("an address that begins with https://")
    try:
        host, path = outside.place(url, ("",))
    except Permanent:
        raise ValueError("a public host by its name, port 443, without user name or password") from None
    return f"https://{host}", path


def _is_near(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and "\\" not in url and " " not in url
    return plain and parts.scheme == "http" and parts.hostname in LOOPBACK and port != 0 and "@" not in parts.netloc


def is_near(host: str, public_url: str) -> bool:
    """Does this gateway serve its own machine only? host -- that it listens on · public_url -- as configured."""
    try:
        named = urlsplit(public_url).hostname or ""
    except ValueError:
        return False
    return host in LOOPBACK and (not public_url or named in LOOPBACK)


def payload(telling: Telling) -> bytes:
    """The body, to be signed to the letter."""
    data: dict[str, Any] = orjson.loads(telling.data)
    return orjson.dumps({"type": telling.type, "timestamp": rfc3339(telling.at), "data": data | dict(telling.personal)})


def signed(telling: Telling, body: bytes, *, now_ms: int) -> dict[str, str]:
    """The headers of a call. A receiver in the middle of a change finds a signature by each secret."""
    stamp = str(now_ms // 1000)
    content = f"{telling.id}.{stamp}.".encode() + body
    return {
        "Content-Type": "application/json",
        "webhook-id": telling.id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(secret, content) for secret in telling.secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


@dataclass(frozen=True, slots=True)
class Fate:
    """`state`, `next_at`, `off`, `rest_until` -- as of storage.announced.Told."""

    state: str
    next_at: int = 0
    off: str = ""
    rest_until: int | None = None


def fate(
    telling: Telling,
    status: int | None,
    *,
    now_ms: int,
    rest_s: float = 0.0,
    chance: Callable[[], float] = random.random,
) -> Fate:
    """What an answer means; status -- None: there was none · rest_s -- the Retry-After that came with it."""
    if status is not None and 200 <= status < 300:
        return Fate("done")
    if status == GONE:
        return Fate("failed", off="gone")
    since = telling.failing_since
    off = "failing" if since is not None and now_ms - since >= GIVEN_UP_MS else ""
    if telling.number > len(WAITS_S):
        return Fate("failed", off=off)
    rest_s = min(rest_s, LONGEST_REST_S)
    wait_s = max(WAITS_S[telling.number - 1] * (1 + JITTER * chance()), rest_s)
    rest = now_ms + round(rest_s * 1000) if rest_s and status in TIRED else None
    return Fate("waiting", next_at=now_ms + round(wait_s * 1000), off=off, rest_until=rest)


def retry_after(headers: Mapping[str, str], *, now_ms: int) -> float:
    """Seconds, 0 when there is none that can be read: a number, or a date."""
    given = headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, _seconds(moment, at(now_ms)))


def _seconds(later: datetime, earlier: datetime) -> float:
    return (later - earlier).total_seconds()
