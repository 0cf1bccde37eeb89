"""What a customer said last, to know it again where a platform's envelopes have names of their own (Telegram's updates)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from storage.tx import Tx

LAST: Final = 32  # lines of a lane that are looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message of his. `said_at` -- the platform's time, Unix ms, 0 = untold · `said` -- its text without secrets, and what a
    tapped button carried; None = not opened yet, it is message `id` of that contact."""

    external_id: str
    kind: str
    said_at: int
    said: tuple[str, str] | None = field(default=None, repr=False)
    id: str = ""
    contact_id: str = ""
    sealed: bytes = field(default=b"", repr=False)


def last_heard(tx: Tx, points: Sequence[str], external_ids: Sequence[str]) -> dict[str, list[Heard]]:
    """Of the last lines of these lanes those that have one of these ids of the platform: hardly ever any."""
    found: dict[str, list[Heard]] = defaultdict(list)
    rows = tx.among(
        "SELECT m.id, m.point_id, m.contact_id, m.external_id, m.kind, m.said_at, m.body_sealed FROM contact_point p"
        " JOIN message m ON m.point_id = p.id AND m.seq > p.message_seq - :last"
        " WHERE p.id IN (:among) AND m.direction = 'inbound' AND m.external_id IN (:beside)",
        list(points),
        beside=external_ids,
        last=LAST,
    )
    for row in rows:
        found[row.point_id].append(
            Heard(
                external_id=row.external_id,
                kind=row.kind,
                said_at=row.said_at,
                id=row.id,
                contact_id=row.contact_id,
                sealed=row.body_sealed,
            )
        )
    return found


def words(tx: Tx, heard: Heard) -> tuple[str, str]:
    """Open it."""
    body = tx.keys.open_json(tx, heard.contact_id, "message", "body_sealed", heard.id, heard.sealed)
    return str(body.get("text", "")), str(body.get("payload", ""))
