"""Loading what a turn needs and writing what it made: the two hot paths around `decide`, in multi-row statements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage import announcements, audit, inbox, may_say, notices, outbox, parked
from storage.errors import Raced
from storage.killpoints import kp
from storage.outbox import SendJob
from storage.parked import News
from storage.tx import Tx

EVENTS_A_LANE: Final = 40  # a longer turn is answered in pieces
EVENTS_A_LOAD: Final = 1000


@dataclass(slots=True)
class OpenEvent:
    """A row of the inbox that is waiting. `sealed` is opened only when the event is no longer in memory."""

    id: str
    account_id: str
    kind: str
    source: str
    attempts: int
    received_at: int
    day: int
    sealed: bytes
    body: bytes = b""


@dataclass(slots=True)
class Lane:
    """A contact point with what its next turn needs. `conversation` -- the row, or None before the first turn."""

    point_id: str
    account_id: str
    thread: str
    contact_id: str | None
    current_id: str | None  # the conversation that what the customer says next belongs to
    key: AESGCM | None
    message_seq: int
    out_seq: int
    out_open: bool
    reachable: bool
    conversation: Any = None
    events: list[OpenEvent] = field(default_factory=list)
    history: tuple[str, ...] = ()
    more: bool = False  # events beyond this turn are waiting
    state: Any = None  # of the conversation, once somebody opened it
    place: int = 0  # in the queue, 1 = next; 0 = it does not wait
    opened: datetime | None = None  # storage.reach.opened, where the clock speaks
    heard_at: int | None = None  # his last act, as the platform's windows count it
    ours: dict[str, str] = field(
        default_factory=dict
    )  # echoes that are ours for all they say: event -> outbox row or ''
    again: set[str] = field(default_factory=set)  # events that bring what another envelope brought before
    news: dict[str, list[News]] = field(default_factory=dict)  # of messages that are not here, by the platform's id


_LANES: Final = """
SELECT p.id, p.account_id, p.thread, p.contact_id, p.conversation_id, p.message_seq, p.out_seq, p.last_inbound_at,
       (p.reachable AND p.blocked_at IS NULL) AS reachable, k.wrapped,
       EXISTS (SELECT 1 FROM parked w WHERE w.point_id = p.id AND w.kind <> 'receipt') AS news,
       c.id AS c_id, c.version AS c_version, c.state_sealed AS c_state, c.stage AS c_stage, c.status AS c_status,
       c.assignee_id AS c_assignee, c.labels AS c_labels, c.test AS c_test, c.lang AS c_lang,
       c.last_message_at AS c_last, c.last_inbound_at AS c_inbound, c.waiting_since AS c_waiting, c.opened_at AS c_opened,
       c.closed_at AS c_closed, c.preview_sealed AS c_preview, c.outcome AS c_outcome, c.snoozed_until AS c_snoozed
FROM contact_point p
LEFT JOIN conversation c ON c.id = {conversation}
LEFT JOIN contact_key k ON k.contact_id = p.contact_id
WHERE p.id IN (:among)"""


def load(tx: Tx, points: Sequence[str], *, conversation_id: str | None = None) -> dict[str, Lane]:
    """The lanes with their open events; `conversation_id` looks at that conversation instead of the current one."""
    conversation = ":conversation_id" if conversation_id else "p.conversation_id"
    binds = {"conversation_id": conversation_id} if conversation_id else {}
    rows = tx.among(_LANES.format(conversation=conversation), list(points), **binds)
    tx.keys.warm([(row.contact_id, row.wrapped) for row in rows if row.wrapped is not None])
    busy = {
        row[0]
        for row in tx.among(
            f"SELECT DISTINCT point_id FROM outbox WHERE point_id IN (:among) AND state IN {outbox.OPEN}",  # noqa: S608
            list(points),
        )
    }
    lanes = {
        row.id: Lane(
            point_id=row.id,
            account_id=row.account_id,
            thread=row.thread,
            contact_id=row.contact_id,
            current_id=row.conversation_id,
            key=tx.keys.contact_key(tx, row.contact_id) if row.wrapped is not None else None,
            message_seq=row.message_seq,
            out_seq=row.out_seq,
            out_open=row.id in busy,
            heard_at=row.last_inbound_at,
            reachable=bool(row.reachable),
            conversation=row if row.c_id else None,
        )
        for row in rows
    }
    for point_id, news in parked.of_points(tx, [row.id for row in rows if row.news]).items():
        lanes[point_id].news = news
    events = tx.among(
        "SELECT id, point_id, account_id, kind, source, attempts, reason, received_at, due_at, day, body_sealed FROM inbox_event "  # noqa: S608
        f"WHERE state = 'new' AND point_id IN (:among) ORDER BY point_id, seq LIMIT {EVENTS_A_LOAD}",
        list(points),
    )
    held: set[str] = set()
    for row in events:
        lane = lanes[row.point_id]
        if not lane.events and row.reason and row.due_at > tx.now_ms:
            held.add(row.point_id)  # its head failed and waits for its next try
        if row.point_id in held:
            continue
        if len(lane.events) >= EVENTS_A_LANE or (lane.events and (lane.events[0].attempts or row.attempts)):
            lane.more = True  # an event that failed before is handled alone
            continue
        lane.events.append(
            OpenEvent(
                row.id, row.account_id, row.kind, row.source, row.attempts, row.received_at, row.day, row.body_sealed
            )
        )
    return lanes


def open_bodies(tx: Tx, events: Iterable[OpenEvent]) -> None:
    """Unseal the bodies of events that nobody remembers."""
    for event in events:
        event.body = inbox.body(tx, event.id, event.day, event.sealed)


def attempt(tx: Tx, event_ids: Sequence[str]) -> None:
    """Count a try, committed before it is made: a message that kills the process counts too. The third death
    quarantines it."""
    tx.run_among("UPDATE inbox_event SET attempts = attempts + 1 WHERE id IN (:among)", list(event_ids))


def histories(tx: Tx, lanes: Sequence[Lane]) -> dict[str, tuple[str, ...]]:
    """What the customer said so far in these lanes' conversations, oldest first."""
    by_conversation = {lane.conversation.c_id: lane for lane in lanes}
    rows = tx.among(
        "SELECT id, conversation_id, contact_id, body_sealed FROM message WHERE conversation_id IN (:among) "
        "AND direction = 'inbound' ORDER BY conversation_id, seq LIMIT 2000",
        list(by_conversation),
    )
    said: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        text = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed).get("text", "")
        if text:
            said[by_conversation[row.conversation_id].point_id].append(text)
    return {point: tuple(texts[-40:]) for point, texts in said.items()}


