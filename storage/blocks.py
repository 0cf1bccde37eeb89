"""Whom we have blocked: nothing that comes from such a contact point is read, and nothing goes there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from storage import contacts, listing
from storage.tx import Tx

BY_US: Final = "blocked_by_us"  # why nothing goes to a contact point with `blocked_at`, whatever its route says


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """`name` is plain here: the caller masks. `by` -- (id, name) · `tried_at` -- when he wrote last, since then."""

    point_id: str
    channel: str
    account: str
    thread: str
    contact_id: str
    conversation_id: str
    name: str = field(repr=False)
    at: int
    by: tuple[str, str]
    why: str
    tried_at: int | None


def block(tx: Tx, conversation_id: str, *, by: str, why: str) -> None:
    """From the next event on. Why its route had ended before, if it had, stays as it was."""
    tx.run(
        "UPDATE contact_point SET blocked_at = COALESCE(blocked_at, :now), blocked_by = :by, blocked_why = :why"
        " WHERE id = (SELECT point_id FROM conversation WHERE id = :id)",
        now=tx.now_ms,
        by=by,
        why=why,
        id=conversation_id,
    )
    tx.hint("conversation", conversation_id)


def unblock(tx: Tx, conversation_id: str) -> None:
    """What he sends from now on is read again; what came meanwhile is not. Who had blocked us, or wants no letters, still
    does not hear from us."""
    tx.run(  # rows of older versions: there the block itself had taken the place of the route's own end
        "UPDATE contact_point SET reachable = :yes, unreachable_reason = '' WHERE unreachable_reason = :reason"
        " AND id = (SELECT point_id FROM conversation WHERE id = :id)",
        yes=True,
        reason=BY_US,
        id=conversation_id,
    )
    tx.run(
        "UPDATE contact_point SET blocked_at = NULL, blocked_by = '', blocked_why = ''"
        " WHERE id = (SELECT point_id FROM conversation WHERE id = :id)",
        id=conversation_id,
    )
    tx.hint("conversation", conversation_id)


def who(tx: Tx, conversation_id: str) -> str | None:
    """The advisor who has blocked the customer of this conversation; None when nobody has."""
    row = tx.one(
        "SELECT p.blocked_at, p.blocked_by FROM conversation c JOIN contact_point p ON p.id = c.point_id WHERE c.id = :id",
        id=conversation_id,
    )
    return None if row is None or row.blocked_at is None else str(row.blocked_by)


def page(tx: Tx, *, after: tuple[int, str] | None, limit: int) -> list[Blocked]:
    """The last blocked first. after -- (at, point id) of the last one seen."""
    at, point = after or (2**62, "~")
    rows = tx.all(
        "SELECT p.id, p.account_id, p.thread, p.contact_id, p.conversation_id, p.blocked_at, p.blocked_by, p.blocked_why,"
        " p.last_inbound_at, a.name AS by_name FROM contact_point p LEFT JOIN advisor a ON a.id = p.blocked_by"
        " WHERE p.blocked_at IS NOT NULL AND p.conversation_id IS NOT NULL"
        " AND (p.blocked_at < :at OR (p.blocked_at = :at AND p.id < :point)) ORDER BY p.blocked_at DESC, p.id DESC LIMIT :limit",
        at=at,
        point=point,
        limit=limit,
    )
    found = []
    for row in rows:
        channel, _, account = row.account_id.partition(":")
        shown = listing.one(tx, row.conversation_id)
        name = (shown.contact_name or shown.display_name) if shown else ""
        found.append(
            Blocked(
                point_id=row.id,
                channel=channel,
                account=account,
                thread=row.thread,
                contact_id=contacts.resolve(tx, row.contact_id) or row.contact_id,
                conversation_id=row.conversation_id,
                name=name,
                at=row.blocked_at,
                by=(row.blocked_by, row.by_name or ""),
                why=row.blocked_why,
                tried_at=row.last_inbound_at if (row.last_inbound_at or 0) > row.blocked_at else None,
            )
        )
    return found
