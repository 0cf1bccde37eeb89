"""Which failure of the database is the world's fault (answer 503, try again) and which is the end of the process."""

from __future__ import annotations

from typing import Final

# Full and read-only disks heal; corruption and a failed fsync do not: after one, a second fsync may lie.
FATAL: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_FSYNC"})
FATAL_PREFIX: Final = ("SQLITE_CORRUPT", "SQLITE_IOERR_SHM")
UNAVAILABLE_PREFIX: Final = (
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_READONLY",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_CANTOPEN",
    "SQLITE_PROTOCOL",
    "SQLITE_NOMEM",
)
POSTGRES_UNAVAILABLE: Final = ("08", "53", "57", "58", "25006")  # connection, resources, operator, system, read-only
POSTGRES_RERUN: Final = ("40001", "40P01", "55P03")  # serialization, deadlock, lock not available


class StorageUnavailable(Exception):
    """The database cannot take this now: nothing was stored. `reason` is a code for people and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"storage unavailable: {reason}")
        self.reason = reason


class StorageBroken(StorageUnavailable):
    """The file is damaged or an fsync failed: stop, so that a supervisor restarts on solid ground."""


class AlreadyRunning(Exception):
    """Another process holds this SQLite file."""


class SchemaNewer(Exception):
    """The database was written by a newer version of the gateway."""


class Raced(Exception):
    """Somebody else changed the row since it was read: think again."""


def classify(error: BaseException) -> StorageUnavailable | None:
    """The world's fault as an exception to answer with, or None for a bug of ours."""
    if isinstance(error, StorageUnavailable):
        return error
    origin = getattr(error, "orig", None) or error
    name = getattr(origin, "sqlite_errorname", "") or ""
    if name:
        if name in FATAL or name.startswith(FATAL_PREFIX):
            return StorageBroken(name)
        if name.startswith(UNAVAILABLE_PREFIX):
            return StorageUnavailable(name)
        return None
    if type(origin).__module__.startswith("psycopg"):
        state = getattr(origin, "sqlstate", None)
        if state is None and type(origin).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout"):
            return StorageUnavailable("connection")
        if state and state.startswith(POSTGRES_UNAVAILABLE):
            return StorageUnavailable(f"postgresql {state}")
    return None


def reruns(error: BaseException) -> bool:
    """A deadlock or serialization failure: the same batch may simply run again."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) in POSTGRES_RERUN
