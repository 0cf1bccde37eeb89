"""The administrator's door: the running gateway's own API over its socket, or the same API in this process.

    async with admin(config) as call:
        token = await call("POST", "/tokens", {"name": "crm", "role": "integration"})

On SQLite a running gateway answers on `gateway.sock` beside the database (0600: who may open it is the system's
administrator). When nothing runs, and always on PostgreSQL, the command opens the database itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from storage.errors import AlreadyRunning

if TYPE_CHECKING:
    from aiohttp import web

    from gateway.config import Config
    from gateway.parts import Parts

SOCKET_BYTES: Final = 100  # sun_path holds 108 on Linux, 104 elsewhere
PATIENCE_S: Final = 10.0  # for a gateway that is just starting or stopping
CALL_S: Final = 600.0  # a copy of a large database


class AdminError(Exception):
    """The API refused. `code` as in its error body; `fields` -- what is wrong with which field."""

    def __init__(self, status: int, code: str, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = fields or {}

    def line(self) -> str:
        wrong = "; ".join(f"{name}: {what}" for name, what in self.fields.items())
        return f"{self} ({wrong})" if wrong else str(self)


class Call(Protocol):
    """`call(method, path below /api/v1, JSON body) -> JSON answer`, or the bytes of an archive. Raises AdminError."""

    async def __call__(self, method: str, path: str, json: Any = None, /) -> Any: ...


@contextlib.asynccontextmanager
async def beside(socket: Path | None) -> AsyncIterator[Call | None]:
    """The gateway that listens there; None when nobody does."""
    if socket is None or not await answers(socket):
        yield None
        return
    async with _calls(socket) as call:
        yield call


@contextlib.asynccontextmanager
async def admin(config: Config) -> AsyncIterator[Call]:
    """Raises what opening the store raises: AlreadyRunning, SchemaNewer, StorageUnavailable, KeyBroken."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        async with beside(config.socket) as call:
            if call is not None:
                yield call
                return
        async with contextlib.AsyncExitStack() as stack:
            try:
                socket = await stack.enter_async_context(_own_app(config))
            except AlreadyRunning:  # its socket is not there yet, or not any more
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)
                continue
            yield await stack.enter_async_context(_calls(socket))
            return


async def answers(socket: Path) -> bool:
    """Whether somebody listens there; the file alone says nothing."""
    try:
        with reachable(socket) as path:
            _, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), 5)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


@contextlib.contextmanager
def reachable(socket: Path) -> Iterator[str]:
    """The socket's path in a form that fits into a socket address, for binding and connecting."""
    if len(os.fsencode(socket)) <= SOCKET_BYTES or not Path("/proc/self/fd").is_dir():
        yield str(socket)
        return
    handle = os.open(socket.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{socket.name}"
    finally:
        os.close(handle)


async def serve_socket(parts: Parts) -> None:
    """Open the running gateway's admin socket (0600); `parts.closers` closes it. We hold the database's lock, so a file
    that is there already is a dead process's."""
    from aiohttp import web

    from gateway import api
    from gateway.parts import PARTS

    path = parts.config.socket
    assert path is not None
    app = web.Application()
    app[PARTS] = parts
    api.mount(app, parts, trusted=True)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    path.unlink(missing_ok=True)
    with reachable(path) as address:
        await web.UnixSite(runner, address).start()
    path.chmod(0o600)

    async def close() -> None:
        path.unlink(missing_ok=True)
        await runner.cleanup()

    parts.closers.insert(0, close)


@contextlib.asynccontextmanager
async def _own_app(config: Config) -> AsyncIterator[Path]:
    from aiohttp import web

    with tempfile.TemporaryDirectory(prefix="gateway-") as folder:  # 0700
        runner = web.AppRunner(_api_alone(config), access_log=None, handle_signals=False)
        try:
            await runner.setup()
            socket = Path(folder) / "admin.sock"
            await web.UnixSite(runner, str(socket)).start()
            yield socket
        finally:
            await runner.cleanup()


def _api_alone(config: Config) -> web.Application:
    """The API when nothing runs: opened on start-up, closed on clean-up; nothing is sent, no page."""
    from aiohttp import web

    from gateway import api
    from gateway.app import compose
    from gateway.parts import PARTS
    from storage import accounts, fingerprint

    parts = compose(config)
    app = web.Application()
    app[PARTS] = parts

    async def opened(_app: web.Application) -> AsyncIterator[None]:
        await asyncio.to_thread(parts.store.open, visiting=True)
        parts.store.gates.close()  # nobody sends here: what a command queues stays queued for the gateway
        parts.store.attach(asyncio.get_running_loop())
        try:
            await parts.store.run(fingerprint.recognise)
            await parts.store.run(
                lambda tx: accounts.ensure(tx, [(a.id, a.channel, a.name) for a in parts.accounts.values()])
            )
            parts.state = ""
            yield
            for closer in parts.closers:
                await closer()
        finally:
            await asyncio.to_thread(parts.store.close)

    app.cleanup_ctx.append(opened)
    api.mount(app, parts, trusted=True)
    return app


@contextlib.asynccontextmanager
async def _calls(socket: Path) -> AsyncIterator[Call]:
    from aiohttp import ClientSession, ClientTimeout, UnixConnector

    with reachable(socket) as path:
        connector = UnixConnector(path)
        async with ClientSession("http://localhost", connector=connector, timeout=ClientTimeout(CALL_S)) as session:

            async def call(method: str, path: str, json: Any = None, /) -> Any:
                async with session.request(method, "/api/v1" + path, json=json) as answer:
                    if answer.status < 400 and answer.content_type == "application/zip":
                        return await answer.read()
                    body = await answer.json(content_type=None) if answer.status != 204 else None
                    if answer.status < 400:
                        return body
                    error = body.get("error", {}) if isinstance(body, dict) else {}
                    message = error.get("message", f"the gateway answered {answer.status}")
                    raise AdminError(answer.status, error.get("code", ""), message, error.get("fields"))

            yield call
