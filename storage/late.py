"""News of what had left already: a message that came back, an address at which nothing arrives any more. The conversation
learns of both by an event."""

from __future__ import annotations

import orjson

from storage.inbox import insert_own
from storage.tx import Tx

ENDED = "ended"


def came_back(tx: Tx, message_id: str, status: str, reason: str) -> None:
    """It was sent, and did not arrive. status failed or failed_late."""
    row = tx.one(
        "SELECT id, point_id, account_id, klass FROM outbox WHERE message_id = :id ORDER BY out_seq DESC LIMIT 1",
        id=message_id,
    )
    if row is not None:
        _tell(tx, row.point_id, row.account_id, f"send:{row.id}:{status}", message_id, status, reason, row.klass)


def end_route(tx: Tx, point_id: str, reason: str) -> None:
    """Nothing more may go there. reason -- no_mailbox, complaint or unsubscribed. Told once, until it is reachable again."""
    row = tx.one(
        "UPDATE contact_point SET reachable = :no, unreachable_reason = :reason WHERE id = :id "
        "AND (reachable OR unreachable_reason <> :reason) RETURNING account_id, conversation_id",
        no=False,
        reason=reason,
        id=point_id,
    )
    if row is not None and row.conversation_id:
        _tell(tx, point_id, row.account_id, f"ended:{point_id}:{reason}:{tx.now_ms}", "", ENDED, reason, "")


def _tell(
    tx: Tx, point_id: str, account_id: str, key: str, message_id: str, status: str, reason: str, klass: str
) -> None:
    insert_own(
        tx,
        point_id=point_id,
        account_id=account_id,
        kind="send_ended",
        source="system",
        key=key,
        body_=orjson.dumps({"message_id": message_id, "status": status, "reason": reason, "klass": klass}),
        state="new",
    )
