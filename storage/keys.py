"""The key ring: secrets of the installation, kept beside the database and never in it; and sealing with them.

Format of a sealed value: version (1 byte) ‖ key id (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16), AES-256-GCM; table,
column and row id are bound in, so that two values swapped in the table fail to open. Version 2 was made smaller first
(storage.squeeze). Measured: seal 3.5 µs, open 1.6; squeezing adds about 7 to what is long enough for it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.ids import nonce
from storage.masters import KeyBroken, KeyMissing, Master, Masters, read, write
from storage.squeeze import squeeze, stretch

if TYPE_CHECKING:
    from storage.tx import Tx

PLAIN, SQUEEZED = 1, 2  # versions of a sealed value
CACHED_KEYS: Final = 2048  # unwrapped contact keys, of the customers who wrote last; a cipher of the library each
PARTS: Final = ("index", "audit", "pepper", "link")  # beside the master key, which has versions (storage.masters)


def seal(key: AESGCM, place: str, data: bytes, *, key_id: int = 1) -> bytes:
    """`place` -- table|column|row id."""
    once = nonce()
    small = squeeze(data)
    if small is not None:
        return bytes((SQUEEZED, key_id)) + once + key.encrypt(once, small, b"2|" + place.encode())
    return bytes((PLAIN, key_id)) + once + key.encrypt(once, data, place.encode())


def unseal(key: AESGCM, place: str, sealed: bytes) -> bytes:
    """Raises KeyMissing when the value does not belong to this key and place."""
    version = sealed[0] if len(sealed) >= 30 else 0
    if version not in (PLAIN, SQUEEZED):
        raise KeyMissing(f"{place.split('|', maxsplit=1)[0]}: not a sealed value")
    bound = place.encode() if version == PLAIN else b"2|" + place.encode()
    try:
        data = key.decrypt(bytes(sealed[2:14]), bytes(sealed[14:]), bound)
    except InvalidTag as err:
        raise KeyMissing(f"{place.split('|', maxsplit=1)[0]}: sealed for another place or key") from err
    return data if version == PLAIN else stretch(data)


DEFLATED: Final = 0x78  # how a value of the first pre-releases begins that was long; JSON of ours begins with a brace


def pack(value: Any) -> bytes:
    """A JSON value as bytes."""
    return orjson.dumps(value)


def unpack(data: bytes) -> Any:
    """The reverse of `pack`."""
    return orjson.loads(zlib.decompress(data) if data[0] == DEFLATED else data)


class KeyRing:
    """Secrets of one installation, and the cache of contact keys."""

    def __init__(self, secrets: dict[str, bytes], masters: Masters) -> None:
        self._secrets = secrets
        self.masters = masters
        self._cache: dict[str, AESGCM] = {}
        self._days: dict[int, AESGCM] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "KeyRing(***)"

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """The ring in `folder`; created 0600 when the folder holds none. Raises KeyBroken."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        masters = Masters.load(folder)
        missing = [name for name in PARTS if not (folder / f"{name}.key").exists()]
        if not masters.all():
            missing.append("master")
        if missing and len(missing) <= len(PARTS):
            raise KeyBroken(f"{folder}: {', '.join(missing)}.key missing; restore the whole key folder from its backup")
        for name in missing:
            write(folder / f"{name}.key", os.urandom(32))
        masters.look()
        return cls({name: read(folder / f"{name}.key") for name in PARTS}, masters)

    @classmethod
    def ephemeral(cls) -> KeyRing:
        """A ring that lives in memory only, for tests."""
        return cls({name: os.urandom(32) for name in PARTS}, Masters.ephemeral())

    # ---- derived secrets

    def blind(self, kind: str, value: str) -> bytes:
        """Keyed HMAC of a normalised value (`phone`, `email`, `policy` …), 128 bits: exact look-up without plaintext."""
        return hmac.digest(self._secrets["index"], f"{kind}\x00{value}".encode(), hashlib.sha256)[:16]

    def pepper(self, password: str) -> bytes:
        """What is hashed in place of the password: without this key the hashes cannot be guessed."""
        return hmac.digest(self._secrets["pepper"], password.encode(), hashlib.sha256)

    def mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC for the audit chain (`audit`), signed links and tickets (`link`)."""
        return hmac.digest(self._secrets[purpose], data, hashlib.sha256)

    # ---- keys of contacts and days

    def new_contact_key(self, contact_id: str) -> tuple[AESGCM, bytes]:
        """A fresh data key, cached, and its wrapped form to be inserted into `contact_key`."""
        raw = AESGCM.generate_key(256)
        key = AESGCM(raw)
        self._remember(contact_id, key)
        return key, self.seal_own("contact_key", "wrapped", contact_id, raw)

    def contact_key(self, tx: Tx, contact_id: str) -> AESGCM:
        """The contact's data key. Raises KeyMissing after erasure."""
        found = self._cache.get(contact_id)
        if found is None:
            wrapped = tx.value("SELECT wrapped FROM contact_key WHERE contact_id = :id", id=contact_id)
            if wrapped is None:
                raise KeyMissing("contact_key: destroyed")
            found = AESGCM(self.open_own("contact_key", "wrapped", contact_id, bytes(wrapped)))
            self._remember(contact_id, found)
        return found

    def warm(self, rows: list[tuple[str, bytes]]) -> None:
        """Unwrap many contact keys that one query brought."""
        for contact_id, wrapped in rows:
            if contact_id not in self._cache:
                raw = self.open_own("contact_key", "wrapped", contact_id, bytes(wrapped))
                self._remember(contact_id, AESGCM(raw))

    def knows(self, contact_id: str) -> bool:
        return contact_id in self._cache

    def forget(self, contact_id: str) -> None:
        """Drop a contact's key from memory (his row is gone)."""
        with self._lock:
            self._cache.pop(contact_id, None)

    def _remember(self, contact_id: str, key: AESGCM) -> None:
        with self._lock:
            if len(self._cache) >= CACHED_KEYS:
                del self._cache[next(iter(self._cache))]
            self._cache[contact_id] = key

    def wrap_day_key(self, day: int) -> bytes:
        """A fresh key for a day's raw bodies, wrapped. Not cached: only `open_day` of a committed row is."""
        return self.seal_own("day_key", "wrapped", str(day), AESGCM.generate_key(256))

    def open_day(self, day: int, wrapped: bytes | None) -> AESGCM:
        found = self._days.get(day)
        if found is None:
            if wrapped is None:
                raise KeyMissing(f"day_key {day}: destroyed")
            found = AESGCM(self.open_own("day_key", "wrapped", str(day), bytes(wrapped)))
            if len(self._days) > 64:
                self._days.clear()
            self._days[day] = found
        return found

    def forget_days(self, before: int) -> None:
        """Drop the keys of all earlier days from memory."""
        for day in [day for day in list(self._days) if day < before]:
            self._days.pop(day, None)

    def day(self, day: int) -> AESGCM | None:
        """The day's key if it is in memory."""
        return self._days.get(day)

    # ---- what other modules use

    def seal_for(self, tx: Tx, contact_id: str, table: str, column: str, row_id: str, value: str | bytes) -> bytes:
        """Seal under the contact's data key."""
        data = value.encode() if isinstance(value, str) else value
        return seal(self.contact_key(tx, contact_id), f"{table}|{column}|{row_id}", data)

    def open_for(self, tx: Tx, contact_id: str, table: str, column: str, row_id: str, sealed: bytes | None) -> bytes:
        """The reverse; b'' for NULL."""
        if sealed is None:
            return b""
        return unseal(self.contact_key(tx, contact_id), f"{table}|{column}|{row_id}", sealed)

    def seal_json(self, tx: Tx, contact_id: str, table: str, column: str, row_id: str, value: Any) -> bytes:
        return self.seal_for(tx, contact_id, table, column, row_id, pack(value))

    def open_json(self, tx: Tx, contact_id: str, table: str, column: str, row_id: str, sealed: bytes | None) -> Any:
        """The value, or {} for NULL."""
        return {} if sealed is None else unpack(self.open_for(tx, contact_id, table, column, row_id, sealed))

    def seal_own(self, table: str, column: str, row_id: str, data: bytes) -> bytes:
        """Seal under the newest master key: data keys, and rows that belong to no contact. `storage.rotation.OWN` names
        every column that is sealed so."""
        master = self.masters.newest
        return seal(master.cipher, f"{table}|{column}|{row_id}", data, key_id=master.version)

    def open_own(self, table: str, column: str, row_id: str, sealed: bytes) -> bytes:
        return unseal(self.masters.of(version_of(sealed)).cipher, f"{table}|{column}|{row_id}", sealed)

    def secret(self, purpose: str) -> bytes:
        """A 32-byte key derived from the newest master key for one purpose (archives, links)."""
        return derived(self.masters.newest, purpose)

    def secrets(self, purpose: str) -> tuple[bytes, ...]:
        """The same of every version, the newest first: what was made before a rotation is still recognised."""
        return tuple(derived(master, purpose) for master in self.masters.all())


def derived(master: Master, purpose: str) -> bytes:
    return hmac.digest(master.secret, f"derive:{purpose}".encode(), hashlib.sha256)


def version_of(sealed: bytes) -> int:
    """Of the master key that a value of `seal_own` needs."""
    return sealed[1] if len(sealed) > 1 else 0


__all__ = [
    "KeyBroken",
    "KeyMissing",
    "KeyRing",
    "derived",
    "pack",
    "seal",
    "unpack",
    "unseal",
    "version_of",
]