Marks = tuple[int, ...]  # a length of each list of Rows


@dataclass(slots=True)
class Rows:
    """What one or many turns write: lists are multi-row statements, `first` and `later` are the rare things, one by one.

    Turns of one batch share it. `marks` says how far it is filled: a turn that raises is cut off again, and what one of
    them has added can be written alone."""

    points: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[tuple[dict[str, Any], SendJob]] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)
    handled: list[tuple[str, str]] = field(default_factory=list)  # account, and which of its counters goes up
    handoffs: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)  # for people of ours (storage.notices)
    timers: list[dict[str, Any]] = field(default_factory=list)
    disarmed: list[dict[str, Any]] = field(default_factory=list)  # timers that are gone
    consents: list[dict[str, Any]] = field(default_factory=list)
    audits: list[dict[str, Any]] = field(default_factory=list)
    first: list[Callable[[Tx], None]] = field(default_factory=list)  # before anything is inserted
    later: list[Callable[[Tx], None]] = field(default_factory=list)
    hints: list[tuple[str, str]] = field(default_factory=list)
    again: list[tuple[str, str, int]] = field(default_factory=list)
    lists: tuple[list[Any], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.lists = tuple([getattr(self, name) for name in self.__slots__ if name != "lists"])

    def marks(self) -> Marks:
        return tuple(map(len, self.lists))

    def cut(self, marks: Marks) -> None:
        """Forget what came after these marks."""
        for rows, length in zip(self.lists, marks, strict=True):
            del rows[length:]

    def add(self, other: Rows, begin: Marks, end: Marks) -> None:
        """What lies between two marks of another."""
        for mine, rows, one, last in zip(self.lists, other.lists, begin, end, strict=True):
            mine.extend(rows[one:last])


CHANGED: Final = (
    "stage",
    "status",
    "assignee_id",
    "labels",
    "lang",
    "state_sealed",
    "outcome",
    "preview_sealed",
    "last_message_at",
    "last_inbound_at",
    "waiting_since",
    "snoozed_until",
    "closed_at",
    "changed_at",
)  # columns of a conversation that a turn may change


_DONE: Final = (
    "UPDATE inbox_event SET state = :state, reason = :reason, done_at = :done_at, conversation_id = :conversation_id "
    "WHERE id = :id AND state = 'new'"
)
_CHANGED: Final = (
    f"UPDATE conversation SET {', '.join(f'{name} = :{name}' for name in CHANGED)}, version = version + 1 "  # noqa: S608
    "WHERE id = :id AND version = :version"
)
_POINTS: Final = (
    "UPDATE contact_point SET contact_id = :contact_id, conversation_id = :conversation_id, message_seq = :message_seq, "
    "out_seq = :out_seq, name_sealed = COALESCE(:name_sealed, name_sealed) WHERE id = :id AND message_seq = :seen_seq"
)
_TIMERS: Final = (
    "INSERT INTO timer (id, conversation_id, point_id, name, due_at, data) VALUES (:id, :conversation_id, :point_id, :name, "
    ":due_at, :data) ON CONFLICT (conversation_id, name) DO UPDATE SET due_at = excluded.due_at, data = excluded.data, "
    "id = excluded.id"
)


def write(tx: Tx, rows: Rows) -> None:
    """One transaction's worth. Raises Raced when another process was faster on one of the lanes."""
    before = announcements.statuses(tx, rows.changed)
    _exactly(tx.many(_DONE, rows.done), rows.done)
    for action in rows.first:
        action(tx)
    tx.insert_many("contact", rows.contacts)
    tx.insert_many("contact_key", rows.keys)
    tx.insert_many("conversation", rows.opened)
    _exactly(tx.many(_CHANGED, rows.changed), rows.changed)
    _exactly(tx.many(_POINTS, rows.points), rows.points)
    tx.insert_many("message", rows.messages)
    tx.insert_many("attachment", rows.attachments)
    announcements.of_turns(tx, before, opened=rows.opened, changed=rows.changed, messages=rows.messages)
    asked_first = _claim(tx, rows.jobs)
    tx.insert_many("outbox", rows.outbox)
    _beside(tx, rows)
    for action in rows.later:
        action(tx)
    if asked_first:
        outbox.claim(tx, points=asked_first)
    _count(tx, rows.handled)
    tx.hints.extend(rows.hints)
    tx.after.extend(rows.again)
    kp("think.before_commit")


def _claim(tx: Tx, jobs: Sequence[tuple[dict[str, Any], SendJob]]) -> list[str]:
    """Rows that may leave at once are `sending` from the start; the lanes of those that ask first whether they may."""
    asked_first: list[str] = []
    for row, job in jobs:
        row.update(state="queued", boot_id="", started_at=None)  # a rolled-back write may have claimed it before
        if job.klass == outbox.SCHEDULED or row["purpose"] == may_say.ADS:
            asked_first.append(job.point_id)
        elif tx.gates.admit(job.account_id, job.point_id, tx.now_ms):
            row.update(state="sending", boot_id=tx.boot, started_at=tx.now_ms)
            tx.sends.append(job)
    return asked_first


def _beside(tx: Tx, rows: Rows) -> None:
    """What follows from a turn beside its messages. All of it carries the time of the transaction."""
    for row in rows.handoffs:
        row["opened_at"] = tx.now_ms
    tx.insert_many("handoff", rows.handoffs)
    waiting = [
        notices.waiting(row["id"], row["conversation_id"], row["priority"], row["team"]) for row in rows.handoffs
    ]
    notices.add(tx, [*waiting, *rows.notices])
    tx.many("DELETE FROM timer WHERE conversation_id = :conversation_id AND name = :name", rows.disarmed)
    tx.many(_TIMERS, rows.timers)
    for row in rows.consents:
        row["at"] = tx.now_ms
    tx.insert_many("consent", rows.consents)
    audit.write_many(tx, rows.audits)


def _count(tx: Tx, handled: Sequence[tuple[str, str]]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (account_id, counter), times in Counter(handled).items():
        counts[account_id].update({counter: times, "pending": -times})
    inbox.count(tx, counts)


def _exactly(changed: int, rows: Sequence[Mapping[str, Any]]) -> None:
    if changed != len(rows):
        raise Raced(f"{len(rows)} rows, {changed} changed")


def fail_head(tx: Tx, point_id: str, *, reason: str, limit: int) -> None:
    """The lane cannot even be loaded: its head is tried later, and set aside once that failed `limit` times."""
    head = tx.one(
        "SELECT id, account_id, source, attempts FROM inbox_event WHERE point_id = :point AND state = 'new' ORDER BY seq LIMIT 1",
        point=point_id,
    )
    if head is not None:
        failed(
            head.id,
            head.account_id,
            attempts=head.attempts,
            point_id=point_id,
            reason=reason,
            limit=limit,
            source=head.source,
        )(tx)


def failed(
    event_id: str, account_id: str, *, attempts: int, point_id: str, reason: str, limit: int, source: str
) -> Callable[[Tx], None]:
    """What is done when an event's turn raised: a later try, or quarantine once it failed `limit` times."""
    tries = attempts + 1

    def apply(tx: Tx) -> None:
        if tries >= limit:
            inbox.quarantine(tx, event_id, account_id, source=source, reason=reason, attempts=tries)
            tx.after.append((point_id, "now", tx.now_ms))
            return
        due = tx.now_ms + 1000 * 2 ** (tries - 1)
        tx.run(
            "UPDATE inbox_event SET attempts = :tries, due_at = :due, reason = :reason WHERE id = :id",
            id=event_id,
            tries=tries,
            due=due,
            reason=reason,
        )
        tx.after.append((point_id, "quiet", due))

    return apply
