"""What a visitor may see of his thread, read from the store as frames: his messages and ours, never a note.

A message of ours is shown once it is sent; until then it holds back what was said after it, so that the numbers a
browser resumes by have no gaps to be filled later. One that hangs is passed over after HOLD_MS: from then on frames
carry `resume`, the number below it, and the browser sorts it in when it comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from handlers import quoting
from storage.keys import KeyMissing
from storage.times import rfc3339
from storage.tx import Tx

PAGE: Final = 50
OLDEST: Final = 1000  # a page that is opened anew gets this many messages at most
HOLD_MS: Final = 5000
PENDING: Final = frozenset({"queued", "sending"})
NEVER: Final = frozenset({"failed", "failed_late", "expired", "cancelled", "quarantined"})
AUTHORS: Final = frozenset({"customer", "bot", "advisor"})
NOBODY: Final = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a thread stands. `point_id` '' before its first event; `seen` -- read by an advisor up to here;
    `last` -- the greatest number given out; `advisor` -- the name of who has it, '' when nobody has."""

    thread: str
    point_id: str = ""
    conversation_id: str = ""
    version: int = 0
    stage: str = "new"
    advisor: str = ""
    seen: int = 0
    last: int = 0


@dataclass(slots=True, kw_only=True)
class Batch:
    """The next messages of a thread. `cursor` -- where the reading stopped; `skipped` -- numbers that were passed over
    and may still come; `held` -- a send is under way and the rest waits for it; `more` -- there is another page."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    cursor: int
    skipped: frozenset[int] = frozenset()
    held: bool = False
    more: bool = False


_STANDING: Final = """
SELECT p.thread, p.id, p.message_seq, c.id AS c_id, c.version, c.stage, c.seen_seq, a.name
FROM contact_point p LEFT JOIN conversation c ON c.id = p.conversation_id LEFT JOIN advisor a ON a.id = c.assignee_id
WHERE p.account_id = :account AND p.thread IN (:among)"""


def standings(tx: Tx, account_id: str, threads: Sequence[str]) -> dict[str, Standing]:
    """Where these threads stand; those without any event yet are left out."""
    return {
        row.thread: Standing(
            thread=row.thread,
            point_id=row.id,
            conversation_id=row.c_id or "",
            version=row.version or 0,
            stage=row.stage or "new",
            advisor=(row.name or "") if row.stage == "with_advisor" else "",
            seen=row.seen_seq or 0,
            last=row.message_seq,
        )
        for row in tx.among(_STANDING, list(threads), account=account_id)
    }


def last_shown(tx: Tx, point_id: str) -> int:
    """The number of the last message that the visitor may see now."""
    return int(
        tx.value(
            "SELECT MAX(seq) FROM message WHERE point_id = :point AND (direction = 'inbound'"
            " OR (direction = 'outbound' AND status IN ('sent','delivered','read','unknown','unconfirmed')))",
            point=point_id,
        )
        or 0
    )


_MESSAGES: Final = """
SELECT m.id, m.contact_id, m.seq, m.direction, m.author, a.name AS advisor, m.kind, m.body_sealed, m.external_id, m.status, m.received_at, m.said_at
FROM message m LEFT JOIN advisor a ON a.id = m.advisor_id
WHERE m.point_id = :point AND m.direction <> 'internal' AND {which} ORDER BY m.seq LIMIT :limit"""


def after(tx: Tx, standing: Standing, cursor: int, skipped: Collection[int] = ()) -> Batch:
    """The messages with a greater number than `cursor`, and those of `skipped` that have come in the meantime."""
    binds: dict[str, Any] = {"point": standing.point_id, "limit": PAGE}
    rows = list(tx.all(_MESSAGES.format(which="m.seq > :cursor"), **binds, cursor=cursor))
    full = len(rows) == PAGE
    if skipped:
        rows = [*tx.among(_MESSAGES.format(which="m.seq IN (:among)"), sorted(skipped), **binds), *rows]
    batch = Batch(cursor=cursor)
    still: set[int] = set()
    shown = []
    for row in rows:
        if row.direction == "outbound" and row.status in PENDING:
            if row.seq > cursor and tx.now_ms - row.received_at < HOLD_MS:
                batch.held = True
                break
            still.add(row.seq)
        elif row.direction != "outbound" or row.status not in NEVER:
            shown.append(row)
        batch.cursor = max(batch.cursor, row.seq)
    batch.skipped = frozenset(still)
    batch.more = full and not batch.held
    files = _attachments(tx, [row.id for row in shown])
    resume = min(still) - 1 if still else None
    batch.frames = [_frame(tx, row, files[row.id], standing.seen, resume) for row in shown]
    return batch


def changed(tx: Tx, standing: Standing, since_ms: int) -> list[dict[str, Any]]:
    """Our messages that were changed or taken back since then, as they read now."""
    which = "m.direction = 'outbound' AND m.edited_at >= :since AND m.status IN ('sent','delivered','read')"
    rows = tx.all(_MESSAGES.format(which=which), point=standing.point_id, since=since_ms, limit=PAGE)
    files = _attachments(tx, [row.id for row in rows])
    return [_frame(tx, row, files[row.id], standing.seen, None) for row in rows]


def said_at(tx: Tx, point_id: str, seq: int) -> int | None:
    """When our last message up to this number was said, ms: what a visitor who saw it has seen."""
    found: int | None = tx.value(
        "SELECT MAX(said_at) FROM message WHERE point_id = :point AND direction = 'outbound' AND seq <= :seq",
        point=point_id,
        seq=seq,
    )
    return found


def may_fetch(tx: Tx, account_id: str, thread: str, file_id: str) -> bool:
    """Whether this file was said in this thread, by either side, and has been sent."""
    return (
        tx.value(
            "SELECT 1 FROM attachment f JOIN message m ON m.id = f.message_id JOIN contact_point p ON p.id = m.point_id"
            " WHERE f.file_id = :file AND f.state = 'stored' AND p.account_id = :account AND p.thread = :thread AND m.direction <> 'internal'"
            " AND (m.direction = 'inbound' OR m.status IN ('sent','delivered','read','unknown','unconfirmed'))",
            file=file_id,
            account=account_id,
            thread=thread,
        )
        is not None
    )


def _frame(tx: Tx, row: Any, files: list[dict[str, Any]], seen: int, resume: int | None) -> dict[str, Any]:
    try:
        body: Mapping[str, Any] = tx.keys.open_json(
            tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed
        )
    except KeyMissing:  # erased: nothing is left to show
        body = {}
    frame: dict[str, Any] = {
        "type": "message",
        "seq": row.seq,
        "id": row.id,
        "author": row.author if row.author in AUTHORS else NOBODY,
        "kind": row.kind,
        "text": quoting.above(body.get("text", ""), body.get("quote")),
        "attachments": files,
        "buttons": [_button(button) for button in body.get("buttons", ()) if not button.get("contact")],
        "at": rfc3339(row.said_at),
    }
    if body.get("taken_back"):
        frame["changed"] = "taken_back"
    elif row.direction == "outbound" and body.get("before"):
        frame["changed"] = "edited"
    if row.advisor:
        frame["name"] = row.advisor
    if row.direction == "inbound":
        frame["status"] = "seen" if row.seq <= seen else "received"
        if row.external_id:
            frame["client_id"] = row.external_id
    if resume is not None and resume < row.seq:
        frame["resume"] = resume
    return frame


def _button(button: Mapping[str, Any]) -> dict[str, Any]:
    made = {"id": button.get("id", ""), "label": button.get("label", "")}
    return made | {"url": button["url"]} if button.get("url") else made


def _attachments(tx: Tx, message_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = tx.among(
        "SELECT id, message_id, contact_id, kind, name_sealed, mime, size, state, file_id FROM attachment WHERE message_id IN (:among) ORDER BY id",
        message_ids,
    )
    for row in rows:
        stored = row.state == "stored" and row.file_id
        file = {
            "id": row.id,
            "kind": row.kind,
            "name": _name(tx, row),
            "mime": row.mime,
            "size": row.size,
            "state": row.state,
        }
        found[row.message_id].append(file | ({"url": f"/chat/files/{row.file_id}"} if stored else {}))
    return found


def _name(tx: Tx, row: Any) -> str:
    if row.name_sealed is None:
        return ""
    try:
        name: bytes = tx.keys.open_for(tx, row.contact_id, "attachment", "name_sealed", row.id, row.name_sealed)
    except KeyMissing:
        return ""
    return name.decode()
