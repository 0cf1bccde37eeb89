"""Files in messages: waiting at the platform, stored with us, refused, or gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from storage import files
from storage.tx import Tx

LEASE_MS: Final = 120_000  # who fetches a file has this long before another may try


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A file to be fetched. `source` -- the platform's id or URL."""

    id: str
    contact_id: str
    account_id: str
    conversation_id: str
    source: str = field(repr=False)
    name: str = field(repr=False)
    mime: str
    size: int
    attempts: int


def due(tx: Tx, *, limit: int) -> list[Due]:
    """Claim the files whose time has come."""
    lock = "FOR UPDATE SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        "SELECT id, contact_id, account_id, conversation_id, source_sealed, name_sealed, mime, size, attempts FROM attachment "  # noqa: S608
        f"WHERE state = 'pending' AND next_at <= :now ORDER BY created_at LIMIT {int(limit)} {lock}",
        now=tx.now_ms,
    )
    tx.run_among(
        "UPDATE attachment SET next_at = :later WHERE id IN (:among)",
        [row.id for row in rows],
        later=tx.now_ms + LEASE_MS,
    )
    return [
        Due(
            id=row.id,
            contact_id=row.contact_id,
            account_id=row.account_id,
            conversation_id=row.conversation_id,
            source=tx.keys.open_for(
                tx, row.contact_id, "attachment", "source_sealed", row.id, row.source_sealed
            ).decode(),
            name=tx.keys.open_for(tx, row.contact_id, "attachment", "name_sealed", row.id, row.name_sealed).decode(),
            mime=row.mime,
            size=row.size,
            attempts=row.attempts,
        )
        for row in rows
    ]


def stored(tx: Tx, item: Due, *, file_id: str, key: bytes, name: str, mime: str, size: int, sha256: str) -> None:
    """The bytes are in the file store; note them and show them. A second fetch of the same file changes nothing."""
    if tx.run(
        "UPDATE attachment SET state = 'stored', file_id = :file, mime = :mime, size = :size WHERE id = :id AND state = 'pending'",
        id=item.id,
        file=file_id,
        mime=mime,
        size=size,
    ):
        files.create(
            tx,
            file_id=file_id,
            key=key,
            name=name,
            mime=mime,
            size=size,
            sha256=sha256,
            contact_id=item.contact_id,
            purpose="chat",
            created_by="customer",
        )
        tx.hint("message", item.conversation_id)


def refused(tx: Tx, attachment_id: str, reason: str, *, state: str = "refused") -> None:
    """It will not come: too large, not a kind we take, or gone at the platform."""
    conversation = tx.value(
        "UPDATE attachment SET state = :state, reason = :reason WHERE id = :id AND state = 'pending' RETURNING conversation_id",
        id=attachment_id,
        state=state,
        reason=reason,
    )
    if conversation:
        tx.hint("message", conversation)


def later(tx: Tx, attachment_id: str, *, wait_s: float, counts: bool = True) -> None:
    tx.run(
        "UPDATE attachment SET next_at = :at, attempts = attempts + :one WHERE id = :id AND state = 'pending'",
        id=attachment_id,
        at=tx.now_ms + round(wait_s * 1000),
        one=int(counts),
    )
