"""How a stand-in listens, and how it fails: no answer, half of one, another one, a connection that ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from gateway.demo.standins.faults import Fault, Faults


@contextlib.asynccontextmanager
async def listening(serve: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], port: int) -> AsyncIterator[str]:
    """A server on this machine, whatever path is asked for; its address. `port` -- 0: any that is free."""
    server = web.Server(serve, access_log=None, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Noted(Protocol):
    """A call on record. `fault` -- which one it met, '' = none."""

    fault: str


class Failing:
    """Calls are carried out, or meet the fault that waits for them. `changed` -- told of whatever others may wait for."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._faults = Faults()
        self._released = asyncio.Event()

    def next(self, faults: Sequence[Fault], *, name: str | None) -> None:
        """Each meets the next call of that name; None: the next of any."""
        self._faults.add(faults, method=name, chat=None)

    def release(self) -> None:
        """Hanging calls go on."""
        self._released.set()
        self._released = asyncio.Event()

    async def serve(
        self, request: web.BaseRequest, call: Noted, name: str, carry_out: Callable[[bytes], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        """`carry_out` -- from the body to the answer; a fault that was `accepted` lets it happen all the same."""
        try:
            if self._faults.refuses(name):
                call.fault = "refuse"
                return await self._drop(request)
            raw = await request.content.read()  # the platform's own sizes rule, not the library's megabyte
            fault = self._faults.take(name, 0)
            if fault is None:
                return await carry_out(raw)
            call.fault = fault.kind
            return await self._fail(request, fault, await carry_out(raw) if fault.accepted else None)
        finally:
            self._changed()

    async def _fail(self, request: web.BaseRequest, fault: Fault, answer: web.Response | None) -> web.StreamResponse:
        match fault.kind:
            case "answer":
                return web.Response(status=fault.status, body=fault.body, headers=dict(fault.headers))
            case "hang":
                self._changed()
                await self._released.wait()
                if answer is not None:
                    return answer
            case "half" if answer is not None:
                body = answer.body
                assert isinstance(body, bytes)
                response = web.StreamResponse(headers={"Content-Length": str(len(body))})
                response.content_type = answer.content_type
                await response.prepare(request)
                await response.write(body[: len(body) // 2])
        return await self._drop(request)

    async def _drop(self, request: web.BaseRequest) -> web.StreamResponse:
        self._changed()
        if request.transport is not None:
            request.transport.close()
        await asyncio.Event().wait()  # the end of the connection cancels this handler
        raise AssertionError
