"""Composes the parts, starts and stops them: the only module that knows them all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web

from channels import registry
from channels.contract import Adapter, InboundEvent
from gateway import checkups, deliveries, later, neighbours, notices, polling, pump, webhooks
from gateway.announcer import Announcer
from gateway.catchup import EVERY_S as CATCH_UP_S
from gateway.catchup import CatchUp
from gateway.config import Config
from gateway.filestore import FileStore
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
from storage import contacts_write, fingerprint, gates, outbox_sweep
from storage.db import Store
from storage.errors import StorageBroken
from storage.keys import KeyBroken, KeyRing
from storage.outbox import SendJob

log = structlog.get_logger("app")
KEEP_S: Final = 60.0  # between two looks at tokens that expire


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
    from gateway.web.lost import Lost
    from gateway.web.static import Assets
    from gateway.web.templates import Pages

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
    agency = parts.config.agency
    Lost(Pages(assets), name=agency.name, hotline=agency.hotline).attach(app)
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
    again, unknown = await store.run(lambda tx: outbox_sweep.recover(tx, idempotent=idempotent))
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
        await store.run(lambda tx: outbox_sweep.recover(tx, idempotent=idempotent, stuck=True))

    missed = CatchUp(parts)
    await missed.start()
    fetcher = Fetcher(parts, FileStore(parts.config.files.path))
    announcer = Announcer(parts)
    await announcer.start()
    parts.ticker = scheduler.start(
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
    parts.closers.append(_stopper(sender, parts.ticker, tasks))
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
