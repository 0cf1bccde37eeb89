"""Writing the database anew behind an erasure: deleted rows stand in its pages, those of indexes too, until something else does."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from storage import erasure_steps
from storage.db import Store
from storage.engines import connected, make_engine

log = structlog.get_logger("erasing")
LARGEST: Final = 64 << 20  # bytes of a SQLite file that is written anew: most of a second, and nobody served
PATIENCE_S: Final = 10.0  # for others that look at the past, at once; a backup looks for longer
LOOK_S: Final = 0.05
SMALL: Final = ("contact_key", "contact_point", "web_session")  # keys, and what platforms call people


async def write(store: Store, *, whatever: bool = False) -> bool | None:
    """Whether everything was written anew; None = not now, since somebody looks at the past still, to whom the dead rows are
    shown. `whatever` -- do what can be done. A disk too full for a second copy, or a table that is never free, does not keep
    the rest from its end: deleted rows are overwritten as they go, and their key is gone."""
    path = store.path
    if path is None:
        return await asyncio.to_thread(_postgres, store.url, whatever)

    def anew(connection: Any, _between: Callable[[], None]) -> bool:
        done = path.stat().st_size <= LARGEST
        if done:
            try:
                connection.execute("VACUUM")
            except sqlite3.OperationalError as err:
                log.warning("erasure.not_anew", error=type(err).__name__)
                done = False
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return done

    return await store.copy(anew)


def _postgres(url: str, whatever: bool) -> bool | None:
    """Beside the store. The tables that hold keys and platforms' names of people are written anew, under a lock of some 10 ms
    a thousand people."""
    from psycopg.errors import LockNotAvailable

    engine = make_engine(url)
    with contextlib.ExitStack() as after:
        after.callback(engine.dispose)
        raw = after.enter_context(contextlib.closing(connected(engine)))
        raw.autocommit = True
        raw.execute("SET statement_timeout = 0")
        raw.execute("SET lock_timeout = '5s'")
        free = _nobody_looks_back(raw)
        if not free and not whatever:
            return None
        for table in SMALL:
            try:
                raw.execute(f"VACUUM (FULL) {table}")
            except LockNotAvailable:
                free = False
                log.warning("erasure.not_anew", reason=table)
        raw.execute(f"VACUUM {', '.join(erasure_steps.TABLES)}, contact, erasure")
        return free


def _nobody_looks_back(raw: Any) -> bool:
    """Whether, within some time, nobody is left who may still see what is deleted by now: VACUUM keeps that for him, and FULL
    writes it, with its entries in indexes, into the new file. Everybody may read these columns; those who vacuum see nothing."""
    mark = raw.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
    until = time.monotonic() + PATIENCE_S
    while raw.execute(_LOOKING_BACK, {"mark": mark}).fetchone() is not None:
        if time.monotonic() >= until:
            log.info("erasure.not_anew", reason="a snapshot")
            return False
        time.sleep(LOOK_S)
    return True


_HERE: Final = (
    "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datname IS NULL)"
    " AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)"
)
_LOOKING_BACK: Final = (
    f"SELECT 1 FROM (SELECT backend_xmin AS since {_HERE} UNION ALL SELECT backend_xid {_HERE}"  # noqa: S608 -- ours
    " UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()"
    " UNION ALL SELECT xmin FROM pg_replication_slots) AS others WHERE age(since) > age(%(mark)s::xid8::xid) LIMIT 1"
)
