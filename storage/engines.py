"""Opening the database: SQLite (WAL, FULL, one connection) or PostgreSQL, and the lock that keeps a second process off a SQLite file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool

from storage.errors import AlreadyRunning

# WAL-reset race: two connections may lose commits or corrupt the file before these versions (SQLite 3.51.3 notes).
# We run one connection in any case; the gate says whether a second one (sqlite3 shell, backup tool) is safe.
SAFE_SQLITE: Final = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=500",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
    "PRAGMA cell_size_check=ON",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=MEMORY",  # else every statement of many rows writes the pages it changes to a file first
    "PRAGMA journal_size_limit=67108864",
)
WRITER: Final = "gateway"  # the one connection of each process that writes, as the server lists it
READER: Final = "gateway reader"
LINE: Final = {  # of libpq: who waits on a network that was cut without a word hears of it in half a minute, not an hour
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # ms
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or "")


def sqlite_is_gated(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """True when this SQLite library must be the file's only connection."""
    newest, *branches = SAFE_SQLITE
    return version < newest and not any(version[:2] == branch[:2] and version >= branch for branch in branches)


def make_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine whose transactions begin IMMEDIATE on SQLite (a deferred one dies at its first write) and carry
    statement and idle time-outs on PostgreSQL."""
    if sqlite_path(url) is not None:
        engine = create_engine(
            url, poolclass=NullPool, connect_args={"check_same_thread": False, "cached_statements": 512}
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    options = "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000 -c synchronous_commit=on -c timezone=UTC"
    if read_only:
        options += " -c default_transaction_read_only=on"
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="READ COMMITTED",
        connect_args={"options": options, "application_name": READER if read_only else WRITER, **LINE},
    )


def connected(engine: Engine) -> Any:
    """The driver's own connection, ours alone, set up as the engine's are."""
    found = engine.raw_connection()
    raw = found.driver_connection
    found.detach()
    return raw


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class FileLock:
    """The lock beside a SQLite file. The kernel drops it with the process, however that ends."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._handle: int | None = None

    def take(self) -> None:
        """Raises AlreadyRunning, naming the process that holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise AlreadyRunning(
                f"another gateway (process {holder}) already runs on {self._path.name.removesuffix('.lock')}"
            ) from err
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        self._handle = handle

    def drop(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
