"""The care plan of a policy: was it received, how was it. Each question once, at decent hours in Viet Nam.

A task is there from the issue on; `due_at` counts from what has happened so far: the issue, then the sending of the
certificate, then its receipt. Who decides what becomes of a due one is `scheduler.care`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Literal, get_args

from storage import announcements, contacts, term
from storage.ids import new_id
from storage.keys import KeyMissing
from storage.tx import Tx

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
RECEIVED: Final = "received"  # T+1 after the certificate was sent
SURVEY: Final = "survey"  # T+7 after it was received
AFTER_MS: Final = {RECEIVED: DAY_MS, SURVEY: 7 * DAY_MS}
ONCE_IN_MS: Final = 90 * DAY_MS  # a person is not surveyed more often
ISSUE: Final = "issue"  # anchor of the plan; a certificate that goes out again is checked under its delivery's id
Kind = Literal[
    "received", "survey", "cooling_off", "cooling_off_14", "midterm", "renewal_30", "renewal_15", "renewal_7", "renewal_1", "ended"
]  # fmt: skip
State = Literal["planned", "sent", "answered", "skipped", "expired", "cancelled"]
# Viet Nam has no summer time: local time is arithmetic.
ZONE_MS: Final = 7 * HOUR_MS
FROM_MS: Final = 8 * HOUR_MS
TO_MS: Final = 21 * HOUR_MS


def decent(ms: int) -> int:
    """That moment when it lies between 08:00 and 21:00 in Viet Nam, else the next 08:00."""
    clock = (ms + ZONE_MS) % DAY_MS
    if clock < FROM_MS:
        return ms + FROM_MS - clock
    return ms + DAY_MS + FROM_MS - clock if clock >= TO_MS else ms


def late(due: int, now: int) -> int:
    """How long a task has been due, in ms of decent hours: nobody is late for a night."""
    return max(0, _hours(now) - _hours(due))


def _hours(ms: int) -> int:
    day, clock = divmod(ms + ZONE_MS, DAY_MS)
    return day * (TO_MS - FROM_MS) + min(max(clock - FROM_MS, 0), TO_MS - FROM_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as lists show it. `answer` received, wrong_info, not_received, 1 … 5, or of the term renew, later, declined,
    sold; `comment` -- his own words."""

    id: str
    policy_id: str
    contact_id: str
    kind: Kind
    due_at: int
    state: State
    route: str
    reason: str
    answer: str
    comment: str = field(repr=False)
    sent_at: int | None
    answered_at: int | None


# ---- the plan


def plan(tx: Tx, policy_id: str, contact_id: str, starts_on: str, ends_on: str) -> None:
    """Both questions and the touches of the term that are to come, in the transaction that makes the policy."""
    for kind in (RECEIVED, SURVEY):
        add(tx, policy_id, contact_id, kind, ISSUE, tx.now_ms + AFTER_MS[kind])
    for kind, at in term.touches(starts_on, ends_on).items():
        if at > tx.now_ms:
            add(tx, policy_id, contact_id, kind, ISSUE, at)


def add(tx: Tx, policy_id: str, contact_id: str, kind: str, anchor: str, at: int) -> None:
    """One task, due then or at the next decent hour; nothing when it is there already. at -- ms UTC."""
    tx.run(
        "INSERT INTO care_task (id, policy_id, contact_id, kind, anchor, due_at, state, fired, route, reason)"
        " VALUES (:id, :policy, :contact, :kind, :anchor, :due, 'planned', :fired, '', '')"
        " ON CONFLICT (policy_id, kind, anchor) DO NOTHING",
        id=new_id(),
        policy=policy_id,
        contact=contact_id,
        kind=kind,
        anchor=anchor,
        due=decent(at),
        fired=False,
    )


def sent(tx: Tx, policy_id: str, contact_id: str, delivery_id: str) -> None:
    """The certificate left just now: both questions count from here. One that is sent anew is asked about anew."""
    moved = [_move(tx, policy_id, kind) for kind in (RECEIVED, SURVEY)]
    if not moved[0]:
        add(tx, policy_id, contact_id, RECEIVED, delivery_id, tx.now_ms + AFTER_MS[RECEIVED])
    tx.hint("policy", policy_id)


def received(tx: Tx, policy_id: str) -> None:
    """It has arrived, or he says so: the survey counts from here."""
    _move(tx, policy_id, SURVEY)
    tx.hint("policy", policy_id)


def _move(tx: Tx, policy_id: str, kind: str) -> int:
    return tx.run(
        "UPDATE care_task SET due_at = :due, reason = '' WHERE policy_id = :policy AND kind = :kind AND state = 'planned' AND NOT fired",
        due=decent(tx.now_ms + AFTER_MS[kind]),
        policy=policy_id,
        kind=kind,
    )


