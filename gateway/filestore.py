"""The folder of stored files: sealed bytes under random names, nothing of what they are or whose in the path.

Format: the 24-byte head `IBGFILE1` ‖ reserved, then nonce ‖ ciphertext ‖ tag (AES-256-GCM under the file's own key, its
id bound in). A file appears whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.ids import new_id

HEAD: Final = b"IBGFILE1".ljust(24, b"\0")
NONCE: Final = 12
HALF_WRITTEN_S: Final = 3600.0
_ID: Final = re.compile(r"[0-9a-v]{26}")


class FileStore:
    """Bytes by file id. The id comes from us, never from a request's free text: it is checked all the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes, key: bytes) -> str:
        """Seal and keep; the new file's id. Returns once the bytes are on the disk."""
        file_id = new_id()
        await asyncio.to_thread(self._write, file_id, data, key)
        return file_id

    async def get(self, file_id: str, key: bytes) -> bytes:
        """Raises FileNotFoundError; also for bytes that were cut or changed."""
        return await asyncio.to_thread(self._read, file_id, key)

    async def drop(self, file_id: str) -> None:
        """The bytes go; no error when they are gone already."""
        await asyncio.to_thread(self._path(file_id).unlink, missing_ok=True)

    async def sweep(self) -> int:
        """Remove what a crash left half written; how many."""
        return await asyncio.to_thread(self._sweep)

    def names(self) -> list[str]:
        """The ids of all files that are here."""
        return [path.name for path in self._folder.glob("[0-9a-v][0-9a-v]/*") if _ID.fullmatch(path.name)]

    def _path(self, file_id: str) -> Path:
        if not _ID.fullmatch(file_id):
            raise FileNotFoundError(file_id)
        return self._folder / file_id[-2:] / file_id  # the end is random, the beginning is the time

    def _write(self, file_id: str, data: bytes, key: bytes) -> None:
        path = self._path(file_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        nonce = os.urandom(NONCE)
        sealed = HEAD + nonce + AESGCM(key).encrypt(nonce, data, f"file|{file_id}".encode())
        half = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(sealed)
                out.flush()
                os.fsync(out.fileno())
            half.rename(path)
            _sync(path.parent)
        finally:
            half.unlink(missing_ok=True)

    def _read(self, file_id: str, key: bytes) -> bytes:
        sealed = self._path(file_id).read_bytes()
        if not sealed.startswith(HEAD):
            raise FileNotFoundError(file_id)
        body = sealed[len(HEAD) :]
        try:
            return AESGCM(key).decrypt(body[:NONCE], body[NONCE:], f"file|{file_id}".encode())
        except (InvalidTag, ValueError):
            raise FileNotFoundError(file_id) from None

    def _sweep(self) -> int:
        old = time.time() - HALF_WRITTEN_S
        halves = [path for path in self._folder.glob("*/.*") if path.is_file() and path.stat().st_mtime < old]
        for path in halves:
            path.unlink(missing_ok=True)
        return len(halves)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
