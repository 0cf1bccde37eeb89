"""A send that ended badly, said again because a person decided so."""

from __future__ import annotations

import orjson

from storage.ids import new_id
from storage.outbox import body_of, claim
from storage.tx import Tx


class Change(Exception):
    """It was to change what stands in the transcript. That says something else again by now, for it failed or another change
    came after it: made once more, he would read other words than we do."""


def resend(tx: Tx, outbox_id: str) -> str | None:
    """A person decided: the same call again as a new row. None when the row is not one that ended badly. Raises Change."""
    if tx.one(
        "SELECT 1 FROM outbox o WHERE o.id = :id AND o.step < 0 AND (o.state NOT IN ('unknown','unconfirmed')"
        " OR EXISTS (SELECT 1 FROM outbox n WHERE n.message_id = o.message_id AND n.step < 0 AND n.out_seq > o.out_seq))",
        id=outbox_id,
    ):
        raise Change
    taken = tx.run(  # once: the second click finds nothing to send
        "UPDATE outbox SET state = 'failed', error = 'sent_again', version = version + 1 WHERE id = :id "
        "AND state IN ('failed','unconfirmed','unknown','expired','quarantined') AND error <> 'sent_again'",
        id=outbox_id,
    )
    row = tx.one("SELECT * FROM outbox WHERE id = :id", id=outbox_id) if taken else None
    if row is None:
        return None
    body = orjson.dumps(body_of(tx, row))
    copy = new_id()
    seq = tx.value("UPDATE contact_point SET out_seq = out_seq + 1 WHERE id = :id RETURNING out_seq", id=row.point_id)
    tx.insert(
        "outbox",
        id=copy,
        cause=copy,
        step=min(row.step, 0),
        account_id=row.account_id,
        point_id=row.point_id,
        contact_id=row.contact_id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        part=row.part,
        last_part=row.last_part,
        out_seq=seq,
        klass=row.klass,
        purpose=row.purpose,
        state="queued",
        body_sealed=tx.keys.seal_for(tx, row.contact_id, "outbox", "body_sealed", copy, body),
        not_before=tx.now_ms,
        not_after=None,
        attempts=0,
        boot_id="",
        error="",
        created_at=tx.now_ms,
        version=0,
    )
    if row.step >= 0:  # what a change is of did arrive
        tx.run("UPDATE message SET status = 'queued', error = '' WHERE id = :id", id=row.message_id)
    claim(tx, points=[row.point_id])
    tx.hint("message", row.conversation_id)
    return copy
