"""What somebody of ours must hear of: written in the transaction of what causes it, looked at until somebody was told, or
it concerns nobody any more. Ids only: a notice holds nobody's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage import troubles
from storage.ids import new_id
from storage.tx import Row, Tx

URGENT: Final = 20  # a handoff's priority from which nobody waits for the morning: claims, complaints, dangers
MINUTE_MS: Final = 60_000  # messages of one conversation within a minute are one notice
SOON_MS: Final = 5 * 60_000  # so long before its moment a request is said to be about to break
TASKS_MS: Final = 86_400_000  # a promise older than this is history
KEPT_MS: Final = 90 * 86_400_000
WAKE: Final = "tell"  # (WAKE, id of a notice): the ladder is to look
HINT: Final = "notice"  # (HINT, id of a person): his pages are to look
TOLD: Final = "told"  # (TOLD, id of a conversation): somebody was told of it, or could not be
ALARM: Final = "alarm"  # (ALARM, ''): it begins to ring, or ends

_COLUMNS: Final = (
    "n.id, n.key, n.kind, n.conversation_id, n.handoff_id, n.advisor_id, n.urgent, n.state, n.step, n.created_at, n.told_at,"
    " n.alarmed_at"
)
# Whom a request concerns: another team, or urgency, or that it is the supervisors' by now, is news to be told anew.
_WAITING: Final = f"'waiting:' || h.id || CASE WHEN h.priority >= {URGENT} THEN '/urgent/' ELSE '/plain/' END || h.team"
_LATE: Final = "'late:' || h.id || CASE WHEN h.escalated_at IS NOT NULL THEN '/escalated' ELSE '' END"
_OFFERED: Final = "'offered:' || h.id || '/' || h.offered_to || '/' || h.offered_until"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A row. `kind`, `state` -- storage.tables.notices."""

    id: str
    key: str
    kind: str
    conversation_id: str
    handoff_id: str
    advisor_id: str
    urgent: bool
    state: str
    step: int
    created_at: int
    told_at: int | None
    alarmed_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a notice is about, as it stands now. `open` -- it still concerns somebody; `team` -- whose work it is, '' =
    anybody's."""

    open: bool
    urgent: bool
    channel: str = ""
    team: str = ""


def row(
    kind: str, key: str, *, conversation_id: str = "", handoff_id: str = "", advisor_id: str = "", urgent: bool = False
) -> dict[str, Any]:
    """Of a notice that is to be added. `key` -- of its kind; what is there already is not added again."""
    return {
        "id": new_id(),
        "key": f"{kind}:{key}",
        "kind": kind,
        "conversation_id": conversation_id,
        "handoff_id": handoff_id,
        "advisor_id": advisor_id,
        "urgent": urgent,
    }


def waiting(handoff_id: str, conversation_id: str, priority: int, team: str) -> dict[str, Any]:
    urgent = priority >= URGENT
    key = f"{handoff_id}/{'urgent' if urgent else 'plain'}/{team}"
    return row("waiting", key, conversation_id=conversation_id, handoff_id=handoff_id, urgent=urgent)


def said(conversation_id: str, advisor_id: str, now_ms: int) -> dict[str, Any]:
    """A customer wrote to whoever has him."""
    key = f"{conversation_id}:{now_ms // MINUTE_MS}"
    return row("message", key, conversation_id=conversation_id, advisor_id=advisor_id)


def assigned(conversation_id: str, advisor_id: str, now_ms: int) -> dict[str, Any]:
    """Somebody was given a conversation, not by himself."""
    return row("assigned", f"{conversation_id}:{now_ms}", conversation_id=conversation_id, advisor_id=advisor_id)


