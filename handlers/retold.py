"""Messages of the customer that he changed or took back: what stands in the transcript then, in whatever order the news came.

Of two edits the later by the platform's time counts, and nothing brings back what was taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from channels.contract import UNSAID, InboundEvent, Kind
from handlers.drafting import PREVIEW
from handlers.understanding import secrets
from storage import parked, search
from storage.parked import MOVE, RETRACT, News
from storage.times import ms
from storage.turns import OpenEvent, Rows
from storage.tx import Tx

Act = Callable[[Tx], None]
HEARD: Final = "edits"  # in the memory of the state: when what was edited last was, by the platform's id of it
NEWS: Final = (Kind.EDIT, Kind.RETRACT)
GONE: Final = 1 << 62  # later than any edit
REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a message says once all news of it is told. `before` -- what it said earlier, the first first · `place` -- where he
    is by now, None = as it came · `at` -- when that was, UTC ms · `gone` -- it was taken back."""

    text: str = field(repr=False)
    before: tuple[str, ...] = field(default=(), repr=False)
    place: tuple[float, float] | None = field(default=None, repr=False)
    at: int = 0
    gone: bool = False


def as_it_stands(text: str, news: Sequence[News]) -> Standing:
    """`text` -- as the message came, without secrets · `news` -- in the order in which it was heard."""
    unsent = next((one for one in news if one.kind == RETRACT), None)
    if unsent is not None:
        return Standing(text="", at=unsent.said_at, gone=True)
    said, place = [text], None
    for one in sorted(news, key=lambda each: each.said_at):
        place = one.place or place
        if one.kind != MOVE and one.text != said[-1]:
            said.append(one.text)
    return Standing(text=said[-1], before=tuple(said[:-1]), place=place, at=max(one.said_at for one in news))


def overtaken(event: InboundEvent, news: Sequence[News], point_id: str) -> tuple[InboundEvent, bool, Act]:
    """A message that comes after news of it: as it is to be read, whether it was taken back, and what makes its line say so,
    too."""
    came, secret = secrets.mask(event.text)
    standing = as_it_stands(came, news)
    if not standing.gone:
        now = replace(event, text=standing.text, location=standing.place or event.location)
        return now, False, _catch_up(event, standing, news, point_id, drop=secret)
    kept = {key: value for key, value in event.extra.items() if key == "held_by"}
    bare = replace(event, text="", payload="", files=(), contact=None, location=None, ref="", extra=kept)
    return bare, True, _catch_up(event, standing, news, point_id, drop=True)


def _catch_up(event: InboundEvent, standing: Standing, news: Sequence[News], point_id: str, *, drop: bool) -> Act:
    def write(tx: Tx) -> None:
        row = _inbound(tx, point_id, event.external_id)
        if row is None:
            return
        body = _body(tx, row)
        body |= {"text": "", "taken_back": True} if standing.gone else {"text": standing.text}
        if standing.before:
            body["before"] = list(standing.before)
        _rewrite(tx, row, body, standing.at)
        if row.event_id and drop:
            _drop(tx, row.event_id)
        parked.told(tx, [one.event_id for one in news])

    return write


def overdue(memory: Any, news: News) -> bool:
    """Whether something later was heard of that message: then this changes no word of it."""
    return bool(memory.get(HEARD, {}).get(news.ref, -1) > news.said_at)


def heard(memory: Any, *news: News) -> dict[str, Any]:
    """The memory with it (all of one message), of the last few."""
    ref = news[0].ref
    at = max(GONE if one.kind == RETRACT else one.said_at for one in news)
    known = {other: when for other, when in memory.get(HEARD, {}).items() if other != ref}
    kept = dict(list(known.items())[1 - REMEMBERED :])
    return {**memory, HEARD: kept | {ref: at}}


def news_of(rows: Rows, opened: OpenEvent, event: InboundEvent) -> News:
    """What an edit or an unsend says, without secrets; with one, its bytes are not kept, nor are those of every place on
    somebody's way."""
    text, secret = secrets.mask(event.text)
    moves = event.kind is Kind.EDIT and event.location is not None and not text
    if secret or moves:
        rows.later.append(partial(_drop, event_id=opened.id))
    return News(
        event_id=opened.id,
        kind=MOVE if moves else event.kind.value,
        ref=event.ref,
        said_at=opened.received_at if event.said_at == UNSAID else ms(event.said_at),
        text="" if event.kind is Kind.RETRACT else text,
        place=event.location if moves else None,
    )


