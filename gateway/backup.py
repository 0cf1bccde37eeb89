"""Backup and restore of the SQLite installation: an online copy, checked, then one encrypted archive.

The archive (gateway.archive) holds the database, the files and a manifest. It does not hold the master keys, and not the
contacts' data keys either: those go into an archive of their own of which only the newest is kept, so that who was erased
stays erased in every older backup.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.archive import BackupError, Manifest, may_replace, same_keys, sync_folder, unpack, write

PAGES: Final = 256  # database pages a step: about a millisecond
KEY_TABLES: Final = ("contact_key", "day_key")
LISTS: Final = ("erasure", "held")  # who was erased, and what the law keeps of them: an older archive knows it not
KEYS_NAME: Final = "gateway-contact-keys.backup"
STAMP: Final = "last-backup.json"  # beside the database: what /metrics tells of the backup's age

# ---- the copy


def copy(source: sqlite3.Connection, target: Path, *, between: Callable[[], None] | None = None) -> None:
    """SQLite's online backup of an open connection into a new file. `between` is called after every step (on this
    thread, no transaction open): a store does its waiting work there, and writes it makes are in the copy."""
    if target.exists():
        raise BackupError(f"{target}: exists")
    target.touch(mode=0o600)
    made = sqlite3.connect(target, isolation_level=None)
    try:
        made.execute("PRAGMA synchronous=OFF")
        source.backup(made, pages=PAGES, progress=(lambda *_: between()) if between else None, sleep=0)
        made.execute("PRAGMA journal_mode=DELETE")  # a copy has no -wal of its own
    finally:
        made.close()


def copy_file(database: Path, target: Path) -> None:
    """The same when no gateway runs; the caller holds the database's lock."""
    if not database.exists():
        raise BackupError(f"{database}: no such database")
    source = sqlite3.connect(database, isolation_level=None)
    try:
        copy(source, target)
    finally:
        source.close()


def check(database: Path) -> None:
    """Raises BackupError unless every page of the file is sound."""
    with _opened(database) as connection:
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            found += [f"foreign key of {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")][:3]
        except sqlite3.DatabaseError as err:
            found = [str(err)]
    if found != ["ok"]:
        raise BackupError(f"{database.name}: damaged ({'; '.join(map(str, found))[:200]})")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


# ---- backup


def pack(
    copied: Path,
    files: Path,
    secret: bytes,
    archive: Path,
    *,
    keys: Path,
    now: datetime,
    key: int = 1,
    older: Sequence[bytes] = (),
) -> Manifest:
    """Make the archive (and the archive of contact keys) of a database copy, which is used up.

    secret -- `KeyRing.secret("backup")`, of version `key` of the master key; `older` -- of the versions before · keys --
    where the contact keys go, replaced. Both appear only when complete.
    """
    may_replace(archive)
    may_replace(keys)
    same_keys(keys, secret, *older)
    split = copied.with_name("keys.db")
    _split_keys(copied, split)
    check(copied)
    with _opened(copied) as connection:
        revision = _value(connection, "SELECT version_num FROM alembic_version") or ""
        head = _row(
            connection, "SELECT chain_seq, chain_hash FROM audit_entry WHERE chain_seq > 0 ORDER BY chain_seq DESC"
        )
    audit = {"seq": head[0], "hash": bytes(head[1]).hex()} if head else {}
    made = Manifest(made_at=_rfc3339(now), revision=str(revision), key=key, audit=audit)
    made = write(archive, secret, made, [("gateway.db", copied), *_files(files)])
    write(keys, secret, Manifest(made_at=made.made_at, key=key), [("keys.db", split)])
    return made


def _split_keys(database: Path, split: Path) -> None:
    """Move the key tables of the copy into a file of their own; nothing of them stays in the copy's pages."""
    with _opened(database) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        split.touch(mode=0o600)
        connection.execute("ATTACH ? AS split", (str(split),))
        connection.execute("BEGIN")
        for table in _present(connection, *KEY_TABLES, *LISTS):
            connection.execute(f"CREATE TABLE split.{table} AS SELECT * FROM main.{table}")  # noqa: S608 -- ours
        for table in _present(connection, *KEY_TABLES):
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("DETACH split")
        connection.execute("VACUUM")


