"""Which conversations a filtered list is of: an index finds so many of them, and what no index knows is asked of each of those
where it lies, in one statement. What is sealed is opened, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import contacts, searching, teams
from storage.tx import Tx

LOOK: Final = 500  # conversations that one statement may look at for what no index knows
RARE: Final = 500  # so many hits of a word are taken as they are; of more, the newest conversations are asked instead
SEALED: Final = 150  # states that one read opens
AT_ONCE: Final = 50  # of them: some 3 ms
Mark = tuple[int, str]  # (last_message_at, id) of the last one seen
ORDER: Final = "ORDER BY c.last_message_at DESC, c.id DESC"


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


@dataclass(slots=True)
class Asked:
    """`where` -- what an index serves; `loose` -- what is asked of each in a window (`few`)."""

    where: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    binds: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    product: str = ""

    @property
    def plain(self) -> bool:
        return not (self.loose or self.label or self.product)

    @property
    def served(self) -> str:
        return f"WHERE {' AND '.join(self.where)}" if self.where else ""


_STATUS: Final = {  # of the stages that are not closed; a conversation has an assignee only while it is with one
    **dict.fromkeys(("new", "greeted", "consent_pending", "collecting", "confirming"), "open"),
    **dict.fromkeys(("queued", "callback_scheduled", "unreachable"), "waiting"),
    "with_advisor": "with_advisor",
}
_WINDOW: Final = """
WITH few AS MATERIALIZED (
    SELECT c.id, c.last_message_at, c.labels, c.stage, c.status, c.account_id, c.assignee_id, c.test, c.opened_at, c.waiting_since, c.team
    FROM conversation c {served} {order} LIMIT :look
)
SELECT * FROM (
    SELECT few.id, few.last_message_at, few.labels, 1 AS hit FROM few WHERE {loose}
    ORDER BY few.last_message_at DESC, few.id DESC LIMIT :most
) AS hits
UNION ALL
SELECT * FROM (
    SELECT few.id, few.last_message_at, few.labels, 0 AS hit FROM few ORDER BY few.last_message_at, few.id LIMIT 1
) AS last WHERE (SELECT COUNT(*) FROM few) = :look
"""
# Asked for his alone, SQLite would read all that he ever took.
_SEEN: Final = (
    "(few.status = 'waiting' OR few.assignee_id = :me OR EXISTS (SELECT 1 FROM handoff h"
    " WHERE h.conversation_id = few.id AND h.taken_by || '' = :me LIMIT 1 OFFSET 0))"
)


def asked(tx: Tx, wanted: Wanted, after: Mark | None) -> Asked | None:
    """None when nothing can match."""
    made = Asked(label=wanted.label, product=wanted.product)
    if not (_who(tx, wanted, made) and _where(tx, wanted, made) and _words(tx, wanted, made)):
        return None
    _times(tx, wanted, made)
    if after is not None:
        made.where.append("(c.last_message_at, c.id) < (:after_at, :after_id)")
        made.binds.update(after_at=after[0], after_id=after[1])
    return made


def hits(tx: Tx, asked: Asked, *, limit: int, look: int) -> tuple[list[str], Mark | None]:
    """(at most `limit` of the next `look` conversations, where to go on)."""
    most = look if asked.label else SEALED + 1 if asked.product else limit + 1
    rows = tx.all(
        _WINDOW.format(served=asked.served, order=ORDER, loose=" AND ".join(asked.loose) or "1 = 1"),
        **asked.binds,
        look=look,
        most=most,
    )
    found = sorted((row for row in rows if row.hit), key=_mark, reverse=True)
    end = next((_mark(row) for row in rows if not row.hit), None)
    if asked.label:
        found = [row for row in found if asked.label in orjson.loads(row.labels or "[]")]
    if asked.product:
        if len(found) > SEALED:
            found = found[:SEALED]
            end = _mark(found[-1])
        found = _about(tx, found, asked.product, limit + 1)
    if len(found) > limit:
        return [row.id for row in found[:limit]], _mark(found[limit - 1])
    return [row.id for row in found], end


def _who(tx: Tx, wanted: Wanted, made: Asked) -> bool:
    """Whose they are and how far they are. Of several indexes one is to be followed: `|| ''` leaves a column to it."""
    of = sorted(teams.meant(tx, wanted.team)) if wanted.team else []
    status = wanted.status or _STATUS.get(wanted.stage, "closed" if wanted.stage else "")
    advisor = "" if wanted.assignee == "none" else wanted.assignee
    if advisor:
        made.where += ["c.assignee_id = :assignee", "c.status || '' = :status"]
        made.binds.update(assignee=advisor, status=status or "with_advisor")
    elif status:
        made.where.append("c.status = :status")
        made.binds["status"] = status
    if wanted.team and not of:
        return False
    if len(of) == 1 and not made.where:
        made.where.append("c.team = :team")
        made.binds["team"] = of[0]
    elif of:
        made.loose.append(_in("few.team", "team", of, made.binds))
    if wanted.assignee == "none":
        made.loose.append("few.assignee_id IS NULL")
    if wanted.stage:
        made.loose.append("few.stage = :stage")
        made.binds["stage"] = wanted.stage
    return True


def _where(tx: Tx, wanted: Wanted, made: Asked) -> bool:
    """On which channels, of which person."""
    if wanted.thread:
        points = tx.all(
            "SELECT id FROM contact_point WHERE account_id IN (SELECT id FROM account) AND thread = :thread LIMIT 50",
            thread=wanted.thread,
        )
        made.where.append(_in("c.point_id", "point", [row.id for row in points], made.binds))
    if wanted.contact:
        made.where.append(_in("c.contact_id", "contact", contacts.family(tx, wanted.contact), made.binds))
    if wanted.channel or wanted.account:
        accounts = [
            row.id
            for row in tx.all("SELECT id, channel, name FROM account")
            if wanted.channel in ("", row.channel) and wanted.account in ("", row.name, row.id)
        ]
        if not accounts:
            return False
        made.loose.append(_in("few.account_id", "account", accounts, made.binds))
    if wanted.test is not None:
        made.loose.append("few.test = :test")
        made.binds["test"] = wanted.test
    return "FALSE" not in made.where


def _words(tx: Tx, wanted: Wanted, made: Asked) -> bool:
    if not wanted.q:
        return True
    words = searching.reading(tx, wanted.q)
    if not words:
        return False
    few = searching.rare(tx, words, limit=RARE)
    if few is not None:
        made.where.append(_in("c.id", "hit", few, made.binds))
        words = words[1:]
    if wanted.sight:
        made.loose.append(_SEEN)
        made.binds["me"] = wanted.sight
    also, binds = searching.has("few.id", words)
    made.loose.append(f"1 = 1{also}")
    made.binds.update(binds)
    return True


def _times(tx: Tx, wanted: Wanted, made: Asked) -> None:
    if wanted.opened_since or wanted.opened_until:
        made.loose.append("few.opened_at >= :opened_since AND few.opened_at < :opened_until")
        made.binds.update(opened_since=wanted.opened_since, opened_until=wanted.opened_until or tx.now_ms + 1)
    if wanted.waiting_since:
        made.loose.append(
            "few.status = 'waiting' AND COALESCE(few.waiting_since, few.last_message_at) <= :waiting_since"
        )
        made.binds["waiting_since"] = wanted.waiting_since
    if wanted.label:
        made.loose.append("few.labels <> '[]'")


def _about(tx: Tx, rows: Sequence[Any], product: str, most: int) -> list[Any]:
    """Those of this product, at most so many: no more are opened than it takes."""
    found: list[Any] = []
    for at in range(0, len(rows), AT_ONCE):
        some = rows[at : at + AT_ONCE]
        known = _products(tx, [row.id for row in some])
        found += [row for row in some if known.get(row.id, "none") == product]
        if len(found) >= most:
            break
    return found[:most]


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


def _mark(row: Any) -> Mark:
    return row.last_message_at, row.id
