"""Forgetting what the law says to forget, in small steps: each function is one unit, and answers how much it did; 0 =
nothing is left for now. What is open is never touched: an event that nobody has thought about stops its step.

Kept 24 hours without consent C1, else 30 days: the raw bodies of events, under keys of a day that are destroyed then.
Without it, what people wrote of calls, screenings, fields and cases goes after 30 days too; that there was one stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import takewhile
from typing import Final

from storage import announced, audit, document_links, exports, idempotency, later, parked, privacy_clocks, tickets
from storage.sessions import IDLE_MS
from storage.tx import Tx

DAY_MS: Final = 86_400_000
RAW_MS: Final = DAY_MS  # without consent
RAW_DAYS: Final = 30
BODIES: Final = "retention_bodies"  # settings: the id up to which a step has looked
OLD: Final = "retention_old"
WORDS: Final = "retention_words"
ATTEMPTS: Final = "retention_attempts"
SCREENINGS: Final = "retention_screenings"
CHANGES: Final = "retention_changes"
PROMISES: Final = "retention_promises"
CASE_STEPS: Final = "retention_case_steps"


def bodies(tx: Tx, *, limit: int = 500) -> int:
    """Raw bodies of people who did not agree to be remembered (or no longer do) are emptied after a day; row and key
    stay, so that a repetition is still one. Quarantined ones wait for a person until their day key goes."""
    rows = tx.all(
        "SELECT id, point_id, state, received_at FROM inbox_event WHERE id > :after ORDER BY id LIMIT :limit",
        after=_cursor(tx, BODIES),
        limit=limit,
    )
    ripe = list(takewhile(lambda row: row.state != "new" and row.received_at < tx.now_ms - RAW_MS, rows))
    if not ripe:
        return 0
    agreed = _agreed(tx, {row.point_id for row in ripe if row.point_id})
    gone = [row.id for row in ripe if row.state in ("done", "ignored") and row.point_id not in agreed]
    tx.run_among("UPDATE inbox_event SET body_sealed = NULL WHERE id IN (:among)", gone)
    tx.run_among("UPDATE inbound_conflict SET body_sealed = NULL WHERE event_id IN (:among)", gone)
    _look_after(tx, BODIES, ripe[-1].id)
    return len(ripe)


def _agreed(tx: Tx, points: Collection[str]) -> set[str]:
    """Those contact points whose person's last word on C1 is a yes."""
    rows = tx.among("SELECT id, contact_id FROM contact_point WHERE id IN (:among)", sorted(points))
    people = _people_who_agreed(tx, {row.contact_id for row in rows})
    return {row.id for row in rows if row.contact_id in people}


def _people_who_agreed(tx: Tx, contacts: Collection[str]) -> set[str]:
    rows = tx.among(
        "SELECT k.id, (SELECT s.state FROM consent s WHERE s.contact_id = k.id AND s.purpose = 'C1'"
        " AND s.state IN ('given', 'refused', 'withdrawn') ORDER BY s.at DESC, s.id DESC LIMIT 1) AS last"
        " FROM contact k WHERE k.id IN (:among)",
        sorted(contacts),
    )
    return {row.id for row in rows if row.last == "given"}


def days(tx: Tx, *, limit: int = 10) -> int:
    """Day keys older than 30 days are destroyed: what they sealed cannot be read any more, backups included. A day
    with an open event keeps its key."""
    before = tx.now_ms // DAY_MS - RAW_DAYS
    tx.keys.forget_days(before)
    rows = tx.all(
        "SELECT day FROM day_key k WHERE destroyed_at IS NULL AND day < :before"
        " AND NOT EXISTS (SELECT 1 FROM inbox_event e WHERE e.state = 'new' AND e.day = k.day) ORDER BY day LIMIT :limit",
        before=before,
        limit=limit,
    )
    for row in rows:
        tx.run("UPDATE day_key SET wrapped = NULL, destroyed_at = :now WHERE day = :day", now=tx.now_ms, day=row.day)
        audit.write(tx, actor="system", action="day_key.destroy", object_type="day_key", object_id=str(row.day))
    return len(rows)


def old_bodies(tx: Tx, *, limit: int = 500) -> int:
    """What no key opens any more is emptied too."""
    before = tx.now_ms // DAY_MS - RAW_DAYS
    rows = tx.all(
        "SELECT id, state, day FROM inbox_event WHERE id > :after ORDER BY id LIMIT :limit",
        after=_cursor(tx, OLD),
        limit=limit,
    )
    ripe = list(takewhile(lambda row: row.state != "new" and row.day < before, rows))
    if not ripe:
        return 0
    gone = [row.id for row in ripe]
    tx.run_among("UPDATE inbox_event SET body_sealed = NULL WHERE id IN (:among) AND body_sealed IS NOT NULL", gone)
    tx.run_among("UPDATE inbound_conflict SET body_sealed = NULL WHERE event_id IN (:among)", gone)
    _look_after(tx, OLD, gone[-1])
    return len(ripe)


def sessions(tx: Tx) -> int:
    """Log-ins at the desk that are over."""
    return tx.run(
        "DELETE FROM session WHERE expires_at <= :now OR seen_at <= :idle", now=tx.now_ms, idle=tx.now_ms - IDLE_MS
    )


