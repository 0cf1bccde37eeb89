"""What routing reads and writes: the house's settings, who waits, who has how much, whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from storage import audit
from storage.tx import Row, Tx

SETTING: Final = "routing"
CALL_MS: Final = 30 * 60_000  # so long before its time a promised call looks for its caller
MOST: Final = 500


def saved(tx: Tx) -> dict[str, Any]:
    """The settings as they were saved; {} where nobody has."""
    value = tx.value("SELECT value FROM setting WHERE name = :name", name=SETTING)
    found: dict[str, Any] = orjson.loads(value) if value else {}
    return found


def save(tx: Tx, values: Mapping[str, Any], *, by: str, fields: Sequence[str]) -> None:
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=SETTING,
        value=orjson.dumps(values).decode(),
        now=tx.now_ms,
    )
    audit.write(tx, actor=by, action="routing.change", object_type="setting", object_id=SETTING, fields=tuple(fields))
    tx.hint("routing", SETTING)


# ---- people


def people(tx: Tx) -> list[Row]:
    """Who may be given work: who signs in at the desk, and whoever is of a team."""
    return list(
        tx.all(
            "SELECT a.id, a.name, a.role, a.agent_code, a.seen_at FROM advisor a WHERE a.disabled_at IS NULL"
            " AND a.role IN ('advisor', 'intake', 'supervisor', 'admin')"
            " AND (a.email IS NOT NULL OR EXISTS (SELECT 1 FROM team_member m WHERE m.advisor_id = a.id))"
            " ORDER BY a.id LIMIT :most",
            most=MOST,
        )
    )


def loads(tx: Tx) -> dict[str, int]:
    """How many conversations each has now; those put off to a later moment are not counted."""
    rows = tx.all(
        "SELECT assignee_id, COUNT(*) AS many FROM conversation WHERE status = 'with_advisor'"
        " AND assignee_id IS NOT NULL AND (snoozed_until IS NULL OR snoozed_until <= :now) GROUP BY assignee_id",
        now=tx.now_ms,
    )
    return {row.assignee_id: int(row.many) for row in rows}


def last_given(tx: Tx, *, since: int) -> dict[str, int]:
    """When each of `people` was last given or took something, since then."""
    rows = tx.all(
        "SELECT a.id, (SELECT MAX(h.taken_at) FROM handoff h WHERE h.taken_by = a.id) AS at"
        " FROM advisor a WHERE a.disabled_at IS NULL"
    )
    return {row.id: int(row.at) for row in rows if row.at is not None and row.at >= since}


def former(tx: Tx, contact_id: str, *, but: str, before: int) -> tuple[str, int] | None:
    """(who, when) had this customer last before then, in another handoff than `but`."""
    row = tx.one(
        "SELECT h.taken_by, COALESCE(h.closed_at, h.taken_at) AS at FROM conversation c JOIN handoff h"
        " ON h.conversation_id = c.id WHERE c.contact_id = :contact AND h.taken_by IS NOT NULL AND h.id <> :but AND h.taken_at < :before"
        " ORDER BY h.taken_at DESC LIMIT 1",
        contact=contact_id,
        but=but,
        before=before,
    )
    return None if row is None else (row.taken_by, int(row.at))


# ---- work


Place = tuple[int, int, str]  # priority, due_at, id: where a handoff stands among those that wait


def waiting(tx: Tx, *, limit: int, after: Place | None = None) -> list[Row]:
    """Who waits and has no open offer, the most urgent first, those behind a place; calls that are promised for later wait for
    their time."""
    behind = " AND (h.priority < :priority OR (h.priority = :priority AND (h.due_at > :due OR (h.due_at = :due AND h.id > :id))))"
    binds = dict(zip(("priority", "due", "id"), after, strict=True)) if after else {}
    return list(
        tx.all(
            "SELECT h.id, h.conversation_id, h.contact_id, h.reason, h.team, h.passed, h.offered_to, h.offered_until,"  # noqa: S608
            " h.escalated_at, h.priority, h.due_at, c.version FROM handoff h JOIN conversation c ON c.id = h.conversation_id"
            " WHERE h.state = 'waiting' AND (h.offered_until IS NULL OR h.offered_until <= :now)"
            " AND (c.stage = 'queued' OR (c.stage = 'callback_scheduled' AND h.due_at <= :soon))"
            f"{behind if after else ''} ORDER BY h.priority DESC, h.due_at, h.id LIMIT :limit",
            now=tx.now_ms,
            soon=tx.now_ms + CALL_MS,
            limit=limit,
            **binds,
        )
    )


def some_waiting(tx: Tx, *, limit: int, after: Place | None) -> tuple[list[Row], Place | None]:
    """For one look: the most urgent `limit`, and as many again from behind the place at which the last look ended; where this
    one ends, None at the queue's end. So nobody stands for ever behind those whom nobody may take."""
    first = waiting(tx, limit=limit)
    if len(first) < limit:
        return first, None
    edge = _place(first[-1])
    if after is None or _rank(after) < _rank(edge):
        after = edge
    more = waiting(tx, limit=limit, after=after)
    return [*first, *more], _place(more[-1]) if len(more) == limit else None


def _place(row: Row) -> Place:
    return row.priority, row.due_at, row.id


