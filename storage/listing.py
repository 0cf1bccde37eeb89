"""Conversations as lists and views show them. Every statement follows an index or a bounded window of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import narrowing
from storage.keys import KeyMissing
from storage.narrowing import Mark, Wanted
from storage.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One conversation with what lists show of it. Personal values are plain here: the caller masks."""

    id: str
    point_id: str
    contact_id: str
    channel: str
    account: str
    thread: str
    stage: str
    status: str
    assignee: tuple[str, str] | None
    labels: tuple[str, ...]
    test: bool
    lang: str
    version: int
    outcome: str
    opened_at: int
    last_message_at: int
    waiting_since: int | None
    snoozed_until: int | None
    closed_at: int | None
    last_inbound_at: int | None
    last_seq: int
    seen_seq: int
    reachable: bool
    team: str
    state: Mapping[str, Any] = field(repr=False)
    preview: str = field(repr=False)
    contact_name: str = field(repr=False)  # what he told or the desk corrected, of the person he is today
    display_name: str = field(repr=False)  # as the platform gives it

    @property
    def slots(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.state.get("slots", {})
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`after` -- (last_message_at, id) to go on from; None at the end. A page may be short and yet not the last."""

    items: list[Conversation]
    after: tuple[int, str] | None


_SELECT: Final = """
SELECT c.id, c.point_id, c.contact_id, COALESCE(k.merged_into, c.contact_id) AS shown_contact, c.channel, c.account_id, p.thread, c.stage,
       c.status, c.assignee_id, a.name AS assignee_name, c.labels, c.test, c.lang, c.version, c.outcome, c.opened_at, c.last_message_at,
       c.waiting_since, c.snoozed_until, c.closed_at, c.last_inbound_at, c.seen_seq, c.state_sealed, c.preview_sealed, c.team,
       p.message_seq, p.name_sealed, (p.reachable AND p.blocked_at IS NULL) AS reachable, w.wrapped, k.name_sealed AS own_sealed,
       s.name_sealed AS shown_sealed, sw.wrapped AS shown_wrapped
FROM conversation c
JOIN contact_point p ON p.id = c.point_id
LEFT JOIN contact k ON k.id = c.contact_id
LEFT JOIN contact s ON s.id = k.merged_into
LEFT JOIN contact_key sw ON sw.contact_id = k.merged_into
LEFT JOIN advisor a ON a.id = c.assignee_id
LEFT JOIN contact_key w ON w.contact_id = c.contact_id
"""


def page(tx: Tx, wanted: Wanted, *, after: Mark | None, limit: int, look: int = narrowing.LOOK) -> Page:
    """The next conversations, the last message first; of what no index knows so far as `look` conversations reach."""
    asked = narrowing.asked(tx, wanted, after)
    if asked is None:
        return Page(items=[], after=None)
    if asked.plain:
        rows = tx.all(f"{_SELECT} {asked.served} {narrowing.ORDER} LIMIT :limit", **asked.binds, limit=limit + 1)
        end = (rows[limit - 1].last_message_at, rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=_opened(tx, rows[:limit]), after=end)
    ids, end = narrowing.hits(tx, asked, limit=limit, look=look)
    opened = several(tx, ids)
    return Page(items=[opened[each] for each in ids if each in opened], after=end)


def count(
    tx: Tx, *, wanted: Wanted, after: Mark | None, limit: int, look: int = narrowing.LOOK
) -> tuple[int, Mark | None]:
    """(how many of the next window, at most `limit`; where to go on, None at the end)."""
    asked = narrowing.asked(tx, wanted, after)
    if asked is None:
        return 0, None
    ids, end = narrowing.hits(tx, asked, limit=limit, look=look)
    return len(ids), end


def one(tx: Tx, conversation_id: str) -> Conversation | None:
    found = _opened(tx, tx.all(f"{_SELECT} WHERE c.id = :id", id=conversation_id))
    return found[0] if found else None


def several(tx: Tx, conversation_ids: Sequence[str]) -> dict[str, Conversation]:
    """These conversations by id."""
    return {
        found.id: found for found in _opened(tx, tx.among(f"{_SELECT} WHERE c.id IN (:among)", list(conversation_ids)))
    }


def _opened(tx: Tx, rows: Sequence[Any]) -> list[Conversation]:
    tx.keys.warm([(row.contact_id, row.wrapped) for row in rows if row.wrapped is not None])
    tx.keys.warm([(row.shown_contact, row.shown_wrapped) for row in rows if row.shown_wrapped is not None])
    return [_conversation(tx, row) for row in rows]


def _conversation(tx: Tx, row: Any) -> Conversation:
    def opened(table: str, column: str, row_id: str, sealed: bytes | None) -> bytes:
        try:
            return (
                tx.keys.open_for(tx, row.contact_id, table, column, row_id, sealed) if row.wrapped is not None else b""
            )
        except KeyMissing:  # erased: the row may stay for the figures, its words are gone
            return b""

    def contact_name() -> str:
        try:
            shown = tx.keys.open_for(
                tx, row.shown_contact, "contact", "name_sealed", row.shown_contact, row.shown_sealed
            )
        except KeyMissing:
            shown = b""
        return (shown or opened("contact", "name_sealed", row.contact_id, row.own_sealed)).decode()

    return Conversation(
        id=row.id,
        point_id=row.point_id,
        contact_id=row.shown_contact,
        channel=row.channel,
        account=row.account_id.partition(":")[2],
        thread=row.thread,
        stage=row.stage,
        status=row.status,
        assignee=(row.assignee_id, row.assignee_name or "") if row.assignee_id else None,
        labels=tuple(orjson.loads(row.labels or "[]")),
        test=bool(row.test),
        lang=row.lang,
        version=row.version,
        outcome=row.outcome,
        opened_at=row.opened_at,
        last_message_at=row.last_message_at,
        waiting_since=row.waiting_since,
        snoozed_until=row.snoozed_until,
        closed_at=row.closed_at,
        last_inbound_at=row.last_inbound_at,
        last_seq=row.message_seq,
        seen_seq=row.seen_seq,
        reachable=bool(row.reachable),
        team=row.team,
        state=orjson.loads(opened("conversation", "state_sealed", row.id, row.state_sealed) or b"{}"),
        preview=opened("conversation", "preview_sealed", row.id, row.preview_sealed).decode(),
        contact_name=contact_name(),
        display_name=opened("contact_point", "name_sealed", row.point_id, row.name_sealed).decode(),
    )
