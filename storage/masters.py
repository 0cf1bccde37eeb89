"""The master key in its versions: the newest one seals, every one opens what it sealed.

`master.key` is version 1, `master-2.key` the next. A version that seals nothing in the database any more lies in `retired/`:
archives and links from before its rotation still need it, until an operator deletes the file.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RETIRED: Final = "retired"
MOST: Final = 255  # the version is one byte of a sealed value
_NAME: Final = re.compile(r"master(?:-([1-9][0-9]{0,2}))?\.key")


class KeyMissing(Exception):
    """The key of a sealed value was destroyed, or never was on this ring."""


class KeyBroken(Exception):
    """The key directory is unreadable, has wrong permissions or a malformed key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """One version. `since_s` -- when its file was made, Unix seconds; `path` None in memory only."""

    version: int
    secret: bytes = field(repr=False)
    cipher: AESGCM = field(repr=False)
    retired: bool = False
    path: Path | None = None
    since_s: float = 0.0


def file_name(version: int) -> str:
    return "master.key" if version == 1 else f"master-{version}.key"


class Masters:
    """Every version of the folder. `folder` None: one that lives in memory only, for tests."""

    def __init__(self, found: dict[int, Master], folder: Path | None) -> None:
        self._found = found
        self._folder = folder

    @classmethod
    def load(cls, folder: Path) -> Masters:
        """Raises KeyBroken; what is there but no key is an error, a folder without any version is not."""
        return cls(_read_all(folder), folder)

    @classmethod
    def ephemeral(cls) -> Masters:
        made = _made(1, os.urandom(32))
        return cls({1: made}, None)

    @property
    def newest(self) -> Master:
        return self._found[max(self._found)]

    def all(self) -> list[Master]:
        """The newest first."""
        return [self._found[version] for version in sorted(self._found, reverse=True)]

    def of(self, version: int) -> Master:
        """Raises KeyMissing. One that another process has made since is looked for in the folder."""
        found = self._found.get(version)
        if found is None:
            self.look()
            found = self._found.get(version)
        if found is None:
            raise KeyMissing(f"master key: there is no version {version}")
        return found

    def look(self) -> None:
        """Take up what is in the folder now."""
        if self._folder is not None:
            self._found = _read_all(self._folder)

    def begin(self) -> Master:
        """The next version, on the disk before it is used."""
        version = max(self._found, default=0) + 1
        if version > MOST:
            raise KeyBroken(f"there are {MOST} versions of the master key, and no more can be told apart")
        secret = os.urandom(32)
        path = None
        if self._folder is not None:
            path = self._folder / file_name(version)
            write(path, secret)
        made = _made(version, secret, path=path)
        self._found = {**self._found, version: made}
        return made

    def retire(self, version: int) -> Path | None:
        """It seals nothing any more; where its file lies now."""
        old = self._found[version]
        path = None
        if self._folder is not None and old.path is not None:
            room = self._folder / RETIRED
            room.mkdir(mode=0o700, exist_ok=True)
            path = room / old.path.name
            old.path.rename(path)
            sync(room)
            sync(self._folder)
        moved = Master(
            version=version, secret=old.secret, cipher=old.cipher, retired=True, path=path, since_s=old.since_s
        )
        self._found = {**self._found, version: moved}
        return path


def _made(version: int, secret: bytes, *, retired: bool = False, path: Path | None = None) -> Master:
    since_s = path.stat().st_mtime if path is not None else 0.0
    return Master(version=version, secret=secret, cipher=AESGCM(secret), retired=retired, path=path, since_s=since_s)


def _read_all(folder: Path) -> dict[int, Master]:
    found: dict[int, Master] = {}
    for room in (folder / RETIRED, folder):
        for path in sorted(room.glob("master*.key")):
            named = _NAME.fullmatch(path.name)
            if named is not None:
                version = int(named[1] or 1)
                found[version] = _made(version, read(path), retired=room != folder, path=path)
    return found


def write(path: Path, secret: bytes) -> None:
    """A key's file, 0600: whole, or not there."""
    half = path.with_name(f".{path.name}.new")
    half.unlink(missing_ok=True)
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    sync(path.parent)


def read(path: Path) -> bytes:
    """Raises KeyBroken."""
    if path.stat().st_mode & 0o077:
        raise KeyBroken(f"{path}: readable by others; run chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as err:
        raise KeyBroken(f"{path}: not 64 hexadecimal digits") from err
    if len(key) != 32:
        raise KeyBroken(f"{path}: not 64 hexadecimal digits")
    return key


def sync(folder: Path) -> None:
    """What was renamed in it is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
