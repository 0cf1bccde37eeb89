"""Files in messages: waiting at the platform, stored with us, refused, or gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import files, inbox
from storage.tx import Tx

LEASE_MS: Final = 120_000  # who fetches a file has this long before another may try
DAY_MS: Final = 86_400_000
DAY_BYTES: Final = 100 << 20  # what we keep of one customer's files in a day
LOOKED_AT: Final = 64  # due files among which those with room are found
ENDED: Final = "file_ended"  # the event by which the conversation learns that a file will not come
EXPIRED: Final = "expired"  # the platform could not be reached for as long as it kept the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A file to be fetched. `source` -- the platform's id or URL; `created_at` -- since when we know of it, Unix ms."""

    id: str
    message_id: str
    contact_id: str
    account_id: str
    conversation_id: str
    kind: str
    source: str = field(repr=False)
    name: str = field(repr=False)
    size: int
    attempts: int
    created_at: int


def due(tx: Tx, *, free: Mapping[str, int], lives: Mapping[str, int], limit: int) -> list[Due]:
    """Claim the files whose time has come, what dies first first. free -- how many more an account may fetch ·
    lives -- how long a file can be had there, ms; both by account id."""
    named = {f"a{number}": account for number, account in enumerate(lives)}
    ends = " ".join(f"WHEN :{name} THEN {int(lives[account])}" for name, account in named.items())
    lock = "FOR UPDATE SKIP LOCKED" if tx.postgres else ""
    rows = tx.among(
        "SELECT id, message_id, contact_id, account_id, conversation_id, kind, source_sealed, name_sealed, size, attempts,"  # noqa: S608
        " created_at FROM attachment WHERE state = 'pending' AND next_at <= :now AND account_id IN (:among)"
        f" ORDER BY created_at + CASE account_id {ends} ELSE 0 END LIMIT {LOOKED_AT} {lock}",
        list(free),
        now=tx.now_ms,
        **named,
    )
    room: dict[str, int] = dict(free)
    taken: list[Any] = []
    for row in rows:
        if room[row.account_id] > 0 and len(taken) < limit:
            room[row.account_id] -= 1
            taken.append(row)
    tx.run_among(
        "UPDATE attachment SET next_at = :later WHERE id IN (:among)",
        [row.id for row in taken],
        later=tx.now_ms + LEASE_MS,
    )
    return [
        Due(
            id=row.id,
            message_id=row.message_id,
            contact_id=row.contact_id,
            account_id=row.account_id,
            conversation_id=row.conversation_id,
            kind=row.kind,
            source=tx.keys.open_for(
                tx, row.contact_id, "attachment", "source_sealed", row.id, row.source_sealed
            ).decode(),
            name=tx.keys.open_for(tx, row.contact_id, "attachment", "name_sealed", row.id, row.name_sealed).decode(),
            size=row.size,
            attempts=row.attempts,
            created_at=row.created_at,
        )
        for row in taken
    ]


def stored(tx: Tx, item: Due, *, file_id: str, key: bytes, name: str, mime: str, size: int, sha256: str) -> bool:
    """The bytes are in the file store; note them and show them. False when nobody wants them any more: it was fetched
    twice, was taken back, or is more than we keep of one customer in a day."""
    day = tx.value(
        "SELECT COALESCE(SUM(size), 0) FROM file WHERE contact_id = :contact AND created_by = 'customer' AND created_at > :day",
        contact=item.contact_id,
        day=tx.now_ms - DAY_MS,
    )
    if day + size > DAY_BYTES:
        ended(tx, item, "too_many")
        return False
    waiting = tx.run(
        "UPDATE attachment SET state = 'stored', file_id = :file, mime = :mime, size = :size WHERE id = :id AND state = 'pending'",
        id=item.id,
        file=file_id,
        mime=mime,
        size=size,
    )
    if not waiting:
        return False
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
    return True


def ended(tx: Tx, item: Due, reason: str, *, state: str = "refused") -> None:
    """It will not come: refused by us, or gone at the platform. Its conversation learns it by an event."""
    waiting = tx.run(
        "UPDATE attachment SET state = :state, reason = :reason WHERE id = :id AND state = 'pending'",
        id=item.id,
        state=state,
        reason=reason,
    )
    if not waiting:
        return
    tx.hint("message", item.conversation_id)
    said = tx.one("SELECT point_id, direction FROM message WHERE id = :id", id=item.message_id)
    if said is not None and said.direction == "inbound":
        body = {"conversation_id": item.conversation_id, "kind": item.kind, "reason": reason}
        inbox.insert_own(
            tx,
            point_id=said.point_id,
            account_id=item.account_id,
            kind=ENDED,
            source="system",
            key=f"file:{item.id}",
            body_=orjson.dumps(body),
            state="new",
        )


def later(tx: Tx, attachment_id: str, *, wait_s: float, counts: bool = True) -> None:
    tx.run(
        "UPDATE attachment SET next_at = :at, attempts = attempts + :one WHERE id = :id AND state = 'pending'",
        id=attachment_id,
        at=tx.now_ms + round(wait_s * 1000),
        one=int(counts),
    )
