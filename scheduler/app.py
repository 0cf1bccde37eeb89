"""APScheduler as the ticker: every job is a unit of the store that claims due rows, so each fires once however many
processes tick."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import structlog

from scheduler import care, overdue, retention, routing, timers, trail
from storage import audit, outbox_sweep, parked, policies
from storage.errors import StorageUnavailable

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    from storage.db import Store
    from storage.tx import Tx

log = structlog.get_logger("scheduler")
ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")  # a trigger without a zone takes the process's own
UNITS: Final[tuple[tuple[str, float, Callable[[Tx], Any]], ...]] = (
    ("timers", 1, timers.fire),
    ("care", 5, care.fire),
    ("overdue", 5, overdue.fire),
    ("escalate", 5, routing.escalate),
    ("policies", 60, policies.turn),
    ("unconfirmed", 20, outbox_sweep.sweep),
    ("receipts", 5, parked.sweep),
    ("audit", 1, audit.chain),
)  # name, seconds between, unit
HOUR_S: Final = 3600
AFTER_START_S: Final = 90  # so that a process that never lives for an hour forgets too, and walks the audit chain


def start(store: Store, extra: tuple[tuple[str, float, Callable[[], Awaitable[Any]]], ...] = ()) -> AsyncIOScheduler:
    """The running ticker; `shutdown(wait=False)` ends it. `extra` -- (name, seconds, coroutine function) of others."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    ticker = AsyncIOScheduler(
        timezone=ZONE, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for name, seconds, unit in UNITS:
        ticker.add_job(_guarded, "interval", (name, _unit(store, unit)), id=name, seconds=seconds)
    for name, seconds, call in extra:
        ticker.add_job(_guarded, "interval", (name, call), id=name, seconds=seconds)
    first = datetime.now(ZONE) + timedelta(seconds=AFTER_START_S)
    for name, call in (("retention", partial(retention.tidy, store)), ("trail", partial(trail.daily, store))):
        ticker.add_job(_guarded, "interval", (name, call), id=name, seconds=HOUR_S, next_run_time=first)
    ticker.add_job(_guarded, args=("trail at start", partial(trail.begin, store)), id="trail at start")
    ticker.start()
    return ticker


def _unit(store: Store, unit: Callable[[Tx], Any]) -> Callable[[], Awaitable[Any]]:
    async def run() -> Any:
        return await store.run(unit)

    return run


async def _guarded(name: str, call: Callable[[], Awaitable[Any]]) -> None:
    """A tick that fails is tried again by the next one."""
    try:
        await call()
    except StorageUnavailable:
        return
    except Exception as err:
        log.exception("tick.failed", job=name, error=type(err).__name__)
