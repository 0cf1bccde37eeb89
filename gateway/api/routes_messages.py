"""Messages: the transcript of a conversation, and an advisor's reply."""

from __future__ import annotations

from gateway.api import cursors, models, show, window
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import contacts, files, listing, transcript
from storage.tx import Tx

routes = Routes("messages")


@routes.get("/conversations/{conversation_id}/messages", may="message.read")
async def list_messages(call: Call, conversation_id: str, query: models.MessageQuery) -> models.Messages:
    """What was said, ascending by seq: after a seq, or the last before one.

    With `before`, `next` leads to the earlier ones."""
    backwards = query.before is not None
    mark = cursors.read("b" if backwards else "m", query.cursor, int)

    def read(tx: Tx) -> tuple[listing.Conversation | None, list[transcript.Message], bool]:
        row = listing.one(tx, conversation_id)
        if row is None:
            return None, [], False
        if query.before is not None:
            start = mark[0] if mark else query.before
            return row, *transcript.before(tx, conversation_id, start, limit=query.limit, notes=query.notes)
        start = mark[0] if mark else query.after
        return row, *transcript.after(tx, conversation_id, start, limit=query.limit, notes=query.notes)

    row, found, more = await call.store.read(read)
    if row is None:
        raise not_found()
    plain = call.sees(show.thing(row))
    if plain and found:
        call.note("message.read", "conversation", conversation_id, fields=("messages",))
    on = None
    if more:
        on = cursors.write("b", found[0].seq) if backwards else cursors.write("m", found[-1].seq)
    return models.Messages(items=[show.message(call, each, plain=plain) for each in found], next=on)


@routes.post(
    "/conversations/{conversation_id}/messages",
    may="reply",
    status=202,
    refuses=("not_yours", "taken", "wrong_state", "window_closed"),
)
async def reply(call: Call, conversation_id: str, body: models.NewMessage) -> models.Message:
    """An advisor's reply: on its way when this answers; follow its `status`.

    A conversation that nobody has is yours from then on. Where the platform's rules forbid writing: 422
    `window_closed`, with the reason and the lawful ways."""
    if not body.text and not body.attachment_ids:
        raise ApiError("invalid", "there is nothing to send", fields={"text": "give a text or attachment_ids"})
    by, engine = call.actor.advisor(), call.parts.engine

    def unit(tx: Tx) -> str:
        row = listing.one(tx, conversation_id)
        if row is None:
            raise not_found()
        call.require("reply", show.thing(row), row.assignee)
        window.check(call.parts, tx, row)
        _take_along(tx, row, body.attachment_ids, call)
        before = transcript.last_seq(tx, conversation_id)
        engine.act(tx, conversation_id, "reply", by=by, data={"text": body.text, "file_ids": body.attachment_ids})
        made = transcript.last_by(tx, conversation_id, by.id, after_seq=before)
        assert made is not None
        return made

    made = await call.once(unit)
    message = await call.store.read(lambda tx: transcript.one(tx, made))
    if message is None:
        raise not_found()
    return show.message(call, message, plain=True)


def _take_along(tx: Tx, row: listing.Conversation, file_ids: list[str], call: Call) -> None:
    """The files become the customer's; another's cannot be sent. Raises ApiError."""
    owner = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=row.id)
    for at, file_id in enumerate(file_ids):
        file = files.find(tx, file_id)
        mine = file is not None and (file.contact_id in (owner, row.contact_id) or _related(tx, file, row))
        if file is None or not (mine or (file.contact_id is None and _uploaded(file, call))):
            raise ApiError(
                "invalid",
                "this file cannot be sent here",
                fields={f"attachment_ids.{at}": "there is no such file for this customer"},
            )
        if file.contact_id is None:
            files.bind(tx, file_id, owner)


def _related(tx: Tx, file: files.StoredFile, row: listing.Conversation) -> bool:
    return file.contact_id is not None and contacts.resolve(tx, file.contact_id) == row.contact_id


def _uploaded(file: files.StoredFile, call: Call) -> bool:
    return file.created_by == call.actor.id or call.actor.role in ("admin", "supervisor", "integration")
