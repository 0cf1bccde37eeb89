"""Calls that were tried and what screening found, as people read them; `handlers.effects` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage.keys import KeyMissing
from storage.tx import Tx

MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`by` -- (id, name) of who tried; `number` of those that failed in a row, 0 = it reached him."""

    id: str
    number: int
    result: str
    note: str = field(repr=False)
    by: tuple[str, str]
    next_at: int | None
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """`by` None = the bot, of what the customer confirmed."""

    id: str
    outcome: str
    answers: Mapping[str, Any] = field(repr=False)
    by: tuple[str, str] | None
    at: int


def attempts(tx: Tx, conversation_id: str) -> list[Attempt]:
    """In order."""
    rows = tx.all(
        "SELECT t.id, t.contact_id, t.number, t.result, t.note_sealed, t.by_id, a.name, t.next_at, t.at FROM contact_attempt t"
        " LEFT JOIN advisor a ON a.id = t.by_id WHERE t.conversation_id = :id ORDER BY t.at DESC, t.id DESC LIMIT :most",
        id=conversation_id,
        most=MOST,
    )
    return [
        Attempt(
            id=row.id,
            number=row.number,
            result=row.result,
            note=_note(tx, row),
            by=(row.by_id, row.name or ""),
            next_at=row.next_at,
            at=row.at,
        )
        for row in reversed(rows)
    ]


def _note(tx: Tx, row: Any) -> str:
    if row.note_sealed is None:
        return ""
    try:
        return tx.keys.open_for(tx, row.contact_id, "contact_attempt", "note_sealed", row.id, row.note_sealed).decode()
    except KeyMissing:
        return ""


def screening(tx: Tx, conversation_id: str) -> Screening | None:
    """The last one."""
    found = _screenings(
        tx,
        tx.all(
            "SELECT s.id, s.contact_id, s.outcome, s.answers_sealed, s.by_id, a.name, s.at FROM screening s"
            " LEFT JOIN advisor a ON a.id = s.by_id WHERE s.conversation_id = :id ORDER BY s.at DESC, s.id DESC LIMIT 1",
            id=conversation_id,
        ),
    )
    return found[0] if found else None


def _screenings(tx: Tx, rows: Sequence[Any]) -> list[Screening]:
    return [
        Screening(
            id=row.id,
            outcome=row.outcome,
            answers=_answers(tx, row),
            by=(row.by_id, row.name or "") if row.by_id else None,
            at=row.at,
        )
        for row in rows
    ]


def _answers(tx: Tx, row: Any) -> Mapping[str, Any]:
    if row.answers_sealed is None:
        return {}
    try:
        found: Mapping[str, Any] = tx.keys.open_json(
            tx, row.contact_id, "screening", "answers_sealed", row.id, row.answers_sealed
        )
    except KeyMissing:  # erased
        return {}
    return found
