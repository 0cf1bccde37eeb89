"""The outbox: one row a platform call, from intent to fate.

A row is `sending`, with this process's boot id, before the first byte leaves; what a call brought is recorded in a
later batch. A `sending` row of another boot may have been sent: it becomes `unknown`, never `queued` again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from channels.quick import quick
from storage import deliveries, may_say, parked, unchanged
from storage.accounts import stand
from storage.errors import classify
from storage.ids import new_id
from storage.inbox import insert_own
from storage.tx import Tx

OPEN: Final = "('queued','sending','retry_wait','unknown')"
# Said beside a narrower wish, word for word as in the index of open rows: SQLite uses it for nothing else, and without it
# looks through every row that ever left.
IS_OPEN: Final = f"state IN {OPEN}"
DOCUMENT: Final = "C"  # the class of message whose fate a certificate's delivery shares
# The states that the JSON API has no word for, in its own words.
SHOWN: Final = {"retry_wait": "queued", "failed_late": "failed", "quarantined": "failed"}
ENDED: Final = frozenset({"failed", "unknown", "unconfirmed", "expired"})  # fates that the conversation must learn of


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class SendJob:
    """A row that this process may call now. `body` -- OutboundMessage as JSON; the sender knows how to read it."""

    id: str
    account_id: str
    point_id: str
    conversation_id: str
    message_id: str
    klass: str
    attempts: int
    not_after: int | None
    created_at: int
    body: Mapping[str, Any] = field(repr=False)
    last: bool = True  # the part whose success makes the message sent


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call brought. `state` -- the row's next; `tried` False when it costs no attempt (throttled);
    `blocks_ms` -- how long an unknown holds its lane; `account` -- (state, reason, paused until ms) to note."""

    job: SendJob
    state: str
    external_id: str = ""
    error: str = ""
    code: str = ""
    detail: str = ""
    not_before: int = 0
    started_at: int = 0
    took_ms: int = 0
    tried: bool = True
    blocks_ms: int = 0
    account: tuple[str, str, int | None] | None = None


