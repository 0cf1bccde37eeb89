"""The push services of browsers, over the network. A subscription's address comes from outside: https, a host of the list,
public addresses only; nothing there is ever followed elsewhere (reliability of `channels.outside`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from channels.contract import ChannelError, Permanent, RateLimited, Retryable
from channels.http import Http
from channels.outside import PublicOnly, place
from gateway.addresses import loopback

LONGEST: Final = 2000  # of an address
HOSTS: Final = 8  # whose connections are kept
MOST_WAIT_S: Final = 600.0  # what a service asks us to wait is kept within reason: somebody waits for this
TAKEN: Final = frozenset({200, 201, 202, 204})
GONE: Final = frozenset({404, 410})

_said: ContextVar[Mapping[str, str]] = ContextVar("said")


def _hear(headers: Mapping[str, str]) -> None:
    _said.set(headers)


class Gone(Permanent):
    """The browser unsubscribed, or is no more."""


def allowed(endpoint: str, services: Sequence[str]) -> tuple[str, str]:
    """(origin, path) of an address that may be called. Raises Permanent. services -- hosts, with all below them; an origin
    of this machine is a stand-in."""
    if len(endpoint) <= LONGEST and endpoint.isascii():
        for one in services:
            if one.startswith("http://") and endpoint.startswith(f"{one}/") and loopback(urlsplit(one).hostname or ""):
                return one, endpoint.removeprefix(one)
        if endpoint.startswith("https://"):
            host, path = place(endpoint, ("",))
            if any(host == one or host.endswith(f".{one}") for one in services):
                return f"https://{host}", path
    raise Permanent("no push service of the list", reason="bad_address")


class Services:
    """services -- see `allowed`."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = tuple(services)
        self._hosts: dict[str, Http] = {}

    def check(self, endpoint: str) -> str:
        """The host, for people's eyes. Raises Permanent."""
        return urlsplit(allowed(endpoint, self._services)[0]).hostname or ""

    async def post(self, endpoint: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Returns once the service has taken it. Raises Gone, RateLimited, Retryable, Permanent, DeliveryUnknown."""
        origin, path = allowed(endpoint, self._services)
        _said.set({})
        status, _ = await (await self._host(origin)).post(path, body, headers)
        problem = refusal(status, _said.get().get("Retry-After", ""))
        if problem is not None:
            raise problem

    async def _host(self, origin: str) -> Http:
        http = self._hosts.pop(origin, None)
        if http is None:
            resolver = PublicOnly() if origin.startswith("https://") else None
            http = Http(origin, resolver=resolver, limit=4, encoded=True)
            http.hears = _hear
        self._hosts[origin] = http  # the last used last
        if len(self._hosts) > HOSTS:
            await self._hosts.pop(next(iter(self._hosts))).close()
        return http

    async def close(self) -> None:
        for http in self._hosts.values():
            await http.close()
        self._hosts.clear()


def refusal(status: int, retry_after: str) -> ChannelError | None:
    """What a service's answer means (RFC 8030 5, 8.4)."""
    code = str(status)
    if status in TAKEN:
        return None
    if status in GONE:
        return Gone("the subscription is gone", reason="gone", code=code)
    if status == 429 or (status == 503 and retry_after):
        return RateLimited("the push service is busy", retry_after=_seconds(retry_after), code=code)
    if status >= 500 or status == 408:
        return Retryable("the push service fails", code=code)
    return Permanent("the push service refuses", code=code)


def _seconds(said: str) -> float:
    """Seconds or a date, as HTTP has it; a minute where it says nothing that can be read."""
    if said.isascii() and said.isdigit():
        return min(float(said), MOST_WAIT_S)
    try:
        return min(max(1.0, parsedate_to_datetime(said).timestamp() - time.time()), MOST_WAIT_S)
    except (ValueError, TypeError):
        return 60.0
