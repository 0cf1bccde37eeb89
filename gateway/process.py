"""The gateway as a process: listens, ends on a signal, tells systemd how it is, and by its exit status why it ended."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog
from aiohttp import web

from gateway import logs, pages
from gateway.app import application, compose, start, stop
from gateway.config import Config
from gateway.first_start import ensure_administrator
from gateway.parts import Clock, Parts
from storage.errors import AlreadyRunning, SchemaNewer, StorageUnavailable
from storage.keys import KeyBroken

log = structlog.get_logger("process")
KEEP_ALIVE_S: Final = 20.0  # the library's default is an hour
STOP_S: Final = 5.0
YOUNG: Final = 20_000  # new objects between two looks of the garbage collector
REFUSED: Final = 2


class CannotListen(Exception):
    """The port is taken, or is not ours to bind."""


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None, listen: bool = True) -> AsyncIterator[Parts]:
    """The whole gateway inside this process: for tests, the demonstration and the benchmark. `parts.config` knows the
    bound port."""
    parts = compose(config, clock=clock)
    runner: web.AppRunner | None = None
    try:
        app = application(parts)
        await start(parts)
        await ensure_administrator(parts)
        if listen:
            runner = await _listen(parts, app)
        yield parts
    finally:
        parts.state = "stopping"
        if runner is not None:
            await runner.cleanup()
        await stop(parts)


async def _listen(parts: Parts, app: web.Application) -> web.AppRunner:
    """Bind, and say where. A request never meets a half-started gateway."""
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEP_ALIVE_S,
        auto_decompress=False,
        shutdown_timeout=STOP_S,
    )
    await runner.setup()
    site = web.TCPSite(runner, parts.config.server.host, parts.config.server.port, backlog=1024)
    try:
        await site.start()
    except OSError as err:
        raise CannotListen(
            f"server.port: cannot listen on {parts.config.server.host}:{parts.config.server.port}: {os.strerror(err.errno or 0)}"
        ) from err
    port = runner.addresses[0][1]
    parts.config = parts.config.bound(port)
    if parts.config.socket is not None:
        from gateway.admin import serve_socket

        await serve_socket(parts)
    return runner


async def _serve(config: Config) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    logs.watch(loop)

    def end() -> None:
        if ended.is_set():
            os._exit(1)  # the second signal: at once, which must be as safe as a kill
        ended.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    async with running(config) as parts:
        _settle()
        _say(parts)
        _notify("READY=1")
        watchdog = asyncio.create_task(_watchdog(parts))
        await ended.wait()
        _notify("STOPPING=1")
        watchdog.cancel()
        broken = parts.state == "broken"
    return 1 if broken else 0


def _settle() -> None:
    """What a start leaves in memory stays: the garbage collector need not walk its 240,000 objects again and again,
    170 ms each time, with nobody served meanwhile. And a batch of turns makes more than the 700 objects after which
    it would look for cycles, of which there are hardly any."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    pages.settle()


def _say(parts: Parts) -> None:
    url = parts.config.public_url
    lines = [f"chat:  {url}/", f"desk:  {url}/desk/"]
    if parts.store.single_connection:
        log.debug("start.single_connection", version="SQLite")
    print("\n".join(lines), flush=True)


def _notify(state: str) -> None:
    """Tell systemd, when it asked for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    import socket

    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.sendall(state.encode())


async def _watchdog(parts: Parts) -> None:
    """Feed systemd's watchdog while the loop is alive and the database takes writes."""
    while True:
        await asyncio.sleep(5)
        if parts.store.health().heartbeat_age_s < 10:
            _notify("WATCHDOG=1")


def run(config: Config) -> int:
    """Run until a signal. 0 after a clean stop, 1 when it could not start or go on, 2 for what it refuses."""
    logs.setup(level=config.logging.level, format=config.logging.format, secrets=config.secrets)
    try:
        import uvloop

        runner: Any = uvloop.run
    except ImportError:
        runner = asyncio.run
    try:
        return int(runner(_serve(config)))
    except (AlreadyRunning, SchemaNewer) as err:
        print(f"gateway: {err}", file=sys.stderr)
        return REFUSED
    except KeyBroken as err:
        print(f"keys.path: {err}", file=sys.stderr)
        return REFUSED
    except StorageUnavailable as err:
        print(
            f"database.url: cannot be used ({err.reason}); is it running, and may this user write there?",
            file=sys.stderr,
        )
        return 1
    except CannotListen as err:
        print(err, file=sys.stderr)
        return 1
