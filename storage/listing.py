"""Conversations as lists and views show them. Every statement follows an index or a bounded window of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import contacts, searching, teams
from storage.keys import KeyMissing
from storage.tx import Tx

WINDOW: Final = 500  # conversations that one statement may look at for what no index knows (labels, words)
RARE: Final = 500  # so many hits of a word are taken as they are; of more, the newest conversations are asked instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters; None or '' = any. `account` -- name or id; `assignee` -- advisor id, or `none`; `team` -- its id or name, or
    `advisor:…` for the teams of that advisor; `product` -- code, or `none`;
    `opened_since`, `opened_until` -- ms; `waiting_since` -- waits since then or earlier, ms; `q` -- words; `sight` -- the
    advisor who finds only what he may see by them, '' = whoever sees everything."""

    channel: str = ""
    account: str = ""
    thread: str = ""
    stage: str = ""
    status: str = ""
    assignee: str = ""
    label: str = ""
    contact: str = ""
    test: bool | None = None
    team: str = ""
    product: str = ""
    opened_since: int = 0
    opened_until: int = 0
    waiting_since: int = 0
    q: str = ""
    sight: str = ""


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
_KEYS: Final = (
    "SELECT c.id, c.contact_id, c.last_message_at, c.labels, c.stage, c.status, c.account_id, c.assignee_id, c.test, c.opened_at,"
    " c.waiting_since, c.team FROM conversation c"
)
_STATUS: Final = {  # of the stages that are not closed; a conversation has an assignee only while it is with one
    **dict.fromkeys(("new", "greeted", "consent_pending", "collecting", "confirming"), "open"),
    **dict.fromkeys(("queued", "callback_scheduled", "unreachable"), "waiting"),
    "with_advisor": "with_advisor",
}
_ORDER: Final = "ORDER BY c.last_message_at DESC, c.id DESC"


def page(tx: Tx, wanted: Wanted, *, after: tuple[int, str] | None, limit: int) -> Page:
    """The next conversations, the last message first."""
    asked = _asked(tx, wanted, after)
    if asked is None:
        return Page(items=[], after=None)
    where, binds, loose = asked
    if not loose and not wanted.q and not wanted.product:
        rows = tx.all(f"{_SELECT} {_all(where)} {_ORDER} LIMIT :limit", **binds, limit=limit + 1)
        return Page(items=_opened(tx, rows[:limit]), after=_mark(rows[limit - 1]) if len(rows) > limit else None)
    hits, end = _hits(tx, wanted, *asked)
    shown = hits[:limit]
    opened = several(tx, [row.id for row in shown])
    after = _mark(shown[-1]) if len(hits) > limit else end
    return Page(items=[opened[row.id] for row in shown if row.id in opened], after=after)


def count(tx: Tx, *, wanted: Wanted, after: tuple[int, str] | None, limit: int) -> tuple[int, tuple[int, str] | None]:
    """(how many of the next window, at most `limit`; where to go on, None at the end)."""
    asked = _asked(tx, wanted, after)
    if asked is None:
        return 0, None
    hits, end = _hits(tx, wanted, *asked)
    return (limit, _mark(hits[limit - 1])) if len(hits) > limit else (len(hits), end)


_Loose = list[Callable[[Any], bool]]


def _asked(tx: Tx, wanted: Wanted, after: tuple[int, str] | None) -> tuple[list[str], dict[str, Any], _Loose] | None:
    """What an index serves with its binds, and what is asked of each; None when nothing can match."""
    where, binds = _where(tx, wanted)
    loose = _loose(tx, wanted)
    if where is None or loose is None:
        return None
    if after is not None:
        where.append("(c.last_message_at, c.id) < (:after_at, :after_id)")
        binds.update(after_at=after[0], after_id=after[1])
    return where, binds, loose


