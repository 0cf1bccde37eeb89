"""Live, ready and the figures: pure reasons, and the three paths over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from gateway.config import Thresholds
from gateway.health import Disk, Probe, free_space, reasons, routes
from gateway.metrics import Figures, Metrics
from storage.errors import StorageUnavailable

LIMITS = Thresholds()
ROOMY = Disk(50_000_000_000, 100_000_000_000)


@dataclass(frozen=True)
class Health:
    heartbeat_age_s: float = 0.5
    writable: bool = True
    reason: str = ""
    queue: int = 3


@pytest.mark.parametrize(
    ("store", "disk", "more", "codes"),
    [
        (Health(), ROOMY, {}, []),
        (Health(heartbeat_age_s=6), ROOMY, {}, ["heartbeat"]),
        (Health(writable=False, reason="disk full"), ROOMY, {}, ["database"]),
        (Health(writable=False, heartbeat_age_s=60), ROOMY, {}, ["database"]),
        (Health(), Disk(499_000_000, 1_000_000_000), {}, ["disk"]),
        (Health(), Disk(4_900_000_000, 100_000_000_000), {}, ["disk"]),
        (Health(), Disk(0, 0), {}, ["disk"]),
        (Health(), None, {}, ["disk"]),
        (Health(), ROOMY, {"keys": False}, ["keys"]),
        (Health(), ROOMY, {"state": "stopping"}, ["stopping"]),
    ],
)
def test_reasons(store: Health, disk: Disk | None, more: dict[str, object], codes: list[str]) -> None:
    assert [reason.code for reason in reasons(store, disk, LIMITS, **more)] == codes  # type: ignore[arg-type]


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    disk = free_space(tmp_path / "a" / "b")
    assert disk is not None
    assert 0 < disk.percent <= 100


@dataclass
class World:
    url: str
    health: Health = Health()
    state: str = ""
    asked: int = 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    here = World("")

    def health() -> Health:
        here.asked += 1
        return here.health

    async def figures() -> Figures:
        return Figures(oldest_event_s=7, outbox={"queued": 2}, accounts={"telegram:main": "auth_broken"})

    async def token(given: str) -> bool:
        if given == "nobody-can-look":
            raise StorageUnavailable("the database cannot be reached")
        return given == "an-api-token"

    metrics = Metrics()
    metrics.events.labels("telegram", "main", "text").inc()
    probe = Probe(
        store=health,
        path=tmp_path,
        limits=Thresholds(disk_free_mb=1, disk_free_percent=0),
        metrics=metrics,
        state=lambda: here.state,
        figures=figures,
        token=token,
        metrics_token="a-token-of-the-configuration",
    )
    app = web.Application()
    app.add_routes(routes(probe))
    async with TestServer(app) as server:
        here.url = f"http://127.0.0.1:{server.port}"
        yield here


async def test_live_touches_nothing(world: World) -> None:
    async with ClientSession() as http, http.get(world.url + "/health/live") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "live"})
    assert world.asked == 0


async def test_ready_and_why_not(world: World) -> None:
    async with ClientSession() as http:
        async with http.get(world.url + "/health/ready") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ready", "reasons": []})
        world.health = replace(world.health, writable=False, reason="disk full")
        async with http.get(world.url + "/health/ready") as answer:
            assert answer.status == 503
            assert (await answer.json())["reasons"] == [
                {"code": "database", "text": "the database cannot be written (disk full)"}
            ]
        for headers in ({"X-Forwarded-For": "1.2.3.4"}, {"Host": "chat.example.vn"}):
            async with http.get(world.url + "/health/ready", headers=headers) as answer:
                assert (answer.status, await answer.json()) == (503, {"status": "not ready"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8080"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "chat.example.vn"}, 401),
        ({"Forwarded": "for=1.2.3.4"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer nobody-can-look"}, 401),
        ({"Authorization": "Bearer a-token-of-the-configuration", "X-Forwarded-For": "1.2.3.4"}, 200),
        ({"Authorization": "Bearer an-api-token", "Host": "chat.example.vn"}, 200),
    ],
)
async def test_who_reads_the_figures(world: World, headers: dict[str, str], status: int) -> None:
    async with ClientSession() as http, http.get(world.url + "/metrics", headers=headers) as answer:
        assert answer.status == status


async def test_the_figures(world: World) -> None:
    async with ClientSession() as http, http.get(world.url + "/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await answer.text()
    for line in (
        'gateway_events_total{account="main",channel="telegram",kind="text"} 1.0',
        "gateway_oldest_event_seconds 7.0",
        'gateway_outbox{state="queued"} 2.0',
        'gateway_account_state{account="telegram:main",state="auth_broken"} 1.0',
        'gateway_account_state{account="telegram:main",state="ok"} 0.0',
        "gateway_store_queue 3.0",
        "gateway_ready 1.0",
        "gateway_backup_age_seconds -1.0",
    ):
        assert line in text.splitlines()
    for name in (
        "rejected",
        "sends",
        "webhook_seconds",
        "store_wait_seconds",
        "oldest_send_seconds",
        "quarantined",
        "loop_lag_seconds",
    ):
        assert f"# HELP gateway_{name}" in text
