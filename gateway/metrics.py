"""The gateway's figures for Prometheus: one object, made once a process. `/metrics` is in gateway.health."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from gateway import logs

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
TOLD: Final = {"done": "delivered", "waiting": "failed", "failed": "dead"}  # what came of a call of an outgoing webhook
STATES: Final = ("ok", "throttled", "down", "auth_broken", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What only the tables know; read when somebody asks for /metrics. Ages in seconds, 0 = nothing waits."""

    oldest_event_s: float = 0
    oldest_send_s: float = 0
    oldest_webhook_s: float = 0
    parked: int = 0
    quarantined: int = 0
    outbox: Mapping[str, int] = field(default_factory=dict)  # state -> rows
    accounts: Mapping[str, str] = field(default_factory=dict)  # account id -> state
    backup_age_s: float | None = None
    audit_age_s: float | None = None
    audit_broken: bool = False
    untold: int = 0
    late_requests: int = 0
    telling_late_s: float = 0.0
    wal_bytes: int = 0


class Durations:
    """A histogram by one label. prometheus_client's own takes 3 µs an observation, this one 0.5."""

    def __init__(self, name: str, about: str, label: str) -> None:
        self._family = (f"gateway_{name}", about, label)
        self._found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(SECONDS) + 1))
        self._sums: defaultdict[str, float] = defaultdict(float)

    def observe(self, label: str, seconds: float) -> None:
        self._found[label][bisect_left(SECONDS, seconds)] += 1
        self._sums[label] += seconds

    def collect(self) -> Iterator[Any]:
        """For the registry."""
        from prometheus_client.core import HistogramMetricFamily
        from prometheus_client.utils import floatToGoString

        name, about, label = self._family
        family = HistogramMetricFamily(name, about, labels=[label])
        for value, counts in list(self._found.items()):  # another thread may be counting a new value
            bounds = [*map(floatToGoString, SECONDS), "+Inf"]
            family.add_metric([value], list(zip(bounds, accumulate(counts), strict=True)), self._sums[value])
        yield family


class Metrics:
    """Counters that the code raises, gauges that `take` sets. prometheus_client is imported here, not before."""

    def __init__(self) -> None:
        import prometheus_client as prometheus

        self.registry = prometheus.CollectorRegistry()
        here: Any = {"registry": self.registry}

        def gauge(name: str, about: str, *labels: str) -> prometheus.Gauge:
            return prometheus.Gauge(f"gateway_{name}", about, labels, **here)

        def counter(name: str, about: str, *labels: str) -> prometheus.Counter:
            return prometheus.Counter(f"gateway_{name}", about, labels, **here)

        def durations(name: str, about: str, label: str) -> Durations:
            made = Durations(name, about, label)
            self.registry.register(made)
            return made

        self.events = counter("events", "events taken in", "channel", "account", "kind")
        self.rejected = counter("rejected", "deliveries refused", "channel", "account", "reason")
        self.sends = counter("sends", "platform calls by what came of them", "account", "outcome")
        self.webhooks = counter("webhooks", "calls of outgoing webhooks by what came of them", "outcome")
        for outcome in TOLD.values():
            self.webhooks.labels(outcome)
        self.log_hits = counter("log_redactions", "values that the logs' last net caught; each is a bug", "kind")
        self.webhook_seconds = durations("webhook_seconds", "from a delivery's headers to its answer", "channel")
        self.send_seconds = durations("send_seconds", "platform calls", "account")
        self.store_wait_seconds = durations(
            "store_wait_seconds", "how long the first item of each batch waited for the store's thread", "kind"
        )
        self.oldest_event = gauge("oldest_event_seconds", "age of the oldest event that is not done")
        self.oldest_send = gauge("oldest_send_seconds", "age of the oldest message that waits to be sent")
        self.oldest_webhook = gauge(
            "oldest_webhook_seconds", "age of the oldest event that an outgoing webhook was not told yet"
        )
        self.parked = gauge("parked", "edits, unsends and receipts that wait for their message")
        self.quarantined = gauge("quarantined", "events in quarantine")
        self.outbox = gauge("outbox", "messages by state", "state")
        self.loop_lag = gauge("loop_lag_seconds", "how late the event loop runs")
        self.account_state = gauge("account_state", "1 for the state an account is in", "account", "state")
        self.heartbeat_age = gauge("heartbeat_age_seconds", "since the last committed heartbeat")
        self.store_queue = gauge("store_queue", "items that wait for the store's thread")
        self.disk_free = gauge("disk_free_bytes", "free bytes where the database is")
        self.wal = gauge("wal_bytes", "size of SQLite's write-ahead log")
        self.backup_age = gauge("backup_age_seconds", "since the last good backup; -1 = none known")
        self.audit_age = gauge(
            "audit_verified_age_seconds", "since the whole audit chain last held; -1 = not known yet"
        )
        self.audit_broken = gauge("audit_broken", "1 while a link of the audit chain does not hold")
        self.late_requests = gauge("late_data_requests", "data-subject requests past a date that the law sets")
        self.untold = gauge("untold_customers", "customers who wait, and nobody of ours could be told")
        self.telling_late = gauge("telling_late_seconds", "how late the look at what people must be told is")
        self.ready = gauge("ready", "1 while /health/ready says so")
        # What every turn counts is summed up here until somebody looks: 6 µs a turn less.
        self._taken_in: Counter[tuple[str, str, str]] = Counter()
        self._sent: Counter[tuple[str, str]] = Counter()
        self._logged: dict[str, int] = {}

    def took_in(self, channel: str, account: str, kind: str) -> None:
        """An event that is new."""
        self._taken_in[channel, account, kind] += 1

    def called(self, account: str, outcome: str, seconds: float) -> None:
        """A platform call, what came of it and how long it took."""
        self._sent[account, outcome] += 1
        self.send_seconds.observe(account, seconds)

    def told(self, state: str) -> None:
        """A call of an outgoing webhook; state -- of its row from then on."""
        self.webhooks.labels(TOLD[state]).inc()

    def _count(self) -> None:
        taken_in, self._taken_in = self._taken_in, Counter()
        for event, count in taken_in.items():
            self.events.labels(*event).inc(count)
        sent, self._sent = self._sent, Counter()
        for call, count in sent.items():
            self.sends.labels(*call).inc(count)

    def take(self, figures: Figures) -> None:
        """Set the gauges that the tables know."""
        self.oldest_event.set(figures.oldest_event_s)
        self.oldest_send.set(figures.oldest_send_s)
        self.oldest_webhook.set(figures.oldest_webhook_s)
        self.parked.set(figures.parked)
        self.quarantined.set(figures.quarantined)
        self.wal.set(figures.wal_bytes)
        self.backup_age.set(-1 if figures.backup_age_s is None else figures.backup_age_s)
        self.audit_age.set(-1 if figures.audit_age_s is None else figures.audit_age_s)
        self.audit_broken.set(figures.audit_broken)
        self.untold.set(figures.untold)
        self.late_requests.set(figures.late_requests)
        self.telling_late.set(figures.telling_late_s)
        self.outbox.clear()
        for state, rows in figures.outbox.items():
            self.outbox.labels(state).set(rows)
        self.account_state.clear()
        for account, now in figures.accounts.items():
            for state in {*STATES, now}:
                self.account_state.labels(account, state).set(state == now)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        from prometheus_client import generate_latest

        self._count()
        for kind, count in logs.hits.items():
            self.log_hits.labels(kind).inc(count - self._logged.get(kind, 0))
            self._logged[kind] = count
        return generate_latest(self.registry)