def words(tx: Tx, *, limit: int = 200) -> int:
    """Search words of people who were erased, or who took their consent back. Goes round all of them, a bite a step."""
    rows = tx.all(
        "SELECT DISTINCT contact_id FROM search_token WHERE contact_id > :after ORDER BY contact_id LIMIT :limit",
        after=_cursor(tx, WORDS),
        limit=limit,
    )
    people = [row.contact_id for row in rows]
    _look_after(tx, WORDS, people[-1] if people else "")
    known = tx.among(
        "SELECT k.id, (SELECT s.state FROM consent s WHERE s.contact_id = k.id AND s.purpose = 'C1'"
        " AND s.state IN ('given', 'withdrawn') ORDER BY s.at DESC, s.id DESC LIMIT 1) AS last"
        " FROM contact k WHERE k.id IN (:among) AND k.erased_at IS NULL",
        people,
    )
    gone = sorted(set(people) - {row.id for row in known if row.last != "withdrawn"})
    tx.run_among("DELETE FROM search_token WHERE contact_id IN (:among)", gone)
    return len(people)


def attempts(tx: Tx, *, limit: int = 500) -> int:
    """Notes of calls to people who did not agree."""
    return _written(tx, ATTEMPTS, _NOTES, "UPDATE contact_attempt SET note_sealed = NULL WHERE id IN (:among)", limit)


def screenings(tx: Tx, *, limit: int = 500) -> int:
    """What screening found of people who did not agree."""
    return _written(tx, SCREENINGS, _FOUND, "UPDATE screening SET answers_sealed = NULL WHERE id IN (:among)", limit)


def changes(tx: Tx, *, limit: int = 500) -> int:
    """What was entered and put right of people who did not agree; that it was, by whom and when, stays."""
    return _written(tx, CHANGES, _CHANGED, "UPDATE field_change SET value_sealed = NULL WHERE id IN (:among)", limit)


def promises(tx: Tx, *, limit: int = 500) -> int:
    """Notes of promised calls to people who did not agree, once they have ended."""
    return _written(tx, PROMISES, _PROMISED, "UPDATE task SET note_sealed = NULL WHERE id IN (:among)", limit)


def case_steps(tx: Tx, *, limit: int = 500) -> int:
    """What was noted on the way to a policy that never came, of people who did not agree."""
    return _written(tx, CASE_STEPS, _DONE, "UPDATE case_step SET note_sealed = NULL WHERE id IN (:among)", limit)


_CHANGED: Final = (
    "SELECT id, contact_id FROM field_change WHERE id > :after AND at < :before AND value_sealed IS NOT NULL"
    " ORDER BY id LIMIT :limit"
)
_PROMISED: Final = (
    "SELECT id, contact_id FROM task WHERE id > :after AND created_at < :before AND note_sealed IS NOT NULL"
    " AND state <> 'open' ORDER BY id LIMIT :limit"
)
_DONE: Final = (
    "SELECT s.id, s.contact_id FROM case_step s JOIN policy_case c ON c.id = s.case_id WHERE s.id > :after AND s.at < :before"
    " AND s.note_sealed IS NOT NULL AND c.policy_id IS NULL ORDER BY s.id LIMIT :limit"
)
_NOTES: Final = (
    "SELECT id, contact_id FROM contact_attempt WHERE id > :after AND at < :before AND note_sealed IS NOT NULL"
    " ORDER BY id LIMIT :limit"
)
_FOUND: Final = (
    "SELECT id, contact_id FROM screening WHERE id > :after AND at < :before AND answers_sealed IS NOT NULL"
    " ORDER BY id LIMIT :limit"
)


def _written(tx: Tx, cursor: str, select: str, empty: str, limit: int) -> int:
    """Goes round all of them: consent may be withdrawn later."""
    rows = tx.all(select, after=_cursor(tx, cursor), before=tx.now_ms - RAW_DAYS * DAY_MS, limit=limit)
    _look_after(tx, cursor, rows[-1].id if rows else "")
    agreed = _people_who_agreed(tx, {row.contact_id for row in rows})
    tx.run_among(empty, [row.id for row in rows if row.contact_id not in agreed])
    return len(rows)


def nobodys_lanes(tx: Tx, *, limit: int = 200) -> int:
    """Addresses behind which there is nobody after thirty days: what came was ignored, or repeated by a platform after its
    person was erased."""
    return tx.run(
        "DELETE FROM contact_point WHERE id IN (SELECT p.id FROM contact_point p WHERE p.contact_id IS NULL"
        " AND p.blocked_at IS NULL AND p.created_at < :old AND NOT EXISTS"
        " (SELECT 1 FROM inbox_event e WHERE e.point_id = p.id AND e.state IN ('new', 'quarantined')) LIMIT :limit)",
        old=tx.now_ms - RAW_DAYS * DAY_MS,
        limit=limit,
    )


STEPS: Final[tuple[tuple[str, Callable[[Tx], int]], ...]] = (
    ("news of messages that never came", parked.forget),
    ("raw bodies without consent", bodies),
    ("day keys", days),
    ("raw bodies of destroyed keys", old_bodies),
    ("notes of calls without consent", attempts),
    ("screenings without consent", screenings),
    ("changes without consent", changes),
    ("promised calls without consent", promises),
    ("cases without consent", case_steps),
    ("sessions", sessions),
    ("search words", words),
    ("document links", document_links.forget),
    ("addresses of nobody", nobodys_lanes),
    ("tickets", tickets.forget),
    ("what was told outside", announced.forget),
    ("messages sent later", later.forget),
    ("tables that somebody wanted", exports.forget),
    ("requests of who has been gone for years", privacy_clocks.forget_old),
    ("idempotent answers", idempotency.forget_old),
)


def _cursor(tx: Tx, name: str) -> str:
    return str(tx.value("SELECT value FROM setting WHERE name = :name", name=name) or "")


def _look_after(tx: Tx, name: str, value: str) -> None:
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=name,
        value=value,
        now=tx.now_ms,
    )
