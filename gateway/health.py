"""Is the process alive, can it serve, what are its figures: /health/live, /health/ready, /metrics.

Live touches nothing. Ready looks at the store's last committed heartbeat, the disk, the schema and the keys; no
platform is in it, so that one platform's bad day does not take the others down. Reasons are told on loopback only.
"""

from __future__ import annotations

import contextlib
import hmac
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from gateway.addresses import loopback
from gateway.config import Thresholds
from gateway.metrics import Figures, Metrics
from storage.errors import StorageUnavailable

FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class StoreHealth(Protocol):
    """`Store.health()`: seconds since the last committed heartbeat, and why it cannot write ('' = it can)."""

    @property
    def heartbeat_age_s(self) -> float: ...
    @property
    def writable(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def queue(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Disk:
    free: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.free / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the gateway is not ready. `code` -- a heading of docs/runbook.md."""

    code: str
    text: str


def reasons(
    store: StoreHealth, disk: Disk | None, limits: Thresholds, *, keys: bool = True, state: str = ""
) -> list[Reason]:
    """Why it cannot serve; [] = ready. `state` starting or stopping, '' in between; `disk` None = cannot be read."""
    found: list[Reason] = []
    if state:
        found.append(Reason(state, f"the gateway is {state}"))
    if not keys:
        found.append(Reason("keys", "the master keys are not loaded"))
    if not store.writable:
        found.append(Reason("database", f"the database cannot be written ({store.reason or 'unknown'})"))
    elif store.heartbeat_age_s > limits.heartbeat_s:
        found.append(Reason("heartbeat", f"the last commit is {store.heartbeat_age_s:.0f} s old"))
    if disk is None:
        found.append(Reason("disk", "the disk's free space cannot be read"))
    elif disk.free < limits.disk_free_mb * 1_000_000 or disk.percent < limits.disk_free_percent:
        found.append(Reason("disk", f"{disk.free // 1_000_000} MB ({disk.percent:.1f} %) are free"))
    return found


def free_space(path: Path) -> Disk | None:
    """Where `path` is, or will be; None when it cannot be told."""
    for folder in (path, *path.parents):
        try:
            usage = shutil.disk_usage(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return Disk(usage.free, usage.total)
    return None


def on_this_machine(request: web.BaseRequest) -> bool:
    """A direct call from this machine: loopback peer and Host, and nothing that a proxy would have added."""
    if any(name in request.headers for name in FORWARDED):
        return False
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    return loopback(request.remote or "") and loopback(host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the handlers ask. `token` -- is this bearer token allowed to read the figures; `state` see `reasons`."""

    store: Callable[[], StoreHealth]
    path: Path  # where free space is measured: the database's folder
    limits: Thresholds
    metrics: Metrics
    keys: Callable[[], bool] = lambda: True
    state: Callable[[], str] = lambda: ""
    figures: Callable[[], Awaitable[Figures]] | None = None
    token: Callable[[str], Awaitable[bool]] | None = None
    metrics_token: str = ""
    alarms: Callable[[], Awaitable[int]] | None = None  # customers who wait and of whom nobody could be told

    def reasons(self) -> list[Reason]:
        found = reasons(self.store(), free_space(self.path), self.limits, keys=self.keys(), state=self.state())
        self.metrics.ready.set(not found)
        return found

    async def untold(self) -> int:
        """What a person must see to at once, although the gateway serves: no proxy is to take it away for that."""
        with contextlib.suppress(StorageUnavailable):
            return await self.alarms() if self.alarms is not None else 0
        return 0

    async def may_read(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            return on_this_machine(request)
        if self.metrics_token and hmac.compare_digest(given.strip().encode(), self.metrics_token.encode()):
            return True
        try:
            return self.token is not None and await self.token(given.strip())
        except StorageUnavailable:  # whose token it is cannot be known now
            return False


def routes(probe: Probe) -> Sequence[web.RouteDef]:
    """The three paths, for `app.add_routes`."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"status": "live"}, headers=NO_STORE)

    async def ready(request: web.Request) -> web.Response:
        found = probe.reasons()
        body: dict[str, object] = {"status": "not ready" if found else "ready"}
        if on_this_machine(request):
            body["reasons"] = [{"code": reason.code, "text": reason.text} for reason in found]
            if untold := await probe.untold():
                text = f"{untold} customers wait and nobody of ours could be told"
                body["alarms"] = [{"code": "untold", "text": text}]
        return web.json_response(body, status=503 if found else 200, headers=NO_STORE)

    async def metrics(request: web.Request) -> web.Response:
        if not await probe.may_read(request):
            return web.Response(status=401, headers={**NO_STORE, "WWW-Authenticate": "Bearer"})
        store, disk = probe.store(), free_space(probe.path)
        probe.metrics.heartbeat_age.set(store.heartbeat_age_s)
        probe.metrics.store_queue.set(store.queue)
        probe.metrics.disk_free.set(disk.free if disk else 0)
        probe.reasons()
        if probe.figures is not None:
            with contextlib.suppress(StorageUnavailable):  # the rest is worth more then than ever
                probe.metrics.take(await probe.figures())
        headers = {**NO_STORE, "Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=probe.metrics.text(), headers=headers)

    return [web.get("/health/live", live), web.get("/health/ready", ready), web.get("/metrics", metrics)]
