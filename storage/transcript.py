"""Messages as the API and the desk show them, by conversation and seq."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from storage.keys import KeyMissing
from storage.outbox import SHOWN
from storage.tx import Tx

LAST_SEQ: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    id: str
    kind: str
    name: str = field(repr=False)
    mime: str
    size: int
    source: str = field(repr=False)
    state: str
    reason: str
    file_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`body` -- text, buttons, payload, contact, location; `advisor` -- (id, name) of who wrote it."""

    id: str
    conversation_id: str
    account_id: str
    seq: int
    direction: str
    author: str
    advisor: tuple[str, str] | None
    kind: str
    body: Mapping[str, Any] = field(repr=False)
    external_id: str | None
    status: str
    error: str
    route: str
    said_at: int
    received_at: int
    edited_at: int | None
    attachments: tuple[Attachment, ...]

    @property
    def text(self) -> str:
        return str(self.body.get("text", ""))


_SELECT: Final = """
SELECT m.id, m.conversation_id, c.account_id, m.contact_id, m.seq, m.direction, m.author, m.advisor_id, a.name AS advisor_name, m.kind, m.body_sealed,
       m.external_id, m.status, m.error, m.route, m.said_at, m.received_at, m.edited_at
FROM message m JOIN conversation c ON c.id = m.conversation_id LEFT JOIN advisor a ON a.id = m.advisor_id
"""


def after(tx: Tx, conversation_id: str, seq: int, *, limit: int, notes: bool = False) -> tuple[list[Message], bool]:
    """Messages with a greater seq, ascending, and whether there are more. `notes` -- the internal lines too."""
    rows = tx.all(
        f"{_SELECT} WHERE m.conversation_id = :id AND m.seq > :seq {_said(notes)} ORDER BY m.seq LIMIT :limit",
        id=conversation_id,
        seq=min(seq, LAST_SEQ),
        limit=limit + 1,
    )
    return _opened(tx, rows[:limit]), len(rows) > limit


def before(tx: Tx, conversation_id: str, seq: int, *, limit: int, notes: bool = False) -> tuple[list[Message], bool]:
    """The last messages with a smaller seq, ascending all the same, and whether there are earlier ones."""
    rows = tx.all(
        f"{_SELECT} WHERE m.conversation_id = :id AND m.seq < :seq {_said(notes)} ORDER BY m.seq DESC LIMIT :limit",
        id=conversation_id,
        seq=min(seq, LAST_SEQ),
        limit=limit + 1,
    )
    return _opened(tx, rows[:limit][::-1]), len(rows) > limit


def one(tx: Tx, message_id: str) -> Message | None:
    found = _opened(tx, tx.all(f"{_SELECT} WHERE m.id = :id", id=message_id))
    return found[0] if found else None


def last_by(tx: Tx, conversation_id: str, advisor_id: str, *, after_seq: int) -> str | None:
    """The last message that this advisor has just sent here."""
    found: str | None = tx.value(
        "SELECT id FROM message WHERE conversation_id = :id AND seq > :seq AND direction = 'outbound'"
        " AND advisor_id = :advisor ORDER BY seq DESC LIMIT 1",
        id=conversation_id,
        seq=after_seq,
        advisor=advisor_id,
    )
    return found


def last_seq(tx: Tx, conversation_id: str) -> int:
    return int(tx.value("SELECT MAX(seq) FROM message WHERE conversation_id = :id", id=conversation_id) or 0)


def _said(notes: bool) -> str:
    return "" if notes else "AND m.direction <> 'internal'"


def _opened(tx: Tx, rows: Sequence[Any]) -> list[Message]:
    files = _attachments(tx, [row.id for row in rows])
    return [
        Message(
            id=row.id,
            conversation_id=row.conversation_id,
            account_id=row.account_id,
            seq=row.seq,
            direction=row.direction,
            author=row.author,
            advisor=(row.advisor_id, row.advisor_name or "") if row.advisor_id else None,
            kind=row.kind,
            body=_body(tx, row),
            external_id=row.external_id,
            status=SHOWN.get(row.status, row.status),
            error=row.error,
            route=row.route,
            said_at=row.said_at,
            received_at=row.received_at,
            edited_at=row.edited_at,
            attachments=tuple(files[row.id]),
        )
        for row in rows
    ]


def _body(tx: Tx, row: Any) -> Mapping[str, Any]:
    try:
        body: Mapping[str, Any] = tx.keys.open_json(
            tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed
        )
    except KeyMissing:  # erased
        return {}
    return body


def _attachments(tx: Tx, message_ids: list[str]) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = defaultdict(list)
    rows = tx.among(
        "SELECT id, message_id, contact_id, kind, name_sealed, mime, size, source_sealed, state, reason, file_id"
        " FROM attachment WHERE message_id IN (:among) ORDER BY id",
        message_ids,
    )
    for row in rows:
        try:
            name = tx.keys.open_for(tx, row.contact_id, "attachment", "name_sealed", row.id, row.name_sealed)
            source = tx.keys.open_for(tx, row.contact_id, "attachment", "source_sealed", row.id, row.source_sealed)
        except KeyMissing:
            name = source = b""
        found[row.message_id].append(
            Attachment(
                id=row.id,
                kind=row.kind,
                name=name.decode(),
                mime=row.mime,
                size=row.size,
                source=source.decode(),
                state=row.state,
                reason=row.reason,
                file_id=row.file_id,
            )
        )
    return found