def _rank(place: Place) -> Place:
    return -place[0], place[1], place[2]


def offer(tx: Tx, handoff: Row, advisor_id: str, *, until: int, reason: str) -> None:
    """It is his turn until then; who had it before has let it pass."""
    passed = [*orjson.loads(handoff.passed), *([handoff.offered_to] if handoff.offered_to else [])]
    changed = tx.run(
        "UPDATE handoff SET offered_to = :to, offered_until = :until, passed = :passed"
        " WHERE id = :id AND state = 'waiting'",
        to=advisor_id or None,
        until=until or None,
        passed=orjson.dumps(sorted(set(passed))).decode(),
        id=handoff.id,
    )
    if changed:
        _seen_anew(tx, handoff.conversation_id)
        audit.write(
            tx,
            actor="system",
            action="conversation.offer" if advisor_id else "conversation.offer_ended",
            object_type="conversation",
            object_id=handoff.conversation_id,
            fields=(reason, advisor_id) if advisor_id else (reason,),
        )


def forgive(tx: Tx, handoff_id: str) -> None:
    """Everybody has let it pass: from the beginning."""
    tx.run("UPDATE handoff SET passed = '[]' WHERE id = :id", id=handoff_id)


def _seen_anew(tx: Tx, conversation_id: str) -> None:
    """A live list drops what it holds already: what changed beside the turn is a new version too."""
    tx.run(
        "UPDATE conversation SET version = version + 1, changed_at = :now WHERE id = :id",
        now=tx.now_ms,
        id=conversation_id,
    )
    tx.hint("handoff", conversation_id)


def escalating(tx: Tx, *, limit: int) -> list[Row]:
    """Who has waited so long that the supervisor is told: noted in the same breath, so that he is told once."""
    lock = "FOR UPDATE OF h SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        "SELECT h.id, h.conversation_id, c.point_id, c.account_id FROM handoff h JOIN conversation c ON c.id = h.conversation_id"  # noqa: S608
        " WHERE h.state = 'waiting' AND h.escalate_at IS NOT NULL AND h.escalated_at IS NULL AND h.escalate_at <= :now"
        f" ORDER BY h.escalate_at LIMIT {int(limit)} {lock}",
        now=tx.now_ms,
    )
    tx.run_among("UPDATE handoff SET escalated_at = :now WHERE id IN (:among)", [row.id for row in rows], now=tx.now_ms)
    return list(rows)


def ended(tx: Tx, *, today: str) -> list[Row]:
    """Certificates that ended before `today` and are not seen to yet: (id, advisor_id)."""
    return list(
        tx.all(
            "SELECT id, advisor_id FROM agent_certificate WHERE swept_at IS NULL AND valid_to < :today"
            " ORDER BY valid_to, id LIMIT 20",
            today=today,
        )
    )


def swept(tx: Tx, certificate_id: str) -> None:
    tx.run("UPDATE agent_certificate SET swept_at = :now WHERE id = :id", id=certificate_id, now=tx.now_ms)


def alone(tx: Tx) -> bool:
    """May this process give work out now? One does at a time: two that see the same people would overload them."""
    return not tx.postgres or bool(tx.value("SELECT pg_try_advisory_xact_lock(7433)"))


def held_by(tx: Tx, advisor_id: str) -> list[Row]:
    """What he has: (id, contact_id)."""
    return list(
        tx.all(
            "SELECT id, contact_id FROM conversation WHERE status = 'with_advisor' AND assignee_id = :id"
            " ORDER BY id LIMIT :most",
            id=advisor_id,
            most=MOST,
        )
    )


# ---- what was


def opened_between(tx: Tx, since: int, until: int, *, after: tuple[int, str] | None, limit: int) -> list[Row]:
    """Handoffs of a stretch of time in their order, from after (opened_at, id) on; no tests."""
    at, handoff_id = after or (since - 1, "")
    return list(
        tx.all(
            "SELECT h.id, h.conversation_id, h.contact_id, h.code, h.reason, h.team, h.opened_at, h.due_at, h.taken_at,"
            " h.taken_by, h.closed_at FROM handoff h WHERE h.opened_at >= :since AND h.opened_at < :until"
            " AND h.test = :no AND (h.opened_at > :at OR (h.opened_at = :at AND h.id > :id))"
            " ORDER BY h.opened_at, h.id LIMIT :limit",
            since=since,
            until=until,
            no=False,
            at=at,
            id=handoff_id,
            limit=limit,
        )
    )


def words(tx: Tx, conversation_ids: Sequence[str], *, since: int) -> dict[str, list[tuple[str, int]]]:
    """(customer or advisor, when) of what they said in these conversations since then, in order."""
    found: dict[str, list[tuple[str, int]]] = {each: [] for each in conversation_ids}
    rows = tx.among(
        "SELECT conversation_id, author, received_at FROM message WHERE conversation_id IN (:among)"
        " AND received_at >= :since AND author IN ('customer', 'advisor') AND direction <> 'internal'"
        " ORDER BY conversation_id, seq LIMIT 5000",
        list(conversation_ids),
        since=since,
    )
    for row in rows:
        found[row.conversation_id].append((row.author, row.received_at))
    return found
