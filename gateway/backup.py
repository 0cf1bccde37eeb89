"""Backup and restore of the SQLite installation: an online copy, checked, then one encrypted archive.

The archive (AES-256-GCM in 1 MiB pieces, key derived from the master key) holds the database, the files and a
manifest. It does not hold the master keys, and not the contacts' data keys either: those go into an archive of their
own of which only the newest is kept, so that who was erased stays erased in every older backup.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import struct
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC: Final = b"IBAOHIEM-BACKUP-1\n"
PIECE: Final = 1 << 20
PAGES: Final = 256  # database pages a step: about a millisecond
KEY_TABLES: Final = ("contact_key", "day_key")
OTHER_KEYS: Final = (
    "made with other keys (or its first piece is damaged): put the folder of the keys of that time in place"
)
KEYS_NAME: Final = "gateway-contact-keys.backup"
STAMP: Final = "last-backup.json"  # beside the database: what /metrics tells of the backup's age


class BackupError(Exception):
    """It was not done; the text is a line for the operator. Nothing was changed unless it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive holds. `made_at` RFC 3339 UTC; `revision` of the schema; `audit` -- head of the audit chain."""

    made_at: str
    revision: str = ""
    audit: dict[str, Any] = field(default_factory=dict)
    members: tuple[Member, ...] = ()

    def to_json(self) -> bytes:
        return json.dumps({"format": 1, **asdict(self)}, ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        given = json.loads(data)
        return cls(
            made_at=given["made_at"],
            revision=given["revision"],
            audit=given["audit"],
            members=tuple(Member(**member) for member in given["members"]),
        )


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


def pack(copied: Path, files: Path, secret: bytes, archive: Path, *, keys: Path, now: datetime) -> Manifest:
    """Make the archive (and the archive of contact keys) of a database copy, which is used up.

    secret -- `KeyRing.secret("backup")` · keys -- where the contact keys go, replaced. Both appear only when complete.
    """
    _may_replace(archive)
    _may_replace(keys)
    _same_keys(keys, secret)
    split = copied.with_name("keys.db")
    _split_keys(copied, split)
    check(copied)
    with _opened(copied) as connection:
        revision = _value(connection, "SELECT version_num FROM alembic_version") or ""
        head = _row(
            connection, "SELECT chain_seq, chain_hash FROM audit_entry WHERE chain_seq > 0 ORDER BY chain_seq DESC"
        )
    audit = {"seq": head[0], "hash": bytes(head[1]).hex()} if head else {}
    made = Manifest(made_at=_rfc3339(now), revision=str(revision), audit=audit)
    made = _write(archive, secret, made, [("gateway.db", copied), *_files(files)])
    _write(keys, secret, Manifest(made_at=made.made_at), [("keys.db", split)])
    return made


def _split_keys(database: Path, split: Path) -> None:
    """Move the key tables of the copy into a file of their own; nothing of them stays in the copy's pages."""
    with _opened(database) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        split.touch(mode=0o600)
        connection.execute("ATTACH ? AS split", (str(split),))
        connection.execute("BEGIN")
        for table in _present(connection):
            connection.execute(f"CREATE TABLE split.{table} AS SELECT * FROM main.{table}")  # noqa: S608 -- ours
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("DETACH split")
        connection.execute("VACUUM")


def _join_keys(database: Path, split: Path) -> None:
    """Put back what the newest key archive holds, for contacts that the database knows."""
    with _opened(database) as connection:
        connection.execute("ATTACH ? AS split", (str(split),))
        connection.execute("BEGIN")
        for table in _present(connection):
            known = " WHERE contact_id IN (SELECT id FROM main.contact)" if table == "contact_key" else ""
            both = _columns(connection, "main", table) & _columns(
                connection, "split", table
            )  # schemas may differ in age
            names = ", ".join(sorted(both))
            connection.execute(
                f"INSERT OR REPLACE INTO main.{table} ({names}) SELECT {names} FROM split.{table}{known}"  # noqa: S608
            )
        connection.execute("COMMIT")
        connection.execute("DETACH split")


def _present(connection: sqlite3.Connection) -> list[str]:
    names = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    return [table for table in KEY_TABLES if table in names]


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Stored files in a steady order; what is half written (a leading dot) is left out."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield f"files/{path.relative_to(folder).as_posix()}", path


def _write(archive: Path, secret: bytes, manifest: Manifest, parts: list[tuple[str, Path]]) -> Manifest:
    archive.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=archive.parent, prefix=".backup-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            sealed = _Sealer(out, secret)
            with tarfile.open(fileobj=sealed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                members = [_add(tar, name, path) for name, path in parts]
                manifest = Manifest(
                    made_at=manifest.made_at,
                    revision=manifest.revision,
                    audit=manifest.audit,
                    members=tuple(member for member in members if member),
                )
                data = manifest.to_json()
                tar.addfile(_header("manifest.json", len(data)), io.BytesIO(data))
            sealed.finish()
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(archive)
        _sync_folder(archive.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return manifest


def _add(tar: tarfile.TarFile, name: str, path: Path) -> Member | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:  # retention was faster
        return None
    with file:
        reader = _Hashing(file)
        size = os.fstat(file.fileno()).st_size
        tar.addfile(_header(name, size), reader)
    return Member(name=name, size=size, sha256=reader.digest.hexdigest())


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _may_replace(path: Path) -> None:
    """Only a backup of ours is overwritten."""
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise BackupError(f"{path}: exists and is not a backup; name another file")


def _same_keys(path: Path, secret: bytes) -> None:
    """The archive of the contacts' keys is the only one there is: one that other keys made is what older archives need."""
    if path.exists():
        with path.open("rb") as file:
            try:
                _Opener(file, secret, path.name).read(1)
            except BackupError as err:
                raise BackupError(f"{err}, or move it away: archives of that time cannot be read without it") from None


# ---- the cipher: pieces of 1 MiB, each with its number and whether it is the last, so none can be cut off or moved


def _cipher(secret: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"ibaohiem backup 1").derive(secret))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">QxxxB", number, last)


