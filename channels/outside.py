"""The one guarded way to an address that came from outside: https, to hosts of a list, and only to public addresses.

Two parsers that disagree about an address are a hole, so what any of them might read otherwise is refused.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from channels.contract import Permanent
from channels.http import Http

HOSTS: Final = 16  # whose connections are kept

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
    raise Permanent("the file's address is none that may be fetched", reason="bad_address")


class PublicOnly(AbstractResolver):
    """Resolves to public addresses or to nothing; the connection goes to the very address that was looked at."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._inner = self._inner or DefaultResolver()
        found = await self._inner.resolve(host, port, family)
        if not found or not all(public(one["host"]) for one in found):
            raise OSError("not a public address")
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()


class Outside:
    """Files of one platform, by the addresses that its events name."""

    def __init__(self, suffixes: Sequence[str], *, resolver: AbstractResolver | None = None, **http: Any) -> None:
        self._suffixes = tuple(suffixes)
        self._resolver = resolver
        self._options = http
        self._hosts: dict[str, Http] = {}

    async def get(self, url: str, *, cap: int) -> tuple[int, bytes]:
        """Status and body, no redirect followed. Raises Retryable, Permanent."""
        host, path = place(url, self._suffixes)
        http = self._hosts.get(host)
        if http is None:
            if len(self._hosts) >= HOSTS:
                await self._hosts.pop(next(iter(self._hosts))).close()
            resolver = self._resolver or PublicOnly()
            http = self._hosts[host] = Http(f"https://{host}", resolver=resolver, limit=4, **self._options)
        return await http.get(path, {}, cap=cap)

    async def close(self) -> None:
        for http in self._hosts.values():
            await http.close()
        self._hosts.clear()
