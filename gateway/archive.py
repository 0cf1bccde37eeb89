"""The archive of a backup: a tar stream, encrypted in pieces, with a manifest that says what is in it.

AES-256-GCM, the key derived from the master key; a piece has its number and whether it is the last, so none can be cut
off, moved or changed. What is read back is compared with the manifest, member by member.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import struct
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC: Final = b"IBAOHIEM-BACKUP-1\n"
PIECE: Final = 1 << 20
OTHER_KEYS: Final = (
    "made with other keys (or its first piece is damaged): put the folder of the keys of that time in place"
)


class BackupError(Exception):
    """It was not done; the text is a line for the operator. Nothing was changed unless it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive holds. `made_at` RFC 3339 UTC; `revision` of the schema; `audit` -- head of the audit chain; `key` --
    version of the master key that opens it."""

    made_at: str
    revision: str = ""
    key: int = 1
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
            key=given.get("key", 1),
            audit=given["audit"],
            members=tuple(Member(**member) for member in given["members"]),
        )


def write(archive: Path, secret: bytes, manifest: Manifest, parts: list[tuple[str, Path]]) -> Manifest:
    """Make the archive of `parts` (name in it, file); it appears only when it is complete. The manifest as written."""
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
                    key=manifest.key,
                    audit=manifest.audit,
                    members=tuple(member for member in members if member),
                )
                data = manifest.to_json()
                tar.addfile(_header("manifest.json", len(data)), io.BytesIO(data))
            sealed.finish()
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(archive)
        sync_folder(archive.parent)
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


def may_replace(path: Path) -> None:
    """Only a backup of ours is overwritten."""
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise BackupError(f"{path}: exists and is not a backup; name another file")


def same_keys(path: Path, *secrets: bytes) -> None:
    """The archive of the contacts' keys is the only one there is: one that other keys made is what older archives need."""
    if path.exists():
        with path.open("rb") as file:
            try:
                _Opener(file, secrets, path.name).read(1)
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

    def __init__(self, file: IO[bytes], secrets: Sequence[bytes], name: str) -> None:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupError(f"{name}: is not a backup of this gateway")
        self._file, self._name = file, name
        salt = file.read(32)
        self._next = file.read(PIECE + 16)
        if not self._next:
            raise BackupError(f"{name}: cut short")
        ciphers = [_cipher(secret, salt) for secret in secrets]
        self._cipher = next((one for one in ciphers if self._opens(one)), ciphers[0])
        self._held = b""
        self._number = 0

    def _opens(self, cipher: AESGCM) -> bool:
        for last in (False, True):
            with contextlib.suppress(InvalidTag):
                cipher.decrypt(_nonce(0, last=last), self._next, MAGIC)
                return True
        return False

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


def unpack(archive: Path, secret: bytes, folder: Path, *, older: Sequence[bytes] = ()) -> Manifest:
    """Open an archive into an empty folder and compare every member with the manifest. `older` -- secrets of earlier
    versions of the master key, which may have made it."""
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    try:
        with (
            archive.open("rb") as file,
            tarfile.open(fileobj=_Opener(file, (secret, *older), archive.name), mode="r|") as tar,
        ):
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


def sync_folder(folder: Path) -> None:
    """What was renamed in it is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