class _Sealer(io.RawIOBase):
    """Where the tar stream is written to."""

    def __init__(self, out: IO[bytes], secret: bytes) -> None:
        salt = os.urandom(32)
        self._out, self._cipher = out, _cipher(secret, salt)
        self._held = bytearray()
        self._number = 0
        out.write(MAGIC + salt)

    def write(self, data: Any) -> int:
        self._held += data
        while len(self._held) > PIECE:  # one piece is always held back: it may be the last
            self._piece(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def finish(self) -> None:
        self._piece(bytes(self._held), last=True)

    def _piece(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), data, MAGIC))
        self._number += 1


class _Opener(io.RawIOBase):
    """Where the tar stream is read from. Raises BackupError at the first piece that is not as it was written."""

    def __init__(self, file: IO[bytes], secret: bytes, name: str) -> None:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupError(f"{name}: is not a backup of this gateway")
        self._file, self._name = file, name
        self._cipher = _cipher(secret, file.read(32))
        self._next = file.read(PIECE + 16)
        if not self._next:
            raise BackupError(f"{name}: cut short")
        self._held = b""
        self._number = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._held and self._next:
            piece, self._next = self._next, self._file.read(PIECE + 16)
            try:
                self._held = self._cipher.decrypt(_nonce(self._number, last=not self._next), piece, MAGIC)
            except InvalidTag:
                what = OTHER_KEYS if self._number == 0 else "damaged, or cut short"
                raise BackupError(f"{self._name}: {what}") from None
            self._number += 1
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count


# ---- restore


def unpack(archive: Path, secret: bytes, folder: Path) -> Manifest:
    """Open an archive into an empty folder and compare every member with the manifest."""
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    try:
        with archive.open("rb") as file, tarfile.open(fileobj=_Opener(file, secret, archive.name), mode="r|") as tar:
            for header in tar:
                data = tar.extractfile(header)
                if data is None or not header.isfile() or not _sound(header.name):
                    raise BackupError(f"{archive.name}: holds something that does not belong into a backup")
                if header.name == "manifest.json":
                    manifest = Manifest.from_json(data.read())
                    continue
                target = folder / header.name
                target.parent.mkdir(parents=True, exist_ok=True)
                reader = _Hashing(data)
                with target.open("xb") as out:
                    shutil.copyfileobj(reader, out, PIECE)
                    os.fsync(out.fileno())
                found[header.name] = Member(name=header.name, size=header.size, sha256=reader.digest.hexdigest())
    except (tarfile.TarError, OSError) as err:
        if isinstance(err, FileNotFoundError) and not archive.exists():
            raise BackupError(f"{archive}: no such file") from None
        raise BackupError(f"{archive.name}: cannot be read ({type(err).__name__})") from err
    if manifest is None or tuple(found.values()) != manifest.members:
        raise BackupError(f"{archive.name}: does not hold what its manifest says")
    return manifest


def _sound(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and (len(path.parts) == 1 or path.parts[0] == "files")


def restore(archive: Path, secret: bytes, *, keys: Path, database: Path, files: Path, force: bool = False) -> Manifest:
    """Verify everything in a folder beside the database, then put it in place. The caller holds the database's lock.

    What was there before is moved into `before-restore-…`, its -wal and -shm too: a stale one would be applied to the
    restored file. Raises BackupError, having changed nothing.
    """
    there = [path for path in (database, files) if path.exists() and (path.is_file() or any(path.iterdir()))]
    if there and not force:
        raise BackupError(f"{there[0]}: exists; --force moves it aside")
    database.parent.mkdir(parents=True, exist_ok=True)
    with _room(database.parent) as room:
        manifest = unpack(archive, secret, room / "data")
        unpack(keys, secret, room / "keys")
        restored = room / "data" / "gateway.db"
        if not restored.exists():
            raise BackupError(f"{archive.name}: holds no database; is it the archive of the contact keys?")
        _join_keys(restored, room / "keys" / "keys.db")
        check(restored)
        _swap(room / "data", database, files)
    return manifest


def verify(archive: Path, secret: bytes, *, keys: Path, room: Path) -> Manifest:
    """A restore that touches nothing: into a temporary folder in `room`, checked, thrown away."""
    with _room(room) as folder:
        return restore(archive, secret, keys=keys, database=folder / "db" / "gateway.db", files=folder / "files")


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
    _sync_folder(database.parent)


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


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
