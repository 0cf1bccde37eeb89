"""What is summed up between two looks shows at each look, as the library itself would have counted it."""

import prometheus_client
from prometheus_client import generate_latest

from channels.contract import Kind
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
