"""One way to call a platform: bytes out, status and bytes back, and "never reached" told apart from "answer lost".

Until the request's first byte a failure is `Retryable`; from then on it is `DeliveryUnknown`, for the platform may
have acted on it. Nothing here ever calls twice, follows a redirect, keeps a cookie or names a URL (tokens are in
them) in an error.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from typing import Any, Final

import aiohttp
from aiohttp import ClientResponse, ClientTimeout, hdrs
from aiohttp.abc import AbstractResolver
from yarl import URL

from channels.contract import ChannelError, DeliveryUnknown, Permanent, Retryable
from channels.deadlines import Deadlines
from channels.wire import Call, Hears, TooLarge, Wire

ANSWER_BYTES: Final = 1 << 20
CONNECTIONS: Final = 64  # as many as the sender has calls in flight: waiting for one cost a fifth of a turn
_SMALL: Final = 1 << 15  # up to it a body is written at once (channels.wire): the socket's buffer takes it whole
_LARGE: Final = 1 << 19  # above it a body goes out in pieces, so that it does not hold the loop
_PATHS: Final = 64  # paths whose parsed URL is kept: a platform has a handful of methods
_COMMON: Final[Mapping[str, str]] = {hdrs.ACCEPT_ENCODING: "identity", hdrs.USER_AGENT: "gateway"}

_call: ContextVar[Call] = ContextVar("call")


class _Request(aiohttp.ClientRequest):
    """Marks the moment before the first byte: a connection (new or kept alive) is there, nothing is written yet."""

    async def send(self, conn: Any) -> ClientResponse:
        _call.get().started = True
        return await super().send(conn)


class Http:
    """Keep-alive calls to one platform for one account.

    base -- scheme, host and perhaps a prefix; paths are appended to it and can lead nowhere else · connect_s -- DNS,
    TCP, TLS and the wait for one of `limit` connections · idle_s -- between two pieces of an answer · total_s -- all ·
    resolver -- of names, in place of the system's · encoded -- paths go out to the letter: they are signed.
    """

    def __init__(
        self,
        base: str,
        *,
        connect_s: float = 5.0,
        total_s: float = 15.0,
        idle_s: float = 10.0,
        limit: int = CONNECTIONS,
        resolver: AbstractResolver | None = None,
        encoded: bool = False,
    ) -> None:
        self.hears: Hears | None = None  # told the headers of every answer
        self._base = base.rstrip("/")
        self._encoded = encoded
        self._total_s = total_s
        self._connect_s = connect_s
        self._idle_s = idle_s
        self._limit = limit
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None
        self._wire: Wire | None = None
        self._deadlines = Deadlines()
        self.closed = False
        self._urls: dict[str, URL] = {}

    async def post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        total_s: float | None = None,
        idle_s: float | None = None,
    ) -> tuple[int, bytes]:
        """The answer's status and body. Raises Retryable or DeliveryUnknown."""
        call, idle_s = Call(self.hears), idle_s or self._idle_s
        if len(body) <= _SMALL:
            asking = self._swift(call, path, body, headers, idle_s)
        else:
            data = body if len(body) <= _LARGE else io.BytesIO(body)
            asking = self._ask(call, "POST", path, data, headers, idle_s, ANSWER_BYTES)
        try:
            return await self._fate(call, asking, total_s or self._total_s)
        except TooLarge:
            pass
        raise DeliveryUnknown("the answer is too large")

    async def get(
        self, path: str, headers: Mapping[str, str], *, cap: int = ANSWER_BYTES, total_s: float = 60.0
    ) -> tuple[int, bytes]:
        """As `post`; reading changes nothing there, so that every failure is Retryable, and more than `cap` bytes
        are Permanent(too_large)."""
        status, body, _ = await self.look(path, headers, cap=cap, total_s=total_s)
        return status, body

    async def look(
        self, path: str, headers: Mapping[str, str], *, cap: int = ANSWER_BYTES, total_s: float = 60.0
    ) -> tuple[int, bytes, str]:
        """As `get`, and where a redirect points to."""
        problem: ChannelError
        call = Call(self.hears)
        asking = self._ask(call, "GET", path, None, headers, self._idle_s, cap)
        try:
            status, body = await self._fate(call, asking, total_s)
        except TooLarge:
            problem = Permanent("the file is too large", reason="too_large")
        except DeliveryUnknown as err:
            problem = Retryable(str(err))
        else:
            return status, body, call.location
        raise problem

    async def close(self) -> None:
        self.closed = True
        if self._session is not None:
            await self._session.close()

    async def _fate(self, call: Call, asking: Awaitable[tuple[int, bytes]], total_s: float) -> tuple[int, bytes]:
        """What a call comes to, in our words for it."""
        try:
            with self._deadlines.within(total_s):
                return await asking
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as err:
            problem = type(err).__name__  # its text has the URL, and the URL the token
        if call.started:
            raise DeliveryUnknown(f"no answer ({problem})", code=problem)
        raise Retryable(f"not reached ({problem})", code=problem)

    async def _swift(
        self, call: Call, path: str, body: bytes, headers: Mapping[str, str], idle_s: float
    ) -> tuple[int, bytes]:
        if self._wire is None or self.closed:
            self._wire = self._made_wire()
        return await self._wire.post(call, self._url(path), body, headers, idle_s=idle_s, cap=ANSWER_BYTES)

    async def _ask(
        self,
        call: Call,
        method: str,
        path: str,
        data: Any,
        headers: Mapping[str, str],
        idle_s: float,
        cap: int,
    ) -> tuple[int, bytes]:
        session = self._open()
        _call.set(call)
        response = await session.request(
            method,
            self._url(path),
            data=data,
            headers=headers,
            allow_redirects=False,
            timeout=self._timeouts(idle_s),
        )
        if call.hears is not None:
            call.hears(response.headers)
        if 300 <= response.status < 400:
            call.location = response.headers.get(hdrs.LOCATION, "")
        try:
            return response.status, await _read(response, cap)
        except BaseException:
            response.close()
            raise

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            if not path.startswith("/"):
                raise ValueError("a path starts with /")
            url = URL(self._base + path, encoded=self._encoded)
            if len(self._urls) < _PATHS:
                self._urls[path] = url
        return url

    def _timeouts(self, idle_s: float) -> ClientTimeout:
        return ClientTimeout(
            total=None, connect=self._connect_s, sock_connect=self._connect_s, sock_read=idle_s, ceil_threshold=3600
        )

    def _made_wire(self) -> Wire:
        connector = self._open().connector
        assert connector is not None
        return Wire(connector, timeout=self._timeouts(0), deadlines=self._deadlines, common=_COMMON)

    def _open(self) -> aiohttp.ClientSession:
        if self.closed:
            raise Retryable("the client is closed", answered=None)
        if self._session is not None:
            return self._session
        session = self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limit, keepalive_timeout=15, ttl_dns_cache=60, resolver=self._resolver
            ),
            request_class=_Request,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers=_COMMON,
        )
        session._retry_connection = False  # aiohttp would repeat a GET on a kept connection that died
        return session


async def _read(response: ClientResponse, cap: int) -> bytes:
    content = response.content
    if content.is_eof() and content.total_bytes <= cap:
        return content.read_nowait()  # it came with its headers, as short ones do
    if (response.content_length or 0) > cap:
        raise TooLarge
    pieces: list[bytes] = []
    size = 0
    while piece := await content.readany():
        size += len(piece)
        if size > cap:
            raise TooLarge
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
