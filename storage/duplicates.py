"""Two records that may be one person: noted when a phone or an e-mail turns up a second time, decided by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from storage import audit, contacts
from storage.ids import new_id
from storage.tx import Tx

MOST: Final = 20  # who shares a number with more people than that has the number of a company


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """`reason` -- what they share: phone or email · `state` open, dismissed, merged."""

    id: str
    one_id: str
    other_id: str
    reason: str
    state: str
    created_at: int


def note(tx: Tx, contact_id: str, kind: str, blind: bytes) -> None:
    """Offer everybody else who has this value. A pair that was offered before is not offered again, whatever came of it;
    trying things out is nobody's double."""
    rows = tx.all(
        "SELECT v.contact_id FROM contact_value v JOIN contact k ON k.id = v.contact_id JOIN contact m ON m.id = :id"
        " WHERE v.value_blind = :blind AND v.kind = :kind AND v.contact_id <> :id AND k.erased_at IS NULL AND k.test = m.test"
        " ORDER BY v.created_at DESC LIMIT :most",
        id=contact_id,
        blind=blind,
        kind=kind,
        most=MOST,
    )
    mine = contacts.resolve(tx, contact_id)
    for row in rows:
        if contacts.resolve(tx, row.contact_id) == mine:
            continue  # they are one already
        one, other = sorted((contact_id, row.contact_id))
        made = tx.run(
            "INSERT INTO duplicate (id, one_id, other_id, reason, state, created_at)"
            " VALUES (:id, :one, :other, :reason, 'open', :now) ON CONFLICT (one_id, other_id) DO NOTHING",
            id=new_id(),
            one=one,
            other=other,
            reason=kind,
            now=tx.now_ms,
        )
        if made:
            tx.hint("contact", one)
            tx.hint("contact", other)


_SELECT: Final = "SELECT id, one_id, other_id, reason, state, created_at FROM duplicate"


def of_contact(tx: Tx, contact_id: str) -> list[Duplicate]:
    """What is offered for this person: open pairs with those who are not yet one with him."""
    whole = contacts.family(tx, contacts.resolve(tx, contact_id) or contact_id)
    rows = [
        *tx.among(f"{_SELECT} WHERE state = 'open' AND one_id IN (:among) ORDER BY id LIMIT 50", whole),
        *tx.among(f"{_SELECT} WHERE state = 'open' AND other_id IN (:among) ORDER BY id LIMIT 50", whole),
    ]
    return _standing(tx, rows)


def page(tx: Tx, *, after: str, limit: int) -> tuple[list[Duplicate], str]:
    """Every open pair, the oldest first; and where to go on, '' at the end."""
    rows = tx.all(
        f"{_SELECT} WHERE state = 'open' AND id > :after ORDER BY id LIMIT :limit",
        after=after,
        limit=limit,
    )
    return _standing(tx, rows), rows[-1].id if len(rows) == limit else ""


def _standing(tx: Tx, rows: list[Any] | Any) -> list[Duplicate]:
    """Those whose two are still two, and still there."""
    found: dict[str, Duplicate] = {}
    for row in rows:
        sides = contacts.resolve(tx, row.one_id), contacts.resolve(tx, row.other_id)
        if None not in sides and sides[0] != sides[1]:
            found[row.id] = Duplicate(**row._mapping)
    return list(found.values())


def find(tx: Tx, duplicate_id: str) -> Duplicate | None:
    row = tx.one(f"{_SELECT} WHERE id = :id", id=duplicate_id)
    return None if row is None else Duplicate(**row._mapping)


def decide(tx: Tx, found: Duplicate, state: str, *, by: str) -> None:
    """A person said what they are: `merged` or `dismissed`. Raises contacts.Conflict."""
    if found.state != "open":
        raise contacts.Conflict("wrong_state", f"it was decided before: {found.state}")
    tx.run(
        "UPDATE duplicate SET state = :state, decided_by = :by, decided_at = :now WHERE id = :id AND state = 'open'",
        state=state,
        by=by,
        now=tx.now_ms,
        id=found.id,
    )
    audit.write(tx, actor=by, action=f"duplicate.{state}", object_type="duplicate", object_id=found.id)
    tx.hint("contact", found.one_id)
    tx.hint("contact", found.other_id)
