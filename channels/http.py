"""One way to call a platform: bytes out, status and bytes back, and "never reached" told apart from "answer lost".

Until the request's first byte a failure is `Retryable`; from then on it is `DeliveryUnknown`, for the platform may
have acted on it. Nothing here ever calls twice, follows a redirect, keeps a cookie or names a URL (tokens are in
them) in an error.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from contextvars import ContextVar
from http.cookies import SimpleCookie
from typing import Any, Final

import aiohttp
from aiohttp import ClientResponse, ClientTimeout, hdrs
from aiohttp.abc import AbstractResolver
from aiohttp.http_writer import StreamWriter
from yarl import URL

from channels.contract import ChannelError, DeliveryUnknown, Permanent, Retryable
from channels.deadlines import Deadlines

ANSWER_BYTES: Final = 1 << 20
CONNECTIONS: Final = 64  # as many as the sender has calls in flight: waiting for one cost a fifth of a turn
_SMALL: Final = 1 << 15  # up to it a body is written at once: the socket's buffer takes it whole
_LARGE: Final = 1 << 19  # above it a body goes out in pieces, so that it does not hold the loop
_PATHS: Final = 64  # paths whose parsed URL is kept: a platform has a handful of methods


class _Call:
    """What the request of a call must know: `body` where it is small; and what the call wants to know of it."""

    __slots__ = ("body", "location", "started")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.started = False
        self.location = ""  # where a redirect points


_call: ContextVar[_Call] = ContextVar("call")


class _Request(aiohttp.ClientRequest):
    """Marks the moment before the first byte: a connection (new or kept alive) is there, nothing is written yet."""

    async def send(self, conn: Any) -> ClientResponse:
        call = _call.get()
        call.started = True
        if not call.body:
            return await super().send(conn)
        # Headers and body in one write. The library does as much on Python 3.12; before, it makes a task for a body.
        writer = StreamWriter(conn.protocol, self.loop)
        await writer.write_headers(f"{self.method} {self.url.raw_path_qs} HTTP/1.1", self.headers)
        await writer.write_eof(call.body)
        conn.protocol.start_timeout()
        return self.response_class(
            self.method,
            self.original_url,
            writer=None,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self.session,
            stream_writer=writer,
        )


class _NoCookies(aiohttp.DummyCookieJar):
    """The library's makes an empty cookie for every request; here all have the same."""

    def __init__(self) -> None:
        super().__init__()
        self._none: SimpleCookie = SimpleCookie()

    def filter_cookies(self, request_url: URL) -> SimpleCookie:
        del request_url  # the library's own name for it
        return self._none


class _TooLarge(Exception):
    pass


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
        self._base = base.rstrip("/")
        self._encoded = encoded
        self._total_s = total_s
        self._connect_s = connect_s
        self._idle_s = idle_s
        self._limit = limit
        self._resolver = resolver
        self._timeout = self._timeouts(idle_s)
        self._session: aiohttp.ClientSession | None = None
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
        size = len(body)
        if size <= _SMALL:
            call, data = _Call(body), None
            headers = {**headers, hdrs.CONTENT_LENGTH: str(size)}
        else:
            call, data = _Call(b""), body if size <= _LARGE else io.BytesIO(body)
        try:
            return await self._ask(call, "POST", path, data, headers, total_s=total_s, idle_s=idle_s, cap=ANSWER_BYTES)
        except _TooLarge:
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
        call = _Call(b"")
        try:
            status, body = await self._ask(call, "GET", path, None, headers, total_s=total_s, idle_s=None, cap=cap)
        except _TooLarge:
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

    async def _ask(
        self,
        call: _Call,
        method: str,
        path: str,
        data: Any,
        headers: Mapping[str, str],
        *,
        total_s: float | None,
        idle_s: float | None,
        cap: int,
    ) -> tuple[int, bytes]:
        if self.closed:
            raise Retryable("the client is closed")
        if self._session is None:
            self._session = self._open()
        _call.set(call)
        timeout = self._timeout if idle_s is None else self._timeouts(idle_s)
        try:
            with self._deadlines.within(total_s or self._total_s):
                response = await self._session.request(
                    method, self._url(path), data=data, headers=headers, allow_redirects=False, timeout=timeout
                )
                if 300 <= response.status < 400:
                    call.location = response.headers.get(hdrs.LOCATION, "")
                try:
                    return response.status, await _read(response, cap)
                except BaseException:
                    response.close()
                    raise
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as err:
            problem = type(err).__name__  # its text has the URL, and the URL the token
        if call.started:
            raise DeliveryUnknown(f"no answer ({problem})", code=problem)
        raise Retryable(f"not reached ({problem})", code=problem)

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

    def _open(self) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limit, keepalive_timeout=15, ttl_dns_cache=60, resolver=self._resolver
            ),
            request_class=_Request,
            cookie_jar=_NoCookies(),
            trust_env=False,
            auto_decompress=False,
            headers={hdrs.ACCEPT_ENCODING: "identity", hdrs.USER_AGENT: "gateway"},
        )
        session._retry_connection = False  # aiohttp would repeat a GET on a kept connection that died
        return session


async def _read(response: ClientResponse, cap: int) -> bytes:
    content = response.content
    if content.is_eof() and content.total_bytes <= cap:
        return content.read_nowait()  # it came with its headers, as short ones do
    if (response.content_length or 0) > cap:
        raise _TooLarge
    pieces: list[bytes] = []
    size = 0
    while piece := await content.readany():
        size += len(piece)
        if size > cap:
            raise _TooLarge
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
