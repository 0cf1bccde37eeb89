"""What a platform told beside a customer's last message: where some of them want to be answered."""

from __future__ import annotations

from collections.abc import Mapping

from storage.keys import KeyMissing
from storage.tx import Tx


def beside(tx: Tx, account_id: str, thread: str) -> Mapping[str, str]:
    """`InboundEvent.extra` of the last message that had any; {} when nobody is known there."""
    rows = tx.all(
        "SELECT m.id, m.contact_id, m.body_sealed FROM message m JOIN contact_point p ON p.id = m.point_id"
        " WHERE p.account_id = :account AND p.thread = :thread AND m.direction = 'inbound' AND m.body_sealed IS NOT NULL"
        " ORDER BY m.seq DESC LIMIT 5",
        account=account_id,
        thread=thread,
    )
    for row in rows:
        try:
            body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        except KeyMissing:
            return {}
        if isinstance(found := body.get("extra"), dict):
            return {str(name): str(value) for name, value in found.items()}
    return {}


def last_heard(tx: Tx, account_id: str) -> int | None:
    """When the account's platform was last heard of, Unix ms; None when never."""
    found = tx.value(
        "SELECT MAX(received_at) FROM inbox_event WHERE account_id = :id AND source = 'platform'", id=account_id
    )
    return None if found is None else int(found)