def _join_keys(database: Path, split: Path) -> None:
    """Put back what the newest key archive holds: keys of contacts that the database knows, and who has been erased since.
    Those are erased again at the next start (gateway.erasing)."""
    with _opened(database) as connection:
        connection.execute("ATTACH ? AS split", (str(split),))
        connection.execute("BEGIN")
        for table in _present(connection, *KEY_TABLES, *LISTS):
            known = " WHERE contact_id IN (SELECT id FROM main.contact)" if table == "contact_key" else ""
            both = _columns(connection, "main", table) & _columns(
                connection, "split", table
            )  # schemas may differ in age
            if not both:
                continue  # of an archive from before there was such a table
            names = ", ".join(sorted(both))
            connection.execute(
                f"INSERT OR REPLACE INTO main.{table} ({names}) SELECT {names} FROM split.{table}{known}"  # noqa: S608
            )
        connection.execute("COMMIT")
        connection.execute("DETACH split")


def _present(connection: sqlite3.Connection, *tables: str) -> list[str]:
    names = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    return [table for table in tables if table in names]


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Stored files in a steady order; what is half written (a leading dot) is left out."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield f"files/{path.relative_to(folder).as_posix()}", path


# ---- restore


def restore(
    archive: Path,
    secret: bytes,
    *,
    keys: Path,
    database: Path,
    files: Path,
    force: bool = False,
    older: Sequence[bytes] = (),
) -> Manifest:
    """Verify everything in a folder beside the database, then put it in place. The caller holds the database's lock.

    What was there before is moved into `before-restore-…`, its -wal and -shm too: a stale one would be applied to the
    restored file. Raises BackupError, having changed nothing.
    """
    there = [path for path in (database, files) if path.exists() and (path.is_file() or any(path.iterdir()))]
    if there and not force:
        raise BackupError(f"{there[0]}: exists; --force moves it aside")
    database.parent.mkdir(parents=True, exist_ok=True)
    with _room(database.parent) as room:
        manifest = unpack(archive, secret, room / "data", older=older)
        unpack(keys, secret, room / "keys", older=older)
        restored = room / "data" / "gateway.db"
        if not restored.exists():
            raise BackupError(f"{archive.name}: holds no database; is it the archive of the contact keys?")
        _join_keys(restored, room / "keys" / "keys.db")
        check(restored)
        _swap(room / "data", database, files)
    return manifest


def verify(archive: Path, secret: bytes, *, keys: Path, room: Path, older: Sequence[bytes] = ()) -> Manifest:
    """A restore that touches nothing: into a temporary folder in `room`, checked, thrown away."""
    with _room(room) as folder:
        database, files = folder / "db" / "gateway.db", folder / "files"
        return restore(archive, secret, keys=keys, database=database, files=files, older=older)


def _swap(unpacked: Path, database: Path, files: Path) -> None:
    aside = database.parent / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    for path in (database, database.with_name(database.name + "-wal"), database.with_name(database.name + "-shm")):
        if path.exists():
            aside.mkdir(exist_ok=True, mode=0o700)
            path.rename(aside / path.name)
    if files.exists():
        aside.mkdir(exist_ok=True, mode=0o700)
        shutil.move(files, aside / "files")
    (unpacked / "files").mkdir(exist_ok=True)
    files.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(unpacked / "files", files)
    (unpacked / "gateway.db").rename(database)
    sync_folder(database.parent)


# ---- small things


@contextlib.contextmanager
def workroom(database: Path) -> Iterator[Path]:
    """A private folder beside the database, for the copy; gone afterwards."""
    with _room(database.parent) as room:
        yield room


@contextlib.contextmanager
def _room(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(dir=folder, prefix=".backup-"))
    try:
        for name in ("data", "keys"):
            (room / name).mkdir()
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def stamp(database: Path, archive: Path, manifest: Manifest) -> None:
    """Remember when the last good backup was made."""
    said = {"at": manifest.made_at, "archive": archive.name, "revision": manifest.revision}
    path = database.with_name(STAMP)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(said), encoding="utf-8")
    temporary.replace(path)


def age_s(database: Path, now: datetime) -> float | None:
    """Seconds since the last good backup, or None when there was none."""
    try:
        at = json.loads(database.with_name(STAMP).read_text(encoding="utf-8"))["at"]
        return max(0.0, (now - datetime.fromisoformat(at)).total_seconds())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _value(connection: sqlite3.Connection, sql: str) -> Any:
    row = _row(connection, sql)
    return row[0] if row else None


def _row(connection: sqlite3.Connection, sql: str) -> Any:
    try:
        return connection.execute(sql).fetchone()
    except sqlite3.OperationalError:  # a schema without that table
        return None
