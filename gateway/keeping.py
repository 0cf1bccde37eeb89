"""`gateway backup` and `gateway restore`: gateway.backup applied to the installation that a configuration names."""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway import backup as archives
from gateway.admin import admin, answers
from gateway.archive import BackupError, Manifest
from gateway.config import Config
from storage import fingerprint
from storage.engines import FileLock
from storage.keys import KeyRing
from storage.masters import file_name

PURPOSE: Final = "backup"  # of the key that is derived from the master key


class OnPostgres(Exception):
    """PostgreSQL has better tools of its own; the text says which."""

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"on PostgreSQL use its own tools (docs/runbook.md): {verb};"
            " copy the folder of the files as well, and keep the folder of the keys apart"
        )


def backup(config: Config, archive: Path, keys: Path | None) -> list[str]:
    """Make the archive; what was done, in lines. Raises OnPostgres, BackupError."""
    database = config.database.path
    if database is None:
        raise OnPostgres("pg_dump --format=custom --file=gateway.dump DATABASE")
    if not database.exists():
        raise BackupError(f"{database}: no such database")
    ring = _ring(config)
    secret, *older = ring.secrets(PURPOSE)
    keys = (keys or archive.with_name(archives.KEYS_NAME)).absolute()
    with archives.workroom(database) as room:
        copied = room / "gateway.db"
        if os.geteuid() == 0:  # a running gateway makes the copy, as its own user
            os.chown(room, database.stat().st_uid, database.stat().st_gid)
        asyncio.run(_copy(config, database, copied))
        manifest = archives.pack(
            copied,
            config.files.path,
            secret,
            archive,
            keys=keys,
            now=datetime.now(UTC),
            key=ring.masters.newest.version,
            older=older,
        )
    archives.stamp(database, archive, manifest)
    return [
        f"{archive}: {_told(manifest)}",
        f"{keys}: the contacts' keys; only the newest one is to be kept",
        f"{config.keys.path}: the master keys are in neither; copy that folder to a third place",
    ]


async def _copy(config: Config, database: Path, copied: Path) -> None:
    """Through the running gateway's own connection, or, when nothing runs, under its lock."""
    if config.socket is not None and await answers(config.socket):
        async with admin(config) as call:
            await call("POST", "/backup", {"path": str(copied)})
        return
    lock = FileLock(database)
    lock.take()
    try:
        archives.copy_file(database, copied)
    finally:
        lock.drop()


def restore(config: Config, archive: Path, keys: Path | None, *, force: bool, check: bool) -> list[str]:
    """Put it in place, or only prove that it could be. Raises OnPostgres, BackupError, AlreadyRunning."""
    database = config.database.path
    if database is None:
        raise OnPostgres("pg_restore --clean --if-exists --dbname=DATABASE gateway.dump")
    secret, *older = _ring(config).secrets(PURPOSE)
    if not archive.is_file():
        raise BackupError(f"{archive}: there is no such archive; `gateway backup FILE` makes one")
    keys = (keys or archive.with_name(archives.KEYS_NAME)).absolute()
    if check:
        with tempfile.TemporaryDirectory(prefix="gateway-restore-") as room:
            manifest = archives.verify(archive, secret, keys=keys, room=Path(room), older=older)
        return [f"{archive}: {_told(manifest)}; it can be restored"]
    lock = FileLock(database)
    lock.take()
    try:
        files = config.files.path
        manifest = archives.restore(
            archive, secret, keys=keys, database=database, files=files, force=force, older=older
        )
    finally:
        lock.drop()
    said = [f"{database}: restored, {_told(manifest)}"]
    aside = sorted(database.parent.glob("before-restore-*"))
    if aside:
        said.append(f"{aside[-1]}: what was there before; it holds customers' data, delete it when all is well")
    return said


def _ring(config: Config) -> KeyRing:
    if fingerprint.absent(config.keys.path):  # new ones would open nothing
        raise BackupError(f"{config.keys.path}: holds no keys; put the folder of the keys there first")
    return KeyRing.load(config.keys.path)


def _told(manifest: Manifest) -> str:
    size = sum(member.size for member in manifest.members)
    files = len(manifest.members) - 1
    made = f"made {manifest.made_at}, schema {manifest.revision or 'unknown'}, opens with {file_name(manifest.key)}"
    return f"{size / 1e6:.1f} MB with {files} files, {made}"
