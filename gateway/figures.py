"""The figures that only the tables know, for /metrics: a handful of look-ups in small partial indexes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from gateway import backup
from gateway.metrics import Figures
from storage import announced, audit, notices, parked, privacy_clocks, tokens

if TYPE_CHECKING:
    from gateway.parts import Parts
    from storage.tx import Tx

OPEN: Final = "'queued', 'sending', 'retry_wait', 'unknown'"  # the index ix_outbox_open
ASKED_MS: Final = 7 * 86_400_000  # unconfirmed rows older than this are history
DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"


async def figures(parts: Parts) -> Figures:
    """Raises StorageUnavailable."""
    now_ms = parts.clock.ms()
    found = await parts.store.read(lambda tx: _read(tx, now_ms))
    path = parts.config.database.path
    if path is not None:
        wal = path.with_name(path.name + "-wal")
        found["wal_bytes"] = wal.stat().st_size if wal.exists() else 0
        found["backup_age_s"] = backup.age_s(path, datetime.now(UTC))
    return Figures(**found)


def _read(tx: Tx, now_ms: int) -> dict[str, Any]:
    event = tx.value("SELECT min(received_at) FROM inbox_event WHERE state = 'new' AND point_id IS NOT NULL")
    send = tx.value(
        f"SELECT min(not_before) FROM outbox WHERE state IN ({OPEN}) AND state IN ('queued', 'retry_wait') AND not_before <= :now",  # noqa: S608
        now=now_ms,
    )
    counts = tx.all(f"SELECT state, count(*) AS rows FROM outbox WHERE state IN ({OPEN}) GROUP BY state")  # noqa: S608
    outbox = dict.fromkeys((word.strip("' ") for word in OPEN.split(",")), 0) | {row.state: row.rows for row in counts}
    outbox["unconfirmed"] = tx.value(
        "SELECT count(*) FROM outbox WHERE id >= :since AND state = 'unconfirmed'", since=floor(now_ms - ASKED_MS)
    )
    trail = audit.verdict(tx)
    untold = announced.oldest(tx)
    return {
        "audit_age_s": None if trail.held_at is None else (now_ms - trail.held_at) / 1000,
        "audit_broken": trail.broken_at is not None,
        "untold": notices.alarms(tx),
        "late_requests": privacy_clocks.late(tx),
        "telling_late_s": notices.stuck(tx) / 1000,
        "oldest_event_s": (now_ms - event) / 1000 if event else 0.0,
        "oldest_send_s": (now_ms - send) / 1000 if send else 0.0,
        "oldest_webhook_s": max(0, now_ms - untold) / 1000 if untold is not None else 0.0,
        "parked": parked.waiting(tx),
        "quarantined": tx.value("SELECT count(*) FROM inbox_event WHERE state = 'quarantined'"),
        "outbox": outbox,
        "accounts": {row.id: row.state for row in tx.all("SELECT id, state FROM account")},
    }


def floor(at_ms: int) -> str:
    """What every id made since then sorts behind (storage.ids: base32hex of 50 bits of milliseconds comes first)."""
    return "".join(DIGITS[at_ms >> shift & 31] for shift in range(45, -1, -5))


async def may_read(parts: Parts, secret: str) -> bool:
    """Whether an API token may see the figures: an administrator's or an integration's."""
    bearer = await parts.store.read(lambda tx: tokens.find(tx, tokens.digest(secret)))
    return bearer is not None and bearer.role in ("admin", "integration")