def cancel(tx: Tx, policy_id: str, reason: str) -> int:
    """Nothing more is asked about this policy; how many tasks that ends."""
    ended = tx.run(
        "UPDATE care_task SET state = 'cancelled', reason = :reason WHERE policy_id = :policy AND state = 'planned'",
        reason=reason,
        policy=policy_id,
    )
    tx.hint("policy", policy_id)
    return ended


# ---- due tasks

_DUE: Final = """
SELECT t.id, t.policy_id, t.contact_id, t.kind, t.due_at, p.state AS policy_state, p.insurer, p.product, p.number_sealed, p.ends_on, p.delivered_at,
       EXISTS (SELECT 1 FROM care_task n WHERE n.policy_id = t.policy_id AND n.state = 'planned' AND n.due_at > t.due_at
               AND n.due_at <= :now AND n.kind NOT IN ('received', 'survey', 'midterm')
               AND (n.kind LIKE 'cooling%') = (t.kind LIKE 'cooling%')) AS overtaken,
       cp.id AS point_id, cp.account_id, (cp.reachable AND cp.blocked_at IS NULL) AS reachable, cp.name_sealed AS display_sealed, c.status, k.name_sealed, k.erased_at,
       (SELECT d.state || ':' || d.reason FROM delivery d WHERE d.policy_id = t.policy_id ORDER BY d.created_at DESC, d.id DESC LIMIT 1) AS last_delivery,
       EXISTS (SELECT 1 FROM message m WHERE m.point_id = cp.id AND m.direction = 'outbound' AND m.kind <> 'call') AS spoken,
       (SELECT m.point_id FROM delivery d JOIN message m ON m.id = d.message_id JOIN contact_point x ON x.id = m.point_id
        WHERE d.policy_id = t.policy_id AND d.means = 'email' AND x.reachable AND x.blocked_at IS NULL ORDER BY d.created_at DESC, d.id DESC LIMIT 1) AS letter_point
FROM care_task t
JOIN policy p ON p.id = t.policy_id
JOIN conversation o ON o.id = p.conversation_id
JOIN contact_point cp ON cp.id = o.point_id
JOIN contact k ON k.id = t.contact_id
LEFT JOIN conversation c ON c.id = cp.conversation_id
WHERE t.state = 'planned' AND NOT t.fired AND t.due_at <= :now
ORDER BY t.due_at, t.id LIMIT :limit {lock}"""


def due(tx: Tx, *, limit: int) -> Sequence[Any]:
    """The next due tasks with what decides about them; held until the commit, so that no other process sees them."""
    return tx.all(_DUE.format(lock="FOR UPDATE OF t SKIP LOCKED" if tx.postgres else ""), now=tx.now_ms, limit=limit)


def by_letter(tx: Tx, row: Any) -> Any:
    """A due task as it is asked about where its certificate went by letter: the policy's own conversation reaches nobody, or
    is a form or a call in which we never said anything."""
    if not row.letter_point or (row.spoken and row.reachable):
        return row
    other = tx.one(
        "SELECT p.id, p.account_id, c.status FROM contact_point p LEFT JOIN conversation c ON c.id = p.conversation_id WHERE p.id = :id",
        id=row.letter_point,
    )
    if other is None:
        return row
    there = {"point_id": other.id, "account_id": other.account_id, "status": other.status}
    return SimpleNamespace(**row._mapping | there | {"reachable": True, "display_sealed": None})


def overdue(tx: Tx, *, by_ms: int) -> int:
    """How many tasks have been due for longer than that."""
    return int(
        tx.value(
            "SELECT COUNT(*) FROM care_task WHERE state = 'planned' AND NOT fired AND due_at < :before",
            before=tx.now_ms - by_ms,
        )
    )


def said(tx: Tx, row: Any) -> dict[str, str]:
    """What the question says of a due task's policy and person."""
    return {
        "policy": row.policy_id,
        "product": row.product,
        "insurer": row.insurer,
        "ends_on": row.ends_on,
        "number": _open(tx, row.contact_id, "policy", "number_sealed", row.policy_id, row.number_sealed),
        "name": _open(tx, row.contact_id, "contact", "name_sealed", row.contact_id, row.name_sealed)
        or _open(tx, row.contact_id, "contact_point", "name_sealed", row.point_id, row.display_sealed),
    }


def surveyed(tx: Tx, contact_id: str, but: str) -> bool:
    """Was this person asked for his opinion lately, about whatever policy?"""
    return (
        tx.value(
            "SELECT 1 FROM policy p JOIN care_task t ON t.policy_id = p.id WHERE p.contact_id = :contact"
            " AND t.kind = 'survey' AND t.id <> :but AND t.sent_at > :since",
            contact=contact_id,
            but=but,
            since=tx.now_ms - ONCE_IN_MS,
        )
        is not None
    )