def edit(news: News, *, point_id: str, contact_id: str, conversation_id: str) -> Act:
    """The message that was edited now reads so; what it said before is kept beside it. Both without secrets."""

    def write(tx: Tx) -> None:
        row = _inbound(tx, point_id, news.ref)
        if row is None:
            parked.park(tx, news, point_id=point_id, contact_id=contact_id)
            return
        body = _body(tx, row)
        if body.get("taken_back") or body.get("text") == news.text:
            return
        if row.edited_at is not None and news.said_at < row.edited_at:
            _earlier(tx, row, body, news)
            return
        was = str(body.get("text", ""))
        body.setdefault("before", []).append(secrets.mask(was)[0])
        body["text"] = news.text
        _rewrite(tx, row, body, news.said_at)
        search.retold(tx, row.conversation_id, was, news.text)
        _preview(tx, conversation_id, was, news.text)
        tx.hint("message", conversation_id)

    return write


def move(news: News, *, point_id: str, contact_id: str, conversation_id: str) -> Act:
    """The place that he shares live is where he is now; the way there is not kept."""

    def write(tx: Tx) -> None:
        row = _inbound(tx, point_id, news.ref)
        if row is None:
            parked.park(tx, news, point_id=point_id, contact_id=contact_id)
            return
        body = _body(tx, row)
        if body.get("taken_back") or (row.edited_at is not None and news.said_at < row.edited_at):
            return
        if body.get("location") != list(news.place or ()):
            _rewrite(tx, row, {**body, "location": news.place}, news.said_at)
            tx.hint("message", conversation_id)

    return write


def take_back(news: News, *, point_id: str, contact_id: str, conversation_id: str) -> Act:
    """The message that was taken back says nothing any more: its words, what it said before an edit, its files and the
    bytes in which it came are gone. That there was one stays."""

    def write(tx: Tx) -> None:
        row = _inbound(tx, point_id, news.ref)
        if row is None:
            parked.forget_words(tx, point_id, news.ref)
            parked.park(tx, news, point_id=point_id, contact_id=contact_id)
            return
        body = _body(tx, row)
        if body.get("taken_back"):
            return
        was = str(body.get("text", ""))
        _rewrite(tx, row, {"text": "", "taken_back": True}, news.said_at)
        search.retold(tx, row.conversation_id, was, "")
        _preview(tx, conversation_id, was, "…")
        tx.run("UPDATE attachment SET state = 'gone', reason = 'taken back' WHERE message_id = :id", id=row.id)
        if row.event_id:
            _drop(tx, row.event_id)
        tx.hint("message", conversation_id)

    return write


def _earlier(tx: Tx, row: Any, body: dict[str, Any], news: News) -> None:
    """An edit that another has overtaken: among what it said before."""
    before = body.setdefault("before", [])
    if news.text not in before:
        before.append(news.text)
        _rewrite(tx, row, body, row.edited_at)


def _preview(tx: Tx, conversation_id: str, was: str, text: str) -> None:
    """The line of the lists, where it shows this message."""
    row = tx.one("SELECT contact_id, preview_sealed FROM conversation WHERE id = :id", id=conversation_id)
    if row is None or not was or row.preview_sealed is None:
        return
    place = ("conversation", "preview_sealed", conversation_id)
    if tx.keys.open_for(tx, row.contact_id, *place, row.preview_sealed).decode() != was[:PREVIEW]:
        return
    sealed = tx.keys.seal_for(tx, row.contact_id, *place, text[:PREVIEW])
    tx.run("UPDATE conversation SET preview_sealed = :preview WHERE id = :id", preview=sealed, id=conversation_id)


def _inbound(tx: Tx, point_id: str, ref: str) -> Any:
    return tx.one(
        "SELECT id, conversation_id, contact_id, body_sealed, event_id, edited_at FROM message WHERE point_id = :point"
        " AND external_id = :ref AND direction = 'inbound' ORDER BY seq DESC LIMIT 1",
        point=point_id,
        ref=ref,
    )


def _body(tx: Tx, row: Any) -> dict[str, Any]:
    found: dict[str, Any] = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
    return found


def _rewrite(tx: Tx, row: Any, body: dict[str, Any], at: int) -> None:
    sealed = tx.keys.seal_json(tx, row.contact_id, "message", "body_sealed", row.id, body)
    tx.run("UPDATE message SET body_sealed = :body, edited_at = :at WHERE id = :id", id=row.id, body=sealed, at=at)


def _drop(tx: Tx, event_id: str) -> None:
    tx.run("UPDATE inbox_event SET body_sealed = NULL WHERE id = :id", id=event_id)
