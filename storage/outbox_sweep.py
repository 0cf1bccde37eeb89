"""Sends that nobody told the end of: of a process that is gone, of a mark that was lost, too old, never confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from storage import deliveries
from storage.outbox import DOCUMENT, IS_OPEN, JOB, expire, job_of, tell_conversation
from storage.tx import Tx

UNCONFIRMED_AFTER_MS: Final = 15 * 60_000
STUCK_MS: Final = 150_000  # longer than any call may take: a row of this boot that is still `sending` lost its mark


def recover(tx: Tx, *, idempotent: Sequence[str], stuck: bool = False) -> tuple[int, int]:
    """What may have been sent and nobody knows: at start the rows that another boot left in `sending`; with `stuck`
    those of this boot whose call ended long ago without a mark. Accounts that de-duplicate by our id send it again;
    elsewhere it is unknown. (sent again, unknown)."""
    whose = f"{IS_OPEN} AND " + ("boot_id = :boot AND started_at < :before" if stuck else "boot_id <> :boot")
    binds = {"boot": tx.boot} | ({"before": tx.now_ms - STUCK_MS} if stuck else {})
    again = tx.run_among(
        f"UPDATE outbox SET state = 'queued', version = version + 1 WHERE state = 'sending' AND {whose} AND account_id IN (:among)",  # noqa: S608
        list(idempotent),
        **binds,
    )
    rows = tx.all(
        f"SELECT {JOB} FROM outbox WHERE state = 'sending' AND {whose}",  # noqa: S608
        **binds,
    )
    reason = "mark_lost" if stuck else "process_ended"
    for row in rows:
        tx.run(
            "UPDATE outbox SET state = 'unknown', error = :reason, done_at = :now, not_before = :now, version = version + 1 WHERE id = :id",
            id=row.id,
            reason=reason,
            now=tx.now_ms,
        )
        tx.run(
            "UPDATE message SET status = 'unknown', error = :reason WHERE id = :id AND status IN ('queued','sending')",
            id=row.message_id,
            reason=reason,
        )
        if row.klass == DOCUMENT:
            deliveries.fate(tx, row.message_id, "unknown", reason)
        tell_conversation(tx, job_of(row), "unknown", reason)
    return again, len(rows)


def expire_old(tx: Tx, *, limit: int = 100) -> int:
    """What is too old to be sent, whether or not its account could send now (parked, or no longer configured)."""
    lock = "FOR UPDATE SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        f"SELECT {JOB} FROM outbox WHERE {IS_OPEN} AND state IN ('queued','retry_wait') AND not_after < :now LIMIT {int(limit)} {lock}",  # noqa: S608
        now=tx.now_ms,
    )
    for row in rows:
        expire(tx, job_of(row))
    return len(rows)


def sweep(tx: Tx) -> int:
    """Unknown sends that nothing confirmed in 15 minutes are a person's question from now on."""
    expire_old(tx)
    rows = tx.all(
        f"SELECT id, message_id, conversation_id FROM outbox WHERE {IS_OPEN} AND state = 'unknown' AND done_at < :before LIMIT 200",  # noqa: S608
        before=tx.now_ms - UNCONFIRMED_AFTER_MS,
    )
    for row in rows:
        tx.run(
            "UPDATE outbox SET state = 'unconfirmed', version = version + 1 WHERE id = :id AND state = 'unknown'",
            id=row.id,
        )
        tx.run("UPDATE message SET status = 'unconfirmed' WHERE id = :id AND status = 'unknown'", id=row.message_id)
        tx.hint("message", row.conversation_id)
    return len(rows)
