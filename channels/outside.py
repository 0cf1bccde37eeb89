"""The one guarded way to an address that came from outside: https, to hosts of a list, and only to public addresses.

Two parsers that disagree about an address are a hole, so what any of them might read otherwise is refused. Bytes are
taken as they come, never unpacked, and counted while they stream.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from channels.contract import Permanent, Retryable
from channels.http import Http
from channels.reasons import Reason

HOSTS: Final = 16  # whose connections are kept
HOPS: Final = 2  # redirects that are followed, each looked at like the first address
TOTAL_S: Final = 60.0  # for all of a file, however slowly it drips
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
GONE: Final = frozenset({401, 403, 404, 410})
BAD_ADDRESS: Final[Reason] = "bad_address"

_PLAIN: Final = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CLOSED: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24"
        " 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/96"
        " ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16"
        " fc00::/7 fe80::/10 fec0::/10 ff00::/8"
    ).split()
)  # not `is_global`: on Python 3.11 it takes NAT64, 6to4 and multicast for the open Internet


def public(address: str) -> bool:
    """Whether an IP address is on the open Internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return not any(found in network for network in _CLOSED if network.version == found.version)


def place(url: str, suffixes: Sequence[str]) -> tuple[str, str]:
    """Host and path of an address that may be fetched; http is asked for by https. Raises Permanent. suffixes --
    `.example.com`: any host below it."""
    if _PLAIN.fullmatch(url) and "\\" not in url:
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
            sound = _HOST.fullmatch(host) and parts.port in (None, 443) and not re.search("[@%]", parts.netloc)
            if sound and any(host.endswith(suffix) for suffix in suffixes):
                return host, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    raise Permanent("the file's address is none that may be fetched", reason=BAD_ADDRESS)


class PublicOnly(AbstractResolver):
    """Resolves to public addresses or to nothing; the connection goes to the very address that was looked at.
    `closed` -- names that led elsewhere."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner
        self.closed: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._inner = self._inner or DefaultResolver()
        found = await self._inner.resolve(host, port, family)
        if not found or not all(public(one["host"]) for one in found):
            self.closed.add(host)
            raise OSError("not a public address")
        self.closed.discard(host)
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()


class Outside:
    """Customers' files of one platform, by the addresses that its events name.

    suffixes -- of the hosts that keep them · near -- the account's API at `base`: where that is plain http it is a
    stand-in on this machine, which keeps its files there too.
    """

    def __init__(
        self,
        suffixes: Sequence[str],
        *,
        near: Http | None = None,
        base: str = "",
        resolver: AbstractResolver | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._suffixes = tuple(suffixes)
        self._near = near
        self._own = f"http://{urlsplit(base).netloc}" if near is not None and base.startswith("http://") else ""
        self._resolver = PublicOnly(resolver)
        self._total_s = total_s
        self._hosts: dict[str, Http] = {}

    async def file(self, url: str, *, cap: int) -> bytes:
        """At most `cap` bytes. Raises Permanent (bad_address, gone, too_large), Retryable."""
        for _ in range(HOPS + 1):
            status, data, location = await self._look(url, cap)
            if status == 200:
                return data
            if status in GONE:
                raise Permanent("the file is gone", reason="gone", code=str(status))
            if status not in REDIRECTS:
                raise Retryable(f"no file, HTTP {status}", code=str(status))
            try:
                url = urljoin(url, location)
            except ValueError:
                break
        raise Permanent("the file's address leads astray", reason=BAD_ADDRESS)

    async def _look(self, url: str, cap: int) -> tuple[int, bytes, str]:
        if self._near is not None and self._own and url.startswith(f"{self._own}/"):
            return await self._near.look(url.removeprefix(self._own), {}, cap=cap, total_s=self._total_s)
        host, path = place(url, self._suffixes)
        try:
            return await (await self._host(host)).look(path, {}, cap=cap, total_s=self._total_s)
        except Retryable:
            if host not in self._resolver.closed:
                raise
        raise Permanent("the file's host is not on the open Internet", reason=BAD_ADDRESS)

    async def _host(self, host: str) -> Http:
        http = self._hosts.pop(host, None) or Http(f"https://{host}", resolver=self._resolver, limit=4, encoded=True)
        self._hosts[host] = http  # the last used last
        if len(self._hosts) > HOSTS:
            await self._hosts.pop(next(iter(self._hosts))).close()
        return http

    async def close(self) -> None:
        for http in self._hosts.values():
            await http.close()
        self._hosts.clear()
