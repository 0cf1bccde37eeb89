"""What is summed up between two looks shows at each look, as the library itself would have counted it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import prometheus_client
from prometheus_client import generate_latest

from channels.contract import Account, Kind
from gateway import webhooks
from gateway.metrics import SECONDS, Durations, Metrics

TOOK = (0.0, 0.005, 0.0051, 0.03, 1, 30, 31, 3600.5)


def lines(metrics: Metrics, start: str) -> list[str]:
    return [line for line in metrics.text().decode().splitlines() if line.startswith(start)]


def test_each_look_shows_all_that_came_before_it() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.took_in("telegram", "main", Kind.TEXT)
        metrics.called("telegram:main", "sent", 0.02)
    metrics.called("telegram:main", "failed", 0.02)
    events = 'gateway_events_total{account="main",channel="telegram",kind="text"}'
    assert lines(metrics, events) == [f"{events} 2.0"]
    assert lines(metrics, events) == [f"{events} 2.0"]
    metrics.took_in("telegram", "main", Kind.TEXT)
    assert lines(metrics, events) == [f"{events} 3.0"]
    assert lines(metrics, "gateway_sends_total") == [
        'gateway_sends_total{account="telegram:main",outcome="sent"} 2.0',
        'gateway_sends_total{account="telegram:main",outcome="failed"} 1.0',
    ]
    assert lines(metrics, "gateway_send_seconds_count") == ['gateway_send_seconds_count{account="telegram:main"} 3.0']


def test_durations_are_the_librarys_histogram() -> None:
    ours, theirs = prometheus_client.CollectorRegistry(), prometheus_client.CollectorRegistry()
    durations = Durations("took", "how long", "account")
    ours.register(durations)
    histogram = prometheus_client.Histogram("gateway_took", "how long", ["account"], buckets=SECONDS, registry=theirs)
    assert generate_latest(ours) == generate_latest(theirs)
    for number, seconds in enumerate(TOOK):
        durations.observe(f"a{number % 2}", seconds)
        histogram.labels(f"a{number % 2}").observe(seconds)
    known = [line for line in generate_latest(theirs).splitlines() if b"_created" not in line]
    assert generate_latest(ours).splitlines() == known


async def test_accounts_that_are_not_ours_share_one_line() -> None:
    metrics, ours = Metrics(), Account(channel="facebook", name="main")
    brought: Any = [
        (None, SimpleNamespace(channel="facebook", account=name, kind=Kind.TEXT)) for name in ("main", "1", "2")
    ]
    noticed: list[Account] = []

    async def ingest(arrivals: list[Any]) -> list[bool]:
        return [True] * len(arrivals)

    parts: Any = SimpleNamespace(
        store=SimpleNamespace(ingest=ingest),
        accounts={ours.id: ours},
        noticed=lambda account, _event: noticed.append(account),
        metrics=metrics,
    )
    assert (await webhooks.keep(parts, ours, brought), noticed) == (3, [ours] * 3)
    assert sorted(lines(metrics, "gateway_events_total")) == [
        'gateway_events_total{account="?",channel="facebook",kind="text"} 2.0',
        'gateway_events_total{account="main",channel="facebook",kind="text"} 1.0',
    ]
