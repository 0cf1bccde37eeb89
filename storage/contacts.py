"""A person as the desk and the API see him: name, phones, e-mails, where he can be reached, what he agreed to.

Merging writes one column: `merged_into` of the one who joins. His rows stay sealed under his own key, every view of the
other shows both, and taking the column back undoes it, for 30 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage import audit
from storage.keys import KeyMissing
from storage.tx import Tx

REVERSIBLE_MS: Final = 30 * 86_400_000
CHAIN: Final = 8  # merges of merged ones that are followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    id: str
    channel: str
    account: str
    thread: str
    reachable: bool
    reason: str
    last_inbound_at: int | None
    conversation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    purpose: str
    state: str
    at: int
    channel: str
    text_key: str
    text_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Personal values are plain here: the caller masks. `merged` -- ids of those who were merged into him."""

    id: str
    name: str = field(repr=False)
    salutation: str
    lang: str
    test: bool
    version: int
    phones: tuple[str, ...] = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)
    points: tuple[Point, ...]
    consents: tuple[Consent, ...]
    merged: tuple[str, ...]
    created_at: int
    updated_at: int


class Conflict(Exception):
    """The change cannot be made; `code` not_found, wrong_state or conflict."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def resolve(tx: Tx, contact_id: str) -> str | None:
    """Whom this id stands for today; None when there is no such person, or he was erased."""
    for _ in range(CHAIN):
        row = tx.one("SELECT merged_into, erased_at FROM contact WHERE id = :id", id=contact_id)
        if row is None or row.erased_at is not None:
            return None
        if row.merged_into is None:
            return contact_id
        contact_id = row.merged_into
    return contact_id


def family(tx: Tx, contact_id: str) -> list[str]:
    """He and everybody who was merged into him."""
    found = [contact_id]
    frontier = [contact_id]
    for _ in range(CHAIN):
        rows = tx.among(
            "SELECT id FROM contact WHERE merged_into IN (:among) AND erased_at IS NULL ORDER BY id LIMIT 200", frontier
        )
        frontier = [row.id for row in rows if row.id not in found]
        if not frontier:
            break
        found += frontier
    return found


def view(tx: Tx, contact_id: str) -> Contact | None:
    """The person behind this id, merged ones included."""
    resolved = resolve(tx, contact_id)
    if resolved is None:
        return None
    ids = family(tx, resolved)
    rows = {row.id: row for row in tx.among("SELECT * FROM contact WHERE id IN (:among)", ids)}
    head = rows[resolved]
    names = [_open(tx, each, "contact", "name_sealed", each, rows[each].name_sealed) for each in ids if each in rows]
    return Contact(
        id=head.id,
        name=next((name for name in names if name), ""),
        salutation=head.salutation,
        lang=head.lang,
        test=bool(head.test),
        version=head.version,
        phones=_values(tx, ids, "phone"),
        emails=_values(tx, ids, "email"),
        points=_points(tx, ids),
        consents=_consents(tx, ids),
        merged=tuple(ids[1:]),
        created_at=head.created_at,
        updated_at=head.updated_at,
    )


def _values(tx: Tx, ids: Sequence[str], kind: str) -> tuple[str, ...]:
    rows = tx.among(
        "SELECT id, contact_id, value_sealed FROM contact_value WHERE contact_id IN (:among) AND kind = :kind"
        " ORDER BY confirmed DESC, created_at DESC, id DESC LIMIT 100",
        ids,
        kind=kind,
    )
    values = [_open(tx, row.contact_id, "contact_value", "value_sealed", row.id, row.value_sealed) for row in rows]
    return tuple(dict.fromkeys(value for value in values if value))


def _points(tx: Tx, ids: Sequence[str]) -> tuple[Point, ...]:
    rows = tx.among(
        "SELECT id, account_id, thread, reachable, unreachable_reason, blocked_at, last_inbound_at, conversation_id FROM contact_point"
        " WHERE contact_id IN (:among) ORDER BY last_inbound_at DESC, id LIMIT 100",
        ids,
    )
    return tuple(
        Point(
            id=row.id,
            channel=row.account_id.partition(":")[0],
            account=row.account_id.partition(":")[2],
            thread=row.thread,
            reachable=bool(row.reachable) and row.blocked_at is None,
            reason=row.unreachable_reason,
            last_inbound_at=row.last_inbound_at,
            conversation_id=row.conversation_id,
        )
        for row in rows
    )


def _consents(tx: Tx, ids: Sequence[str]) -> tuple[Consent, ...]:
    rows = tx.among(
        "SELECT purpose, state, at, channel, text_key, text_version FROM consent WHERE contact_id IN (:among)"
        " ORDER BY at DESC, id DESC LIMIT 200",
        ids,
    )
    return tuple(Consent(**row._mapping) for row in reversed(rows))


def _open(tx: Tx, contact_id: str, table: str, column: str, row_id: str, sealed: Any) -> str:
    try:
        return tx.keys.open_for(tx, contact_id, table, column, row_id, sealed).decode()
    except KeyMissing:
        return ""


def held_by(tx: Tx, ids: Sequence[str], advisor_id: str) -> tuple[bool, bool]:
    """(has the advisor a conversation of one of these, is one of theirs waiting in the queue)."""
    rows = tx.among(
        "SELECT assignee_id, status FROM conversation WHERE contact_id IN (:among) ORDER BY last_message_at DESC LIMIT 200",
        ids,
    )
    return any(row.assignee_id == advisor_id for row in rows), any(row.status == "waiting" for row in rows)


# ---- merging


def merge(tx: Tx, contact_id: str, into: str, *, by: str) -> str:
    """The person joins another; the id of the one that remains. Raises Conflict."""
    target = resolve(tx, into)
    row = tx.one("SELECT merged_into, erased_at FROM contact WHERE id = :id", id=contact_id)
    if row is None or row.erased_at is not None or target is None:
        raise Conflict("not_found", "no such contact")
    if row.merged_into is not None:
        if resolve(tx, contact_id) == target:
            return target
        raise Conflict("wrong_state", "this contact was merged already: undo that first")
    if target == contact_id:
        raise Conflict("wrong_state", "these are one contact already")
    _not_while_erased(tx, [*family(tx, contact_id), *family(tx, target)])
    tx.run(
        "UPDATE contact SET merged_into = :into, updated_at = :now, version = version + 1 WHERE id = :id AND merged_into IS NULL",
        into=target,
        now=tx.now_ms,
        id=contact_id,
    )
    audit.write(tx, actor=by, action="contact.merge", object_type="contact", object_id=contact_id, fields=(target,))
    tx.hint("contact", contact_id)
    tx.hint("contact", target)
    return target


def sides(tx: Tx, contact_id: str) -> tuple[list[str], list[str]]:
    """Whom `unmerge` would part: (who leaves, with those who joined him; who remain). Raises Conflict."""
    leaves = family(tx, _joined(tx, contact_id).id)
    whole = family(tx, resolve(tx, contact_id) or contact_id)
    return leaves, [each for each in whole if each not in leaves]


def unmerge(tx: Tx, contact_id: str, *, by: str) -> str:
    """Undo: a merged one stands alone again; asked of the one that remained, the last who joined. Raises Conflict."""
    row = _joined(tx, contact_id)
    if row.updated_at < tx.now_ms - REVERSIBLE_MS:
        raise Conflict("wrong_state", "a merge can be undone for 30 days")
    _not_while_erased(tx, family(tx, resolve(tx, row.id) or row.id))
    tx.run(
        "UPDATE contact SET merged_into = NULL, updated_at = :now, version = version + 1 WHERE id = :id",
        now=tx.now_ms,
        id=row.id,
    )
    audit.write(
        tx, actor=by, action="contact.unmerge", object_type="contact", object_id=row.id, fields=(row.merged_into,)
    )
    tx.hint("contact", row.id)
    tx.hint("contact", row.merged_into)
    return str(row.id)


def being_erased(tx: Tx, people: Sequence[str]) -> bool:
    """Is an erasure of one of these asked for, or running?"""
    rows = tx.all("SELECT scope FROM erasure WHERE state IN ('asked', 'running')")
    return any(not set(people).isdisjoint(orjson.loads(row.scope)["contacts"]) for row in rows)


def _not_while_erased(tx: Tx, people: Sequence[str]) -> None:
    """Whom an erasure is of was shown to who approves it: nobody joins or leaves meanwhile."""
    if being_erased(tx, people):
        raise Conflict("wrong_state", "an erasure of one of them is asked for or running: decide that first")


def _joined(tx: Tx, contact_id: str) -> Any:
    """The row of who joined another: he himself, or the last who joined him. Raises Conflict."""
    row = tx.one("SELECT id, merged_into, updated_at, erased_at FROM contact WHERE id = :id", id=contact_id)
    if row is None or row.erased_at is not None:
        raise Conflict("not_found", "no such contact")
    if row.merged_into is None:
        row = tx.one(
            "SELECT id, merged_into, updated_at FROM contact WHERE merged_into = :id ORDER BY updated_at DESC, id DESC LIMIT 1",
            id=contact_id,
        )
        if row is None:
            raise Conflict("wrong_state", "nobody was merged here")
    return row