def fired(tx: Tx, task_id: str) -> None:
    """Its event is in the inbox."""
    tx.run("UPDATE care_task SET fired = :yes, reason = '' WHERE id = :id", yes=True, id=task_id)


def postpone(tx: Tx, task_id: str, until: int, reason: str) -> None:
    """Not now: look again at `until`, or at the next decent hour. Also for one whose event was thought about."""
    tx.run(
        "UPDATE care_task SET due_at = :due, fired = :no, reason = :reason WHERE id = :id AND state = 'planned'",
        due=decent(until),
        no=False,
        reason=reason,
        id=task_id,
    )
    tx.hint("care", task_id)


def settle(tx: Tx, task_id: str, state: str, reason: str) -> None:
    """It will not be asked: skipped, expired or cancelled."""
    tx.run(
        "UPDATE care_task SET state = :state, reason = :reason WHERE id = :id AND state = 'planned'",
        state=state,
        reason=reason,
        id=task_id,
    )
    tx.hint("care", task_id)


# ---- what became of the question


def told(
    tx: Tx,
    task_id: str,
    contact_id: str,
    *,
    state: Literal["sent", "answered", "skipped"],
    answer: str = "",
    comment: str = "",
    reason: str = "",
    route: str = "",
) -> tuple[str, str] | None:
    """The question went out, was answered (a later word of his adds to the answer), or was skipped. (kind, policy)
    when that changed something."""
    known = "'planned', 'sent'" if state != "answered" else "'planned', 'sent', 'answered'"
    owner = tx.value("SELECT contact_id FROM care_task WHERE id = :id", id=task_id)
    if owner is None or (contacts.resolve(tx, owner) or owner) != (contacts.resolve(tx, contact_id) or contact_id):
        return None  # another person's
    contact_id, sealed = owner, None
    if answer or comment:
        sealed = tx.keys.seal_json(
            tx, contact_id, "care_task", "answer_sealed", task_id, {"answer": answer, "comment": comment}
        )
    changes: dict[str, Any] = {"reason": reason}
    changes |= {"route": route, "sent_at": tx.now_ms} if state == "sent" else {}
    changes |= {"answer_sealed": sealed} if sealed is not None else {}
    settings = ", ".join(f"{column} = :{column}" for column in changes)
    row = tx.one(
        f"UPDATE care_task SET state = '{state}', {settings}"  # noqa: S608
        f" WHERE id = :id AND contact_id = :contact AND state IN ({known}) RETURNING kind, policy_id",
        id=task_id,
        contact=contact_id,
        **changes,
    )
    if row is None:
        return None
    if state == "answered":
        tx.run(
            "UPDATE care_task SET answered_at = COALESCE(answered_at, :now) WHERE id = :id", now=tx.now_ms, id=task_id
        )
        announcements.care_answered(tx, task_id)
    tx.hint("care", task_id)
    tx.hint("policy", row.policy_id)
    return row.kind, row.policy_id


# ---- reading

_COLUMNS: Final = "id, policy_id, contact_id, kind, due_at, state, route, reason, answer_sealed, sent_at, answered_at"


def page(
    tx: Tx,
    *,
    policy: str = "",
    state: str = "",
    due_before: int | None = None,
    after: tuple[int, str] | None = None,
    limit: int,
) -> list[Task]:
    """Tasks by the time they are due. `after` -- (due_at, id) of the last one seen."""
    where = ["(due_at, id) > (:due, :after)"] if after else []
    where += ["policy_id = :policy"] if policy else []
    where += ["due_at < :before"] if due_before is not None else []
    if state in get_args(State):
        where.append(f"state = '{state}'")  # spelled out, so that the partial index serves it
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM care_task WHERE {' AND '.join(where) or 'TRUE'} ORDER BY due_at, id LIMIT :limit",  # noqa: S608
        **({"due": after[0], "after": after[1]} if after else {}),
        **({"policy": policy} if policy else {}),
        **({"before": due_before} if due_before is not None else {}),
        limit=limit,
    )
    return [_task(tx, row) for row in rows]


def _task(tx: Tx, row: Any) -> Task:
    try:
        given = tx.keys.open_json(tx, row.contact_id, "care_task", "answer_sealed", row.id, row.answer_sealed)
    except KeyMissing:
        given = {}
    values = dict(row._mapping)
    del values["answer_sealed"]
    return Task(**values, answer=str(given.get("answer", "")), comment=str(given.get("comment", "")))


def _open(tx: Tx, contact_id: str, table: str, column: str, row_id: str, sealed: bytes | None) -> str:
    try:
        return tx.keys.open_for(tx, contact_id, table, column, row_id, sealed).decode()
    except KeyMissing:
        return ""