def record(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """Write the fates of many calls, and claim what may leave next on their lanes."""
    outcomes = _told_back(tx, outcomes)
    tx.many(
        "UPDATE outbox SET state = :state, external_id = :external_id, error = :error, not_before = :not_before, "
        "attempts = attempts + :tried, done_at = :done_at, version = version + 1 "
        "WHERE id = :id AND state = 'sending' AND boot_id = :boot",
        [
            {
                "id": o.job.id,
                "state": o.state,
                "external_id": o.external_id or None,
                "error": o.error,
                "not_before": tx.now_ms + o.blocks_ms if o.state == "unknown" else o.not_before,
                "tried": int(o.tried),
                "done_at": tx.now_ms if o.state in ("sent", "failed", "expired", "unknown") else None,
                "boot": tx.boot,
            }
            for o in outcomes
        ],
    )
    tx.insert_many(
        "attempt",
        [
            {
                "id": new_id(),
                "outbox_id": o.job.id,
                "number": o.job.attempts + 1,
                "started_at": o.started_at,
                "took_ms": o.took_ms,
                "outcome": o.state if o.tried else "throttled",
                "code": o.code,
                "detail": o.detail[:1024],
            }
            for o in outcomes
        ],
    )
    _messages(tx, outcomes)
    parked.wake(tx, [(o.job.point_id, o.external_id) for o in outcomes if o.external_id])
    for outcome in outcomes:
        if outcome.account is not None:
            stand(tx, outcome.job.account_id, *outcome.account)
        if outcome.state in ("failed", "expired") and outcome.job.body.get("edits"):
            unchanged.undo(tx, outcome.job.message_id)
        if outcome.state in ENDED:
            tell_conversation(tx, outcome.job, outcome.state, outcome.error)
    waiting = tx.among(
        f"SELECT DISTINCT point_id FROM outbox WHERE point_id IN (:among) AND {IS_OPEN} AND state IN ('queued','retry_wait')",  # noqa: S608
        list({o.job.point_id for o in outcomes}),
    )
    if waiting:
        claim(tx, points=[row[0] for row in waiting])


def _told_back(tx: Tx, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Where the answer was lost, the platform's echo may have come before (storage.echoes): then it did arrive."""
    lost = [o.job.id for o in outcomes if o.error == "answer_lost"]
    if not lost:
        return outcomes
    rows = tx.among("SELECT id, external_id FROM outbox WHERE id IN (:among) AND external_id IS NOT NULL", lost)
    known = {row.id: row.external_id for row in rows}
    return [
        replace(o, state="sent", external_id=known[o.job.id], error="") if o.job.id in known else o for o in outcomes
    ]


def _messages(tx: Tx, outcomes: Sequence[Outcome]) -> None:
    """The message shows its weakest part; only the last part's success makes it sent."""
    shown = {"sent": "sent", "failed": "failed", "unknown": "unknown", "retry_wait": "queued", "expired": "expired"}
    tx.many(
        "UPDATE message SET status = :status, external_id = COALESCE(:external_id, external_id), error = :error "
        "WHERE id = :id AND status IN ('queued', 'sending', 'unknown')",
        [
            {"id": o.job.message_id, "status": shown[o.state], "external_id": o.external_id or None, "error": o.error}
            for o in outcomes
            if o.state in shown and (o.job.last or o.state != "sent")
        ],
    )
    for outcome in outcomes:
        tx.hint("message", outcome.job.conversation_id)
        if outcome.job.klass == DOCUMENT:
            deliveries.fate(tx, outcome.job.message_id, outcome.state, outcome.error)


def tell_conversation(tx: Tx, job: SendJob, status: str, reason: str) -> None:
    """The conversation learns of a send's end as of everything else: by an event."""
    insert_own(
        tx,
        point_id=job.point_id,
        account_id=job.account_id,
        kind="send_ended",
        source="system",
        key=f"send:{job.id}:{status}",
        body_=orjson.dumps({"message_id": job.message_id, "status": status, "reason": reason, "klass": job.klass}),
        state="new",
    )


JOB: Final = "id, account_id, point_id, conversation_id, message_id, klass, attempts, not_after, created_at, last_part"
_HEADS: Final = f"""
SELECT o.id, o.account_id, o.point_id, o.contact_id, o.conversation_id, o.message_id, o.klass, o.purpose, o.attempts, o.not_after, o.created_at,
  o.last_part, o.body_sealed
FROM outbox o
WHERE o.{IS_OPEN} AND o.state IN ('queued','retry_wait') AND o.not_before <= :now {{where}}
AND NOT EXISTS (
  SELECT 1 FROM outbox e WHERE e.point_id = o.point_id AND e.out_seq < o.out_seq AND e.{IS_OPEN}
  AND (e.state IN ('queued','sending','retry_wait') OR (e.state = 'unknown' AND e.not_before > :now)))
ORDER BY {{first}}, o.created_at, o.out_seq LIMIT :limit {{lock}}"""  # noqa: S608
LIVE_FIRST: Final = "CASE o.klass WHEN 'D' THEN 1 ELSE 0 END"
ASKS_FIRST: Final = (  # one that nobody ever answers goes behind the others; then what does no harm if asking doubles it
    "o.attempts, CASE o.klass WHEN 'A' THEN 0 WHEN 'C' THEN 0 ELSE 1 END"
)


def body_of(tx: Tx, row: Any) -> dict[str, Any]:
    """What the call says: its own body, or what the transcript says where the two are the same."""
    if row.body_sealed is not None:
        own: dict[str, Any] = tx.keys.open_json(tx, row.contact_id, "outbox", "body_sealed", row.id, row.body_sealed)
        return own
    said = tx.one(
        "SELECT m.id, m.contact_id, m.body_sealed, p.thread FROM message m JOIN contact_point p ON p.id = m.point_id WHERE m.id = :id",
        id=row.message_id,
    )
    assert said is not None
    body = tx.keys.open_json(tx, said.contact_id, "message", "body_sealed", said.id, said.body_sealed)
    buttons = [[b["id"], b["label"], b["url"], b["contact"]] for b in body.get("buttons", ())]
    made: dict[str, Any] = {"thread": said.thread, "text": body["text"]}
    return made | ({"buttons": buttons} if buttons else {}) | ({"clear": True} if body.get("clear") else {})


SCHEDULED: Final = "D"  # the class of what we say first: it leaves through `claim` only, which asks whether it may


def claim(tx: Tx, *, points: Sequence[str] | None = None, accounts: Sequence[str] = (), limit: int = 64) -> int:
    """Take the heads of lanes that may leave now into `sending`; they are in `tx.sends` for after the commit.
    `points` -- only these lanes, else the lanes of each of `accounts`, each with its own `limit`. How many were taken.

    Consent is read here, in the sending transaction: what the person has switched off or taken back since, on whatever
    channel, is cancelled."""
    lock = "FOR UPDATE OF o SKIP LOCKED" if tx.postgres else ""
    before = len(tx.sends)
    groups = [("point_id", list(points))] if points is not None else [("account_id", [account]) for account in accounts]
    for column, values in groups:
        asks = points is None and tx.gates.asks(values[0], tx.now_ms)
        first = ASKS_FIRST if asks else LIVE_FIRST
        statement = _HEADS.format(where=f"AND o.{column} IN (:among)", first=first, lock=lock)
        for row in tx.among(statement, values, now=tx.now_ms, limit=limit):
            _take(tx, row, oldest=points is None)
    taken = tx.sends[before:]
    tx.many(
        "UPDATE outbox SET state = 'sending', boot_id = :boot, started_at = :now, version = version + 1 WHERE id = :id",
        [{"id": job.id, "boot": tx.boot, "now": tx.now_ms} for job in taken],
    )
    tx.many(
        "UPDATE message SET status = 'sending' WHERE id = :id AND status = 'queued'",
        [{"id": job.message_id} for job in taken],
    )
    return len(taken)


def _take(tx: Tx, row: Any, *, oldest: bool) -> None:
    """One head: expired, cancelled, unreadable, held back, or in `tx.sends` with its slot."""
    if row.not_after is not None and row.not_after < tx.now_ms:
        expire(tx, job_of(row))
    elif row.purpose in may_say.PROACTIVE and (reason := _why_not(tx, row)):
        _end(tx, row, "cancelled", reason)
        if row.klass == SCHEDULED:
            tell_conversation(tx, job_of(row), "cancelled", reason)
    elif tx.gates.admit(row.account_id, row.point_id, tx.now_ms, again=row.attempts > 0, oldest=oldest):
        try:
            job = job_of(row, body_of(tx, row))
        except Exception as err:  # a row that breaks us must not hold the others: a person looks at it
            tx.gates.release(row.account_id)
            if classify(err) is not None:
                raise
            _end(tx, row, "quarantined", type(err).__name__)
            tell_conversation(tx, job_of(row), "failed", "unreadable")
        else:
            tx.sends.append(job)  # released again when this transaction is rolled back


def _why_not(tx: Tx, row: Any) -> str:
    return may_say.why_not(tx, row.contact_id, row.purpose, channel=row.account_id.partition(":")[0])


def job_of(row: Any, body: Mapping[str, Any] | None = None) -> SendJob:
    """Of a row with the columns of `JOB`."""
    return SendJob(
        id=row.id,
        account_id=row.account_id,
        point_id=row.point_id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        klass=row.klass,
        attempts=row.attempts,
        not_after=row.not_after,
        created_at=row.created_at,
        body=body or {},
        last=bool(row.last_part),
    )


def _end(tx: Tx, row: Any, state: str, reason: str) -> None:
    tx.run(
        "UPDATE outbox SET state = :state, error = :reason, done_at = :now, version = version + 1 WHERE id = :id",
        id=row.id,
        state=state,
        reason=reason,
        now=tx.now_ms,
    )
    status = "cancelled" if state == "cancelled" else "failed"
    tx.run(
        "UPDATE message SET status = :status, error = :reason WHERE id = :id",
        id=row.message_id,
        status=status,
        reason=reason,
    )
    if row.klass == DOCUMENT:
        deliveries.fate(tx, row.message_id, status, reason)
    tx.hint("message", row.conversation_id)


def expire(tx: Tx, job: SendJob) -> None:
    """It is too old to be said: the conversation learns it."""
    tx.run(
        "UPDATE outbox SET state = 'expired', done_at = :now, error = 'too_old', version = version + 1 WHERE id = :id",
        id=job.id,
        now=tx.now_ms,
    )
    tx.run(
        "UPDATE message SET status = 'expired', error = 'too_old' WHERE id = :id AND status IN ('queued','sending')",
        id=job.message_id,
    )
    if job.klass == DOCUMENT:
        deliveries.fate(tx, job.message_id, "expired", "too_old")
    tell_conversation(tx, job, "expired", "too_old")


def cancel(tx: Tx, conversation_id: str, *, reason: str, purposes: Sequence[str] = ()) -> int:
    """Take back what is still queued. `purposes` () = everything but required notices."""
    if purposes:
        rows = tx.among(
            f"SELECT id, message_id, klass FROM outbox WHERE conversation_id = :id AND {IS_OPEN} AND state IN ('queued','retry_wait') AND purpose IN (:among)",  # noqa: S608
            list(purposes),
            id=conversation_id,
        )
    else:
        rows = tx.all(
            f"SELECT id, message_id, klass FROM outbox WHERE conversation_id = :id AND {IS_OPEN} AND state IN ('queued','retry_wait') AND purpose <> 'legal'",  # noqa: S608
            id=conversation_id,
        )
    for row in rows:
        tx.run(
            "UPDATE outbox SET state = 'cancelled', error = :reason, done_at = :now, version = version + 1 WHERE id = :id",
            id=row.id,
            reason=reason,
            now=tx.now_ms,
        )
        tx.run(
            "UPDATE message SET status = 'cancelled', error = :reason WHERE id = :id AND status IN ('queued', 'sending', 'unknown')",
            id=row.message_id,
            reason=reason,
        )
        if row.klass == DOCUMENT:
            deliveries.fate(tx, row.message_id, "cancelled", reason)
    if rows:
        tx.hint("message", conversation_id)
    return len(rows)
