"""Composes the parts and runs them: the only module that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web

from channels import registry
from channels.contract import Adapter, InboundEvent
from gateway import checkups, deliveries, later, logs, neighbours, notices, pages, polling, pump, webhooks
from gateway.announcer import Announcer
from gateway.catchup import EVERY_S as CATCH_UP_S
from gateway.catchup import CatchUp
from gateway.config import Config
from gateway.filestore import FileStore
from gateway.first_start import ensure_administrator
from gateway.house import OurHouse
from gateway.hub import Hub
from gateway.media import Fetcher
from gateway.metrics import Metrics
from gateway.parts import PARTS, Clock, Parts
from gateway.sender import Sender
from gateway.web import security
from handlers.engine import Engine
from handlers.texts import Texts
from scheduler import app as scheduler
from storage import accounts as account_rows
from storage import contacts_write, fingerprint, gates, outbox
from storage.db import Store
from storage.errors import AlreadyRunning, SchemaNewer, StorageBroken, StorageUnavailable
from storage.keys import KeyBroken, KeyRing
from storage.outbox import SendJob

log = structlog.get_logger("app")
KEEP_ALIVE_S: Final = 20.0  # the library's default is an hour
STOP_S: Final = 5.0
KEEP_S: Final = 60.0  # between two looks at tokens that expire
YOUNG: Final = 20_000  # new objects between two looks of the garbage collector
REFUSED: Final = 2


class CannotListen(Exception):
    """The port is taken, or is not ours to bind."""


def compose(config: Config, *, clock: Clock | None = None) -> Parts:
    """The parts of this configuration, nothing started yet. Raises KeyBroken."""
    clock = clock or Clock()
    if config.database.path is not None and config.database.path.exists() and fingerprint.absent(config.keys.path):
        raise KeyBroken(f"{config.keys.path}: holds no keys, and the database is there; {fingerprint.CURE}")
    keys = KeyRing.load(config.keys.path)
    store = Store(config.database.url, keys, now_ms=clock.ms)
    store.lanes.stretch_ms = max(0, config.conversation.turn_max_ms - config.conversation.turn_quiet_ms)
    accounts = {one.id: replace(one, thread_key=keys.blind("thread", one.id)) for one in config.accounts}
    adapters: dict[str, Adapter] = {account.channel: registry.adapter(account.channel) for account in config.accounts}
    texts = Texts.load()

    def parse(account_id: str, body: bytes) -> InboundEvent:
        account = accounts[account_id]
        return adapters[account.channel].parse(deliveries.stored(body), account)[0]

    engine = Engine(
        accounts=accounts,
        capabilities={name: adapter.capabilities for name, adapter in adapters.items()}
        | {account.id: adapters[account.channel].carries(account) for account in accounts.values()},
        parse=parse,
        texts=texts,
        business=config.business(),
        keys=keys,
        test_account=lambda account_id: (
            bool(accounts[account_id].get("test", False)) if account_id in accounts else False
        ),
    )
    parts = Parts(
        config=config,
        clock=clock,
        store=store,
        engine=engine,
        texts=texts,
        hub=Hub(),
        metrics=Metrics(),
        adapters=adapters,
        accounts=accounts,
    )
    for account in accounts.values():
        carries = adapters[account.channel].capabilities
        limits = config.limits_of(account, carries.limits)
        store.gates.configure(
            account.id,
            rate=limits.outbound_per_s,
            chat_rate=limits.per_chat_per_s,
            slots=carries.at_once or gates.SLOTS,
        )
    for account in accounts.values():
        store.gates.carry(account.id, adapters[account.channel].carries(account))
    return parts


def application(parts: Parts) -> web.Application:
    """Every route. Hooks stand in the root application, without middlewares; pages and API bring their own."""
    from gateway import api, desk, webchat
    from gateway.figures import figures, may_read
    from gateway.health import Probe, routes
    from gateway.web.static import Assets

    app = web.Application()
    app[PARTS] = parts
    security.harden(app)
    app.add_routes(webhooks.routes(parts))
    herald = notices.attach(parts)
    neighbours.attach(parts)
    probe = Probe(
        store=parts.store.health,
        path=parts.config.database.path or parts.config.files.path,
        limits=parts.config.limits,
        metrics=parts.metrics,
        state=lambda: parts.state,
        figures=partial(figures, parts),
        token=partial(may_read, parts),
        metrics_token=parts.config.server.metrics_token,
        alarms=herald.alarms,
    )
    app.add_routes(routes(probe))
    assets = Assets()
    assets.mount(app)
    api.mount(app, parts)
    webchat.mount(app, parts, assets)
    desk.mount(app, parts, assets)
    return app


async def _veil(parts: Parts) -> None:
    """Threads that pre-releases named after telephone numbers get the name that they have now."""
    for account in parts.accounts.values():
        if thread_of := parts.adapters[account.channel].thread_of:
            rename = partial(contacts_write.rename, account_id=account.id, name=partial(thread_of, account))
            await parts.store.run(rename)


async def start(parts: Parts) -> list[asyncio.Task[Any]]:
    """Open the store, recover, begin to think, send and tick. The loops that now run."""
    store = parts.store
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(store.open)
    store.attach(loop)
    sender = Sender(parts)

    def committed(hints: list[tuple[str, str]], sends: list[SendJob]) -> None:
        sender.start(sends)
        parts.hub.publish(hints)

    def broken(err: StorageBroken) -> None:
        loop.call_soon_threadsafe(_broken, parts, err)

    store.on_commit, store.on_broken = committed, broken
    store.on_wait = parts.metrics.store_wait_seconds.observe
    await store.run(fingerprint.recognise)
    await store.run(lambda tx: account_rows.ensure(tx, [(a.id, a.channel, a.name) for a in parts.accounts.values()]))
    await _veil(parts)
    switches = await store.run(lambda tx: account_rows.switches(tx, default=parts.config.conversation.bot))
    parts.engine.switches.bot, parts.engine.switches.accounts = switches
    for account in parts.accounts.values():  # the configuration can only switch off what the desk has on
        if not account.get("bot", True):
            parts.engine.switches.accounts[account.id] = False
    await _clients(parts)
    idempotent = [a.id for a in parts.accounts.values() if parts.adapters[a.channel].capabilities.idempotent]
    again, unknown = await store.run(lambda tx: outbox.recover(tx, idempotent=idempotent))
    if again or unknown:
        log.warning("start.recovered", again=again, unknown=unknown)
    store.start_thinking(parts.engine)
    for starter in parts.starters:
        await starter()
    tasks = [
        asyncio.create_task(pump.pump(parts), name="pump"),
        asyncio.create_task(parts.pressure.watch(parts.metrics.loop_lag.set), name="lag"),
    ]
    for account in parts.accounts.values():
        client = parts.clients.get(account.id)
        if hasattr(client, "batches") and account.get("receive", "polling") == "polling":
            tasks.append(asyncio.create_task(polling.poll(parts, account.id), name=f"poll {account.id}"))

    async def stuck() -> None:
        await store.run(lambda tx: outbox.recover(tx, idempotent=idempotent, stuck=True))

    missed = CatchUp(parts)
    await missed.start()
    fetcher = Fetcher(parts, FileStore(parts.config.files.path))
    announcer = Announcer(parts)
    await announcer.start()
    ticker = scheduler.start(
        store,
        extra=(
            ("rejected", 1, parts.flush_rejected),
            ("webhooks", 1, announcer.run),
            ("media", 1, fetcher.run),
            ("later", later.EVERY_S, partial(later.send_due, parts)),
            ("stuck", 30, stuck),
            ("catch up", CATCH_UP_S, missed.run),
            *parts.ticks,
        ),
    )
    parts.closers += [fetcher.stop, announcer.stop]
    tasks.append(asyncio.create_task(_soon(parts, missed), name="catch up"))
    parts.closers.append(_stopper(sender, ticker, tasks))
    parts.state = ""
    return tasks


async def _soon(parts: Parts, missed: CatchUp) -> None:
    """At the start: tokens that are due, and what came while nobody was here. Nobody waits for it."""
    try:
        for client in parts.clients.values():
            if (keep := getattr(client, "keep", None)) is not None:
                await keep()
        await missed.run()
    except Exception as err:
        log.exception("start.not_caught_up", error=type(err).__name__)


def _stopper(sender: Sender, ticker: Any, tasks: Sequence[asyncio.Task[Any]]) -> Any:
    async def stop() -> None:
        ticker.shutdown(wait=False)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await sender.stop()

    return stop


async def stop(parts: Parts) -> None:
    """No new claims; what is in flight finishes; then the store. Safe at any point of a start."""
    parts.state = "stopping"
    parts.store.gates.close()
    parts.store.stop_thinking()
    with contextlib.suppress(Exception):
        await parts.flush_rejected()
    for closer in parts.closers:
        with contextlib.suppress(Exception):
            await closer()
    for client in parts.clients.values():
        with contextlib.suppress(Exception):
            await client.close()
    await asyncio.to_thread(parts.store.close)


async def _clients(parts: Parts) -> None:
    """One client an account; those with heavy libraries are imported off the loop, before anything listens."""
    for account in parts.accounts.values():
        adapter = parts.adapters[account.channel]
        if adapter.client is not None:
            if adapter.prepare is not None:
                await asyncio.to_thread(adapter.prepare)
            client = parts.clients[account.id] = adapter.client(account)
            if (attach := getattr(client, "attach", None)) is not None:
                attach(OurHouse(parts, account.id))
            if (keep := getattr(client, "keep", None)) is not None:
                parts.ticks.append((f"keep {account.id}", KEEP_S, keep))
            if hasattr(client, "check"):
                look = partial(checkups.look, parts, account, client)
                parts.ticks.append((f"check {account.id}", checkups.EVERY_S, look))


def _broken(parts: Parts, err: StorageBroken) -> None:
    """The file is damaged: a supervisor restarts us on solid ground, nothing more is promised from here."""
    log.critical("app.storage_broken", reason=err.reason)
    parts.state = "broken"
    os.kill(os.getpid(), signal.SIGTERM)


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

        await serve_socket(parts, runner)
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


def admin_app(config: Config) -> web.Application:
    """The API for the command line when nothing runs: opened on start-up, closed on clean-up; nothing is sent, no page."""
    from gateway import api

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
                lambda tx: account_rows.ensure(tx, [(a.id, a.channel, a.name) for a in parts.accounts.values()])
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