def _hits(
    tx: Tx, wanted: Wanted, where: Sequence[str], binds: Mapping[str, Any], loose: _Loose
) -> tuple[list[Any], tuple[int, str] | None]:
    """Those of the next window that fit, and its end where there is more behind it."""
    looked = tx.all(f"{_KEYS} {_all(where)} {_ORDER} LIMIT :window", **binds, window=WINDOW)
    hits = [row for row in looked if all(fits(row) for fits in loose)]
    if wanted.q:
        found = searching.having(tx, searching.reading(tx, wanted.q), [row.id for row in hits])
        found = searching.seen_by(tx, wanted.sight, sorted(found)) if wanted.sight else found
        hits = [row for row in hits if row.id in found]
    if wanted.product:
        about = _products(tx, [row.id for row in hits])
        hits = [row for row in hits if about.get(row.id, "none") == wanted.product]
    return hits, _mark(looked[-1]) if len(looked) == WINDOW else None


def _where(tx: Tx, wanted: Wanted) -> tuple[list[str] | None, dict[str, Any]]:
    """What an index serves, with its binds; None when nothing can match."""
    where: list[str] = []
    binds: dict[str, Any] = {}
    if wanted.thread:
        points = tx.all(
            "SELECT id FROM contact_point WHERE account_id IN (SELECT id FROM account) AND thread = :thread LIMIT 50",
            thread=wanted.thread,
        )
        where.append(_in("c.point_id", "point", [row.id for row in points], binds))
    if wanted.contact:
        where.append(_in("c.contact_id", "contact", contacts.family(tx, wanted.contact), binds))
    if wanted.status or wanted.stage or wanted.assignee not in ("", "none"):
        where.append("c.status = :status")
        binds["status"] = wanted.status or _STATUS.get(wanted.stage, "closed" if wanted.stage else "with_advisor")
    if wanted.q:
        words = searching.reading(tx, wanted.q)
        rare = searching.rare(tx, words, limit=RARE) if words else []
        if rare is not None:
            where.append(_in("c.id", "hit", rare, binds))
    return (None if "FALSE" in where else where), binds


def _loose(tx: Tx, wanted: Wanted) -> _Loose | None:
    """What no index serves: asked of each conversation in a window. None when nothing can match."""
    found: _Loose = []
    if wanted.channel or wanted.account:
        accounts = {
            row.id
            for row in tx.all("SELECT id, channel, name FROM account")
            if wanted.channel in ("", row.channel) and wanted.account in ("", row.name, row.id)
        }
        if not accounts:
            return None
        found.append(lambda row: row.account_id in accounts)
    if wanted.stage:
        found.append(lambda row: bool(row.stage == wanted.stage))
    if wanted.assignee:
        who = None if wanted.assignee == "none" else wanted.assignee
        found.append(lambda row: bool(row.assignee_id == who))
    if wanted.label:
        found.append(lambda row: wanted.label in orjson.loads(row.labels or "[]"))
    if wanted.test is not None:
        found.append(lambda row: bool(row.test) is wanted.test)
    if wanted.team:
        of = teams.meant(tx, wanted.team)
        found.append(lambda row: row.team in of)
    if wanted.opened_since or wanted.opened_until:
        until = wanted.opened_until or tx.now_ms + 1
        found.append(lambda row: bool(wanted.opened_since <= row.opened_at < until))
    if wanted.waiting_since:
        found.append(
            lambda row: row.status == "waiting" and (row.waiting_since or row.last_message_at) <= wanted.waiting_since
        )
    return found


def _products(tx: Tx, conversation_ids: Sequence[str]) -> dict[str, str]:
    """What each is about, where that is known: sealed, so it is read."""
    rows = tx.among(
        "SELECT c.id, c.contact_id, c.state_sealed, w.wrapped FROM conversation c JOIN contact_key w ON w.contact_id = c.contact_id"
        " WHERE c.id IN (:among)",
        list(conversation_ids),
    )
    tx.keys.warm([(row.contact_id, row.wrapped) for row in rows])
    found = {}
    for row in rows:
        state = tx.keys.open_json(tx, row.contact_id, "conversation", "state_sealed", row.id, row.state_sealed)
        if product := state.get("slots", {}).get("product"):
            found[row.id] = str(product)
    return found


def _in(column: str, name: str, values: Sequence[str], binds: dict[str, Any]) -> str:
    binds.update({f"{name}_{at}": value for at, value in enumerate(values)})
    return f"{column} IN ({', '.join(f':{name}_{at}' for at in range(len(values)))})" if values else "FALSE"


def _all(where: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(where)}" if where else ""


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
