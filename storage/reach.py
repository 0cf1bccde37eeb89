"""How somebody may be written to at one of his contact points, and at which of them: the facts for `channels.windows.rule`."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final

from channels.windows import Carries, Purpose, Ruling, Sender, Way, rule, session
from storage import care, contacts, cooling, inbox, term
from storage.times import at
from storage.tx import Tx

SESSION_MS: Final = (
    30 * 24 * 3_600_000
)  # a session is looked for so far back: any silence of its length begins a new one
WORDS: Final = 1000  # of his, at most, for that
ASKED: Final = {
    care.RECEIVED: Purpose.CARE,
    care.SURVEY: Purpose.SURVEY,
    **dict.fromkeys(term.KINDS, Purpose.REMINDER),
    **dict.fromkeys(cooling.KINDS, Purpose.ANSWER),  # the law demands it
}


def opened(tx: Tx, can: Carries, point_id: str) -> datetime | None:
    """The word that opened the session there, where a window of the platform does not slide: by the platform's time, unless
    that is later than ours."""
    fixed = next((window.hours for window in can.windows if window.fixed and window.hours), 0)
    if not fixed:
        return None
    words = tx.all(
        "SELECT received_at, said_at FROM message WHERE point_id = :id AND direction = 'inbound' AND received_at > :since "
        "ORDER BY seq DESC LIMIT :words",
        id=point_id,
        since=tx.now_ms - SESSION_MS,
        words=WORDS,
    )
    return session(sorted(at(inbox.acted(word.said_at, word.received_at)) for word in words), hours=fixed)


def ruling(
    tx: Tx,
    can: Carries,
    point_id: str,
    last_ms: int | None,
    *,
    sender: Sender,
    purpose: Purpose,
    reachable: bool = True,
) -> Ruling:
    """Now. `last_ms` -- the contact point's last_inbound_at."""
    return rule(
        can,
        sender=sender,
        purpose=purpose,
        now=at(tx.now_ms),
        last=None if last_ms is None else at(last_ms),
        opened=opened(tx, can, point_id),
        reachable=reachable,
    )


def elsewhere(tx: Tx, contact_id: str, but: str, *, sender: Sender, purpose: Purpose) -> Any:
    """Another contact point of this person's where it may be said, the one he used last: id, account_id and its conversation's
    status; None without one."""
    person = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    points = tx.among(
        "SELECT p.id, p.account_id, p.last_inbound_at, c.status FROM contact_point p "
        "JOIN conversation c ON c.id = p.conversation_id WHERE p.contact_id IN (:among) AND p.reachable AND p.blocked_at IS NULL AND p.id <> :but "
        "ORDER BY p.last_inbound_at DESC, p.id LIMIT 20",
        person,
        but=but,
    )
    for point in points:
        can = carries(tx, point.account_id)
        if point.last_inbound_at is None or can is None:
            continue
        ruled = ruling(tx, can, point.id, point.last_inbound_at, sender=sender, purpose=purpose)
        if ruled.way is not Way.NEVER:
            return point
    return None


def for_task(tx: Tx, row: Any) -> Any:
    """A due task of the care plan as it is asked about where that is lawful: in the policy's own conversation, else in
    another chat of this person's. As it was when there is none: its own conversation says why it is skipped."""
    can = carries(tx, row.account_id)
    if can is not None:
        last = tx.value("SELECT last_inbound_at FROM contact_point WHERE id = :id", id=row.point_id)
        purpose, there = ASKED[row.kind], bool(row.reachable)
        if (
            ruling(tx, can, row.point_id, last, sender=Sender.SYSTEM, purpose=purpose, reachable=there).way
            is not Way.NEVER
        ):
            return row
    other = elsewhere(tx, row.contact_id, row.point_id, sender=Sender.SYSTEM, purpose=ASKED[row.kind])
    if other is None:
        return row
    known = vars(row) if isinstance(row, SimpleNamespace) else dict(row._mapping)
    there_now = {"point_id": other.id, "account_id": other.account_id, "status": other.status, "reachable": True}
    return SimpleNamespace(**known | there_now | {"display_sealed": None})


def carries(tx: Tx, account_id: str) -> Carries | None:
    """What that account carries; None when this process does not serve it."""
    gate = tx.gates.of(account_id)
    return None if gate is None else gate.carries
