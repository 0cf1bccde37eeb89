"""What we know of the files that we hold. Their bytes lie sealed in the file store, each under a key of its own, which
the contact's key wraps: who erases the contact makes them unreadable, backups included."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from storage.tx import Tx

ORPHANED_MS: Final = 24 * 3_600_000  # a file that nobody has attached to anything by then is deleted
_COLUMNS: Final = "id, contact_id, name_sealed, mime, size, sha256, key_sealed, purpose, created_by, created_at"


class Named(Protocol):
    """A row that `name_of` can read."""

    @property
    def id(self) -> str: ...
    @property
    def contact_id(self) -> str | None: ...
    @property
    def name_sealed(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file's row, opened. `key` -- for its bytes in the file store."""

    id: str
    contact_id: str | None
    name: str = field(repr=False)
    mime: str
    size: int
    sha256: str
    key: bytes = field(repr=False)
    purpose: str
    created_by: str
    created_at: int


def new_key() -> bytes:
    return os.urandom(32)


def create(
    tx: Tx,
    *,
    file_id: str,
    key: bytes,
    name: str,
    mime: str,
    size: int,
    sha256: str,
    contact_id: str | None = None,
    purpose: str = "",
    created_by: str = "",
) -> None:
    """Note a file whose bytes are in the store already. Without a contact it is ours until `bind`."""
    tx.insert(
        "file",
        id=file_id,
        contact_id=contact_id,
        name_sealed=_seal(tx, contact_id, "name_sealed", file_id, name.encode()),
        mime=mime,
        size=size,
        sha256=sha256,
        key_sealed=_seal(tx, contact_id, "key_sealed", file_id, key),
        purpose=purpose,
        created_by=created_by,
        created_at=tx.now_ms,
    )


def find(tx: Tx, file_id: str) -> StoredFile | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM file WHERE id = :id AND deleted_at IS NULL", id=file_id)  # noqa: S608
    return None if row is None else _opened(tx, row)


def of_contact(tx: Tx, contact_id: str, *, limit: int = 200) -> list[StoredFile]:
    """A contact's files, the newest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM file WHERE contact_id = :id AND deleted_at IS NULL ORDER BY id DESC LIMIT :limit",  # noqa: S608
        id=contact_id,
        limit=limit,
    )
    return [_opened(tx, row) for row in rows]


def name_of(tx: Tx, row: Named) -> str:
    """The cleaned name that its sender gave it."""
    return _open(tx, row.contact_id, "name_sealed", row.id, row.name_sealed).decode()


def bind(tx: Tx, file_id: str, contact_id: str) -> bool:
    """The file belongs to this contact from now on. False when it is another's already, or is not there."""
    row = tx.one(f"SELECT {_COLUMNS} FROM file WHERE id = :id AND deleted_at IS NULL", id=file_id)  # noqa: S608
    if row is None:
        return False
    if row.contact_id is not None:
        return bool(row.contact_id == contact_id)
    name = _open(tx, None, "name_sealed", row.id, row.name_sealed)
    key = _open(tx, None, "key_sealed", row.id, row.key_sealed)
    return (
        tx.run(
            "UPDATE file SET contact_id = :contact, name_sealed = :name, key_sealed = :key"
            " WHERE id = :id AND contact_id IS NULL",
            contact=contact_id,
            name=_seal(tx, contact_id, "name_sealed", row.id, name),
            key=_seal(tx, contact_id, "key_sealed", row.id, key),
            id=row.id,
        )
        > 0
    )


def bind_attached(tx: Tx, *, limit: int = 50) -> int:
    """Files that were uploaded before their sender had a row (web chat) become his; how many."""
    rows = tx.all(
        "SELECT f.id, MIN(a.contact_id) AS contact_id FROM file f JOIN attachment a ON a.file_id = f.id"
        " WHERE f.contact_id IS NULL AND f.deleted_at IS NULL GROUP BY f.id LIMIT :limit",
        limit=limit,
    )
    return sum(bind(tx, row.id, row.contact_id) for row in rows)


def orphans(tx: Tx, *, limit: int = 50) -> list[str]:
    """Files that were uploaded and never used: to be deleted."""
    rows = tx.all(
        "SELECT f.id FROM file f WHERE f.contact_id IS NULL AND f.deleted_at IS NULL AND f.created_at < :old"
        " AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.file_id = f.id) LIMIT :limit",
        old=tx.now_ms - ORPHANED_MS,
        limit=limit,
    )
    return [row.id for row in rows]


def delete(tx: Tx, file_id: str) -> bool:
    """Forget a file's name and key; its bytes are unreadable from here on, whoever still has a copy of them."""
    gone = tx.run(
        "UPDATE file SET deleted_at = :now, name_sealed = NULL, key_sealed = NULL WHERE id = :id AND deleted_at IS NULL",
        now=tx.now_ms,
        id=file_id,
    )
    if gone:
        tx.run("UPDATE attachment SET state = 'gone' WHERE file_id = :id", id=file_id)
    return gone > 0


def _opened(tx: Tx, row: Any) -> StoredFile:
    return StoredFile(
        id=row.id,
        contact_id=row.contact_id,
        name=name_of(tx, row),
        mime=row.mime,
        size=row.size,
        sha256=row.sha256,
        key=_open(tx, row.contact_id, "key_sealed", row.id, row.key_sealed),
        purpose=row.purpose,
        created_by=row.created_by,
        created_at=row.created_at,
    )


def _seal(tx: Tx, contact_id: str | None, column: str, file_id: str, data: bytes) -> bytes:
    if contact_id is None:
        return tx.keys.seal_own("file", column, file_id, data)
    return tx.keys.seal_for(tx, contact_id, "file", column, file_id, data)


def _open(tx: Tx, contact_id: str | None, column: str, file_id: str, sealed: bytes | None) -> bytes:
    if sealed is None:
        return b""
    if contact_id is None:
        return tx.keys.open_own("file", column, file_id, sealed)
    return tx.keys.open_for(tx, contact_id, "file", column, file_id, sealed)
