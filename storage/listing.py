"""Conversations as lists and views show them. Every statement follows an index or a bounded window of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import search
from storage.keys import KeyMissing
from storage.tx import Tx

WINDOW: Final = 1000  # conversations that one statement may look at for what no index knows (labels, words)
RARE: Final = 500  # so many hits of a word are taken as they are; of more, the newest conversations are asked instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters; None or '' = any. `account` -- name or id; `assignee` -- advisor id, or `none`; `q` -- words."""

    channel: str = ""
    account: str = ""
    thread: str = ""
    stage: str = ""
    status: str = ""
    assignee: str = ""
    label: str = ""
    contact: str = ""
    test: bool | None = None
    q: str = ""


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
    state: Mapping[str, Any] = field(repr=False)
    preview: str = field(repr=False)
    display_name: str = field(repr=False)

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
       c.waiting_since, c.snoozed_until, c.closed_at, c.last_inbound_at, c.seen_seq, c.state_sealed, c.preview_sealed,
       p.message_seq, p.name_sealed, p.reachable, w.wrapped
FROM conversation c
JOIN contact_point p ON p.id = c.point_id
LEFT JOIN contact k ON k.id = c.contact_id
LEFT JOIN advisor a ON a.id = c.assignee_id
LEFT JOIN contact_key w ON w.contact_id = c.contact_id
"""
_ORDER: Final = "ORDER BY c.last_message_at DESC, c.id DESC"


def page(tx: Tx, wanted: Wanted, *, after: tuple[int, str] | None, limit: int) -> Page:
    """The next conversations, the last message first."""
    where, binds = _where(tx, wanted)
    if where is None:
        return Page(items=[], after=None)
    if after is not None:
        where.append("(c.last_message_at, c.id) < (:after_at, :after_id)")
        binds.update(after_at=after[0], after_id=after[1])
    if wanted.label or wanted.q:
        return _through_window(tx, wanted, where, binds, limit)
    rows = tx.all(f"{_SELECT} {_all(where)} {_ORDER} LIMIT :limit", **binds, limit=limit + 1)
    items = _opened(tx, rows[:limit])
    return Page(items=items, after=_mark(rows[limit - 1]) if len(rows) > limit else None)


def _where(tx: Tx, wanted: Wanted) -> tuple[list[str] | None, dict[str, Any]]:
    """Conditions on `c` that an index serves, with their binds; None when nothing can match."""
    where: list[str] = []
    binds: dict[str, Any] = {}
    if wanted.channel or wanted.account:
        accounts = _accounts(tx, wanted)
        if not accounts:
            return None, {}
        where.append(_in("c.account_id", "account", accounts, binds))
    if wanted.thread:
        points = [row[0] for row in tx.all(
            "SELECT id FROM contact_point WHERE account_id IN (SELECT id FROM account) AND thread = :thread LIMIT 50", thread=wanted.thread
        )]  # fmt: skip
        if not points:
            return None, {}
        where.append(_in("c.point_id", "point", points, binds))
    for column in ("stage", "status"):
        if getattr(wanted, column):
            where.append(f"c.{column} = :{column}")
            binds[column] = getattr(wanted, column)
    if wanted.assignee == "none":
        where.append("c.assignee_id IS NULL")
    elif wanted.assignee:
        where.append("c.assignee_id = :assignee")
        binds["assignee"] = wanted.assignee
    if wanted.contact:
        where.append("c.contact_id IN (SELECT id FROM contact WHERE id = :contact OR merged_into = :contact)")
        binds["contact"] = wanted.contact
    if wanted.test is not None:
        where.append("c.test = :test")
        binds["test"] = wanted.test
    return where, binds


def _accounts(tx: Tx, wanted: Wanted) -> list[str]:
    rows = tx.all("SELECT id, channel, name FROM account")
    return [row.id for row in rows if wanted.channel in ("", row.channel) and wanted.account in ("", row.name, row.id)]


def _in(column: str, name: str, values: Sequence[str], binds: dict[str, Any]) -> str:
    binds.update({f"{name}_{at}": value for at, value in enumerate(values)})
    return f"{column} IN ({', '.join(f':{name}_{at}' for at in range(len(values)))})"


def _all(where: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(where)}" if where else ""


def _through_window(tx: Tx, wanted: Wanted, where: list[str], binds: dict[str, Any], limit: int) -> Page:
    """Filters without an index: look at a bounded number of conversations, and say where to go on."""
    if wanted.q:
        words = search.wanted(tx.keys, wanted.q)
        if not words:
            return Page(items=[], after=None)
        rare = search.rarest(tx, words, limit=RARE)
        if rare is not None:
            if not rare:
                return Page(items=[], after=None)
            where.append(_in("c.id", "hit", rare, binds))
        for at, token in enumerate(words):
            where.append(
                f"EXISTS (SELECT 1 FROM search_token s WHERE s.token = :word_{at} AND s.conversation_id = c.id)"  # noqa: S608 -- ours
            )
            binds[f"word_{at}"] = token
    looked = tx.all(
        f"SELECT c.id, c.last_message_at, c.labels FROM conversation c {_all(where)} {_ORDER} LIMIT :window",  # noqa: S608 -- ours
        **binds,
        window=WINDOW,
    )
    hits = [row for row in looked if not wanted.label or wanted.label in orjson.loads(row.labels or "[]")]
    shown = hits[:limit]
    rows = {row.id: row for row in tx.among(f"{_SELECT} WHERE c.id IN (:among)", [row.id for row in shown])}
    more = len(hits) > limit
    after = _mark(shown[-1]) if more else _mark(looked[-1]) if len(looked) == WINDOW else None
    return Page(items=_opened(tx, [rows[row.id] for row in shown if row.id in rows]), after=after)


def _mark(row: Any) -> tuple[int, str]:
    return row.last_message_at, row.id


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
    return [_conversation(tx, row) for row in rows]


def _conversation(tx: Tx, row: Any) -> Conversation:
    def opened(table: str, column: str, row_id: str, sealed: bytes | None) -> bytes:
        try:
            return (
                tx.keys.open_for(tx, row.contact_id, table, column, row_id, sealed) if row.wrapped is not None else b""
            )
        except KeyMissing:  # erased: the row may stay for the figures, its words are gone
            return b""

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
        state=orjson.loads(opened("conversation", "state_sealed", row.id, row.state_sealed) or b"{}"),
        preview=opened("conversation", "preview_sealed", row.id, row.preview_sealed).decode(),
        display_name=opened("contact_point", "name_sealed", row.point_id, row.name_sealed).decode(),
    )