def add(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many were new."""
    if not rows:
        return 0
    added = tx.many(
        "INSERT INTO notice (id, key, kind, conversation_id, handoff_id, advisor_id, urgent, state, step, created_at, look_at)"
        " VALUES (:id, :key, :kind, :conversation_id, :handoff_id, :advisor_id, :urgent, 'open', 0, :now, :now)"
        " ON CONFLICT (key) DO NOTHING",
        [{**one, "now": tx.now_ms} for one in rows],
    )
    if added:
        tx.hint(WAKE, rows[0]["id"])
    return added


def anew(tx: Tx, handoff_id: str, *, moved: bool) -> None:
    """A request that waits was raised, or `moved` to another team: whoever it concerns now hears of it, whoever was told
    before. What was still to be told of it as it was is looked at, and ends."""
    asked = tx.one(
        "SELECT id, conversation_id, priority, team FROM handoff WHERE id = :id AND state = 'waiting'",
        id=handoff_id,
    )
    if asked is None:
        return
    made = waiting(asked.id, asked.conversation_id, asked.priority, asked.team)
    if moved:  # back to a team that had it once
        tx.run("UPDATE notice SET key = key || ':' || id WHERE key = :key", key=made["key"])
    if add(tx, [made]):
        tx.run(
            "UPDATE notice SET look_at = :now WHERE handoff_id = :id AND kind = 'waiting' AND state IN ('open', 'alarmed')",
            id=asked.id,
            now=tx.now_ms,
        )


# ---- what time causes


def watch(tx: Tx, *, limit: int = 100) -> int:
    """Notices of what nobody wrote an event for: a request that is about to be late, or is; whose turn it is to take one; a
    promised call; and, as the net under everything, a request for a person that has no notice as it stands."""
    late = tx.all(
        f"SELECT q.id, q.conversation_id, q.priority, q.key FROM (SELECT h.id, h.conversation_id, h.priority, CASE WHEN"  # noqa: S608
        f" h.late_at IS NOT NULL OR h.escalated_at IS NOT NULL THEN {_LATE} ELSE 'sla:' || h.id END AS key FROM handoff h"
        " WHERE h.state = 'waiting' AND (h.due_at <= :soon OR h.escalated_at IS NOT NULL)) q"
        " WHERE NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = q.key) LIMIT :limit",
        soon=tx.now_ms + SOON_MS,
        limit=limit,
    )
    missed = tx.all(
        "SELECT h.id, h.conversation_id, h.priority, h.team FROM handoff h WHERE h.state = 'waiting'"  # noqa: S608
        f" AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = {_WAITING}) LIMIT :limit",
        limit=limit,
    )
    offers = tx.all(
        f"SELECT h.id, h.conversation_id, h.priority, h.offered_to, {_OFFERED} AS key FROM handoff h WHERE h.state = 'waiting'"  # noqa: S608
        f" AND h.offered_until > :now AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = {_OFFERED}) LIMIT :limit",
        now=tx.now_ms,
        limit=limit,
    )
    tasks = tx.all(
        "SELECT t.id, t.conversation_id, t.owner_id FROM task t WHERE t.state = 'open' AND t.due_at <= :now AND t.due_at > :since"
        " AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = 'task:' || t.id) LIMIT :limit",
        now=tx.now_ms,
        since=tx.now_ms - TASKS_MS,
        limit=limit,
    )
    rows = [waiting(one.id, one.conversation_id, one.priority, one.team) for one in missed]
    rows += [
        row(
            *one.key.split(":", 1),
            conversation_id=one.conversation_id,
            handoff_id=one.id,
            urgent=one.priority >= URGENT,
        )
        for one in late
    ]
    rows += [
        row(
            *one.key.split(":", 1),
            conversation_id=one.conversation_id,
            handoff_id=one.id,
            advisor_id=one.offered_to,
            urgent=one.priority >= URGENT,
        )
        for one in offers
    ]
    rows += [row("task", one.id, conversation_id=one.conversation_id, advisor_id=one.owner_id) for one in tasks]
    return add(tx, rows) + held(tx)


def held(tx: Tx) -> int:
    """Accounts of ours that do not work, and do not come back by themselves. How many were new."""
    found = [
        row("account", troubles.key(one.account_id, one.since, what=one.state), urgent=one.state == troubles.AT_ONCE)
        for one in troubles.lasting(tx)
    ]
    known = {one.key for one in tx.among("SELECT key FROM notice WHERE key IN (:among)", [one["key"] for one in found])}
    new = [one for one in found if one["key"] not in known]
    for one in new:
        tx.hint("account", troubles.named(one["key"])[0])  # every page says it from now on
    return add(tx, new)


def silent(tx: Tx, begun: Sequence[tuple[str, int]]) -> int:
    """Nothing comes any more from these: (account, since when in ms). How many are news."""
    return add(tx, [row("account", troubles.key(*one, what=troubles.SILENT)) for one in begun])


def forget(tx: Tx, *, limit: int = 500) -> int:
    """What is history; how many."""
    old = [
        one.id
        for one in tx.all(
            "SELECT id FROM notice WHERE created_at < :before AND state IN ('told', 'over') ORDER BY created_at LIMIT :limit",
            before=tx.now_ms - KEPT_MS,
            limit=limit,
        )
    ]
    tx.run_among("DELETE FROM telling WHERE notice_id IN (:among)", old)
    return tx.run_among("DELETE FROM notice WHERE id IN (:among)", old)


# ---- the ladder's reading and writing


def due(tx: Tx, *, limit: int) -> list[Notice]:
    """Those whose time has come, the oldest first; another process leaves them alone while we look."""
    lock = "FOR UPDATE OF n SKIP LOCKED" if tx.postgres else ""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM notice n WHERE n.state IN ('open', 'alarmed') AND n.look_at <= :now"  # noqa: S608
        f" ORDER BY n.look_at, n.id LIMIT {int(limit)} {lock}",
        now=tx.now_ms,
    )
    return [_notice(one) for one in rows]


def matters(tx: Tx, found: Sequence[Notice]) -> dict[str, Matter]:
    """What each of them is about, by the notice's id."""
    handoffs = {
        one.id: one
        for one in tx.among(
            f"SELECT h.id, h.state, h.priority, h.team, c.channel, {_WAITING} AS waiting, {_LATE} AS late, {_OFFERED}"  # noqa: S608
            " AS offered FROM handoff h JOIN conversation c ON c.id = h.conversation_id WHERE h.id IN (:among)",
            [notice.handoff_id for notice in found if notice.handoff_id],
        )
    }
    talks = {
        one.id: one
        for one in tx.among(
            "SELECT id, status, assignee_id, channel FROM conversation WHERE id IN (:among)",
            [notice.conversation_id for notice in found if notice.conversation_id and not notice.handoff_id],
        )
    }
    tasks = {
        one.id
        for one in tx.among(
            "SELECT id FROM task WHERE state = 'open' AND id IN (:among)",
            [notice.key.removeprefix("task:") for notice in found if notice.kind == "task"],
        )
    }
    return {
        notice.id: Matter(open=troubles.still(tx, notice.key), urgent=notice.urgent)
        if notice.kind == "account"
        else _matter(notice, handoffs, talks, tasks)
        for notice in found
    }


def _matter(notice: Notice, handoffs: Mapping[str, Row], talks: Mapping[str, Row], tasks: set[str]) -> Matter:
    if notice.handoff_id:
        asked = handoffs.get(notice.handoff_id)
        if asked is None:
            return Matter(open=False, urgent=notice.urgent)
        return Matter(
            open=asked.state == "waiting" and notice.key == getattr(asked, notice.kind, notice.key),
            urgent=notice.urgent or asked.priority >= URGENT,
            channel=asked.channel,
            team=asked.team,
        )
    talk = talks.get(notice.conversation_id)
    channel = talk.channel if talk is not None else ""
    if notice.kind == "task":
        return Matter(open=notice.key.removeprefix("task:") in tasks, urgent=False, channel=channel)
    if talk is None:
        return Matter(open=notice.kind == "digest", urgent=False)
    his = talk.status == "with_advisor" and talk.assignee_id == notice.advisor_id
    return Matter(open=his, urgent=False, channel=channel)


def settle(tx: Tx, notice: Notice, *, state: str, step: int, look_at: int) -> None:
    """What a look came to. Who was told, or alarmed, is never told anew by a later look."""
    tx.run(
        "UPDATE notice SET state = :state, step = :step, look_at = :look, told_at = COALESCE(told_at, :told),"
        " alarmed_at = COALESCE(alarmed_at, :alarmed), ended_at = COALESCE(:ended, ended_at) WHERE id = :id",
        id=notice.id,
        state=state,
        step=step,
        look=look_at,
        told=tx.now_ms if state == "told" else None,
        alarmed=tx.now_ms if state == "alarmed" else None,
        ended=tx.now_ms if state in ("told", "over") else None,
    )


def look_now(tx: Tx, notice_id: str) -> None:
    """Something about it is known that was not. Whoever looks at it in another process is waited for, and looked at again: he
    may not have known it, and what `look_at` says is his to change until then."""
    tx.run(
        "UPDATE notice SET look_at = :now WHERE id = :id AND state IN ('open', 'alarmed')",
        id=notice_id,
        now=tx.now_ms,
    )


def look_at_alarms(tx: Tx) -> None:
    """Somebody is there who was not."""
    if tx.run(
        "UPDATE notice SET look_at = :now WHERE state IN ('open', 'alarmed') AND look_at > :now AND state = 'alarmed' AND step = 0",
        now=tx.now_ms,
    ):
        tx.hint(WAKE, "")


# ---- what people see


def alarms(tx: Tx) -> int:
    """Conversations with a customer who waits, and nobody could be told."""
    return int(
        tx.value(
            "SELECT COUNT(DISTINCT n.conversation_id) FROM notice n LEFT JOIN handoff h ON h.id = n.handoff_id"
            " WHERE n.state IN ('open', 'alarmed') AND n.state = 'alarmed' AND (h.id IS NULL OR h.state = 'waiting')"
            " AND n.kind <> 'account'"
        )
        or 0
    )


def stuck(tx: Tx) -> int:
    """Since when the ladder should have looked at something and did not, in ms; 0 = it is up to date."""
    oldest = tx.value("SELECT MIN(look_at) FROM notice WHERE state IN ('open', 'alarmed')")
    return max(0, tx.now_ms - oldest) if oldest is not None else 0


def _notice(found: Row) -> Notice:
    return Notice(**{**found._mapping, "urgent": bool(found.urgent)})
