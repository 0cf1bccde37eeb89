"""Addresses of files that are too large for their channel: good for three days, five times, and only for who knows the
last digits of the telephone number that the customer gave us. Every look at one is a look at its row."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from storage import audit, contacts, files
from storage.tx import Tx

GOOD_MS: Final = 72 * 3_600_000
KEPT_MS: Final = 24 * 3_600_000  # after its end, for whoever asks why it does not open
OPENINGS: Final = 5
TRIES: Final = 5
DIGITS: Final = 4


class Fate(StrEnum):
    """What comes of asking."""

    OPEN = "open"
    ASKS = "asks"  # for the digits
    WRONG = "wrong"
    OVER = "over"  # expired, used up, its file erased, or never there


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`file` -- only with OPEN · `left` -- tries after a wrong one."""

    fate: Fate
    file: files.StoredFile | None = None
    left: int = 0


def create(tx: Tx, *, link_id: str, file_id: str) -> int:
    """Until when it is good, Unix ms. Made twice by the same id, it is one."""
    tx.run(
        "INSERT INTO document_link (id, file_id, contact_id, until, opened, tries, created_at) VALUES"
        " (:id, :file, :contact, :until, 0, 0, :now) ON CONFLICT (id) DO NOTHING",
        id=link_id,
        file=file_id,
        contact=tx.value("SELECT contact_id FROM file WHERE id = :id", id=file_id),
        until=tx.now_ms + GOOD_MS,
        now=tx.now_ms,
    )
    return int(tx.value("SELECT until FROM document_link WHERE id = :id", id=link_id))


def look(tx: Tx, link_id: str) -> Fate:
    """Whether it can still be opened, and whether that takes the digits. Counts nothing: robots of chat apps look too."""
    row = _row(tx, link_id)
    endings = _endings(tx, row.contact_id) if row is not None and files.find(tx, row.file_id) is not None else None
    if endings is None:
        return Fate.OVER
    return Fate.ASKS if endings else Fate.OPEN


def claim(tx: Tx, link_id: str, digits: str) -> Answer:
    """Open it. A try is counted before it is looked at."""
    row = _row(tx, link_id, lock="FOR UPDATE" if tx.postgres else "")
    file = files.find(tx, row.file_id) if row is not None else None
    endings = _endings(tx, row.contact_id) if row is not None and file is not None else None
    if row is None or file is None or endings is None:
        return Answer(fate=Fate.OVER)
    if endings:
        tx.run("UPDATE document_link SET tries = tries + 1 WHERE id = :id", id=link_id)
        right = [hmac.compare_digest(digits.encode(), one.encode()) for one in endings]
        if not any(right):
            left = TRIES - row.tries - 1
            return Answer(fate=Fate.WRONG if left else Fate.OVER, left=left)
    tx.run("UPDATE document_link SET opened = opened + 1, tries = 0 WHERE id = :id", id=link_id)
    audit.write(tx, actor="customer", action="document.opened", object_type="file", object_id=file.id)
    return Answer(fate=Fate.OPEN, file=file)


def forget(tx: Tx, *, limit: int = 500) -> int:
    """Rows of links that ended a day ago, and of people who were erased. How many."""
    return tx.run(
        "DELETE FROM document_link WHERE id IN (SELECT d.id FROM document_link d LEFT JOIN contact k ON k.id = d.contact_id"
        " WHERE d.until < :before OR k.erased_at IS NOT NULL OR (d.contact_id IS NOT NULL AND k.id IS NULL) LIMIT :limit)",
        before=tx.now_ms - KEPT_MS,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    file_id: str
    contact_id: str | None
    tries: int


def _row(tx: Tx, link_id: str, *, lock: str = "") -> _Row | None:
    row = tx.one(
        "SELECT file_id, contact_id, tries FROM document_link WHERE id = :id"  # noqa: S608
        f" AND until > :now AND opened < {OPENINGS} AND tries < {TRIES} {lock}",
        id=link_id,
        now=tx.now_ms,
    )
    return None if row is None else _Row(row.file_id, row.contact_id, row.tries)


def _endings(tx: Tx, contact_id: str | None) -> list[str] | None:
    """The last digits of each of his numbers; [] when he gave us none, None when he was erased."""
    if contact_id is None:
        return []
    person = contacts.view(tx, contact_id)
    return [phone[-DIGITS:] for phone in person.phones] if person is not None else None
