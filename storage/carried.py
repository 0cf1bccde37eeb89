"""What a link carried from one chat into another is his who told it: parted from him, and erased with him.

The state of the conversation that it was carried into knows each piece (`memory.carried`: what, the contact who told it, the
value), and the rows that were written from it name him (`contact.name_by`, `contact_value.told_by`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import orjson

from storage import search
from storage.keys import KeyMissing
from storage.tx import Tx

KEY: Final = "carried"
CONSENT: Final = "C1"
SALUTATION: Final = "salutation"


def tellers(state: Mapping[str, Any], contact_id: str) -> dict[str, str]:
    """Who told each piece that this conversation's state would hand on; contact_id -- whose conversation it is."""
    known: Mapping[str, Any] = state.get("memory", {}).get(KEY, {})
    pieces = {**state.get("slots", {}), CONSENT: state.get("consents", {}).get(CONSENT)}
    pieces[SALUTATION] = state.get(SALUTATION)
    return {
        name: known[name][0] if name in known and known[name][1] == value else contact_id
        for name, value in pieces.items()
        if value
    }


def part(tx: Tx, people: Sequence[str], tellers_: Collection[str]) -> None:
    """These people, who are not one with those any more, keep nothing that those told."""
    if not people or not tellers_:
        return
    for each in people:
        tx.run_among(
            "UPDATE contact SET name_sealed = NULL, name_by = NULL, version = version + 1, updated_at = :now"
            " WHERE id = :id AND name_by IN (:among)",
            sorted(tellers_),
            id=each,
            now=tx.now_ms,
        )
        tx.run_among(
            "DELETE FROM contact_value WHERE contact_id = :id AND told_by IN (:among)", sorted(tellers_), id=each
        )
        tx.hint("contact", each)
    for row in tx.among("SELECT id, contact_id, state_sealed FROM conversation WHERE contact_id IN (:among)", people):
        _strip(tx, row, tellers_)


def holders(tx: Tx, tellers_: Sequence[str]) -> list[str]:
    """Others who may hold what these told: whoever was merged with them, whoever has a value or the name
    from them."""
    rows = [
        *tx.among("SELECT id FROM contact WHERE merged_into IN (:among)", tellers_),
        *tx.among("SELECT contact_id AS id FROM contact_value WHERE told_by IN (:among)", tellers_),
        *tx.among("SELECT id FROM contact WHERE name_by IN (:among)", tellers_),
        *tx.among("SELECT merged_into AS id FROM contact WHERE id IN (:among) AND merged_into IS NOT NULL", tellers_),
    ]
    return sorted({row.id for row in rows} - {*tellers_})


def _strip(tx: Tx, row: Any, tellers_: Collection[str]) -> None:
    place = (row.contact_id, "conversation", "state_sealed", row.id)
    try:
        state: dict[str, Any] = tx.keys.open_json(tx, *place, row.state_sealed)
    except KeyMissing:
        return
    carried: dict[str, Any] = state.get("memory", {}).get(KEY, {})
    theirs = {name: value for name, (by, value) in carried.items() if by in tellers_}
    if not theirs:
        return
    words: set[str] = set()
    for name, value in theirs.items():
        del carried[name]
        for piece in (state.get("slots", {}), state.get("consents", {}), state):
            if piece.get(name) == value:
                del piece[name]
        if isinstance(value, str):
            words |= search.of_name(value) | search.of_value(value) | set(search.words(value))
    if SALUTATION in theirs:
        tx.run(
            "UPDATE contact SET salutation = '' WHERE id = :id AND salutation = :was",
            id=row.contact_id,
            was=theirs[SALUTATION],
        )
    tx.run(
        "UPDATE conversation SET state_sealed = :state, changed_at = :now, version = version + 1 WHERE id = :id",
        state=tx.keys.seal_for(tx, *place, orjson.dumps(state)),
        now=tx.now_ms,
        id=row.id,
    )
    search.unsaid(tx, row.id, words)
    tx.hint("conversation", row.id)
