"""Messages: the transcript of a conversation, and an advisor's reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from channels.windows import Purpose, Sender
from gateway.api import cursors, models, show, window
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from handlers.model import EMPTY
from handlers.unasked import DUE
from storage import audit, contacts, files, listing, outbox_resend, sending, transcript
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

routes = Routes("messages")
QUOTED: Final = 500  # characters of the words that an answer stands under


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
    on, named = None, () if plain else show.names(row)
    if more:
        on = cursors.write("b", found[0].seq) if backwards else cursors.write("m", found[-1].seq)
    return models.Messages(items=[show.message(call, each, plain=plain, names=named) for each in found], next=on)


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
        take_along(tx, row, body.attachment_ids, call)
        quote = quoted(tx, conversation_id, body.reply_to)
        before = transcript.last_seq(tx, conversation_id)
        engine.act(tx, conversation_id, "reply", by=by, data=said(body.text, body.attachment_ids, quote))
        made = transcript.last_by(tx, conversation_id, by.id, after_seq=before)
        assert made is not None
        return made

    made = await call.once(unit)
    message = await call.store.read(lambda tx: transcript.one(tx, made))
    if message is None:
        raise not_found()
    return show.message(call, message, plain=True)


@routes.post(
    "/messages/{message_id}/retry",
    may="reply",
    status=202,
    refuses=("not_yours", "wrong_state", "may_double", "window_closed"),
)
async def retry(call: Call, message_id: str, body: models.Retry) -> models.Message:
    """Send it again, where it failed; those parts of it only that did not arrive.

    One that may have arrived (`unknown`, `unconfirmed`), on a platform that shows the same message twice, goes only with
    `twice`: 409 `may_double` without it."""
    parts, by = call.parts, call.actor.id

    def unit(tx: Tx) -> str:
        message = transcript.one(tx, message_id)
        row = listing.one(tx, message.conversation_id) if message else None
        if message is None or row is None or message.direction != "outbound":
            raise not_found()
        call.require("reply", show.thing(row), row.assignee)
        calls = sending.ended(tx, message_id)
        if not calls or message.status in ("queued", "sending"):
            raise ApiError("wrong_state", "only what failed, expired or is unconfirmed is sent again")
        may_be_there = any(each.state in ("unknown", "unconfirmed") for each in calls)
        if may_be_there and not body.twice and not _known_once(parts, calls[0].account_id):
            raise ApiError("may_double", "it may have arrived: then the customer sees it twice")
        human = message.author == "advisor"
        sender, purpose = (Sender.ADVISOR, Purpose.ADVICE) if human else (Sender.BOT, Purpose.ANSWER)
        required = {each.purpose for each in calls} <= DUE
        window.check(
            parts, tx, row, sender=sender, purpose=purpose, template="template" in message.body, required=required
        )
        for each in calls:
            outbox_resend.resend(tx, each.id)
        audit.write(tx, actor=by, action="message.retry", object_type="message", object_id=message_id)
        return message_id

    await call.once(unit)
    message = await call.store.read(lambda tx: transcript.one(tx, message_id))
    if message is None:
        raise not_found()
    return show.message(call, message, plain=True)


def _known_once(parts: Parts, account_id: str) -> bool:
    """The platform shows the same id once."""
    account = parts.accounts.get(account_id)
    return account is not None and parts.adapters[account.channel].capabilities.idempotent


def said(text: str, file_ids: Sequence[str], quote: Mapping[str, str]) -> dict[str, Any]:
    """An act `reply`, as the core reads it."""
    return {"text": text, "file_ids": list(file_ids)} | ({"quote": quote} if quote else {})


def quoted(tx: Tx, conversation_id: str, message_id: str | None) -> Mapping[str, str]:
    """What the answer stands under; empty without one. Raises ApiError."""
    if not message_id:
        return EMPTY
    found = transcript.one(tx, message_id)
    if found is None or found.conversation_id != conversation_id or found.direction == "internal":
        raise ApiError("invalid", "this cannot be answered", fields={"reply_to": "no message of this conversation"})
    text = found.text or (found.attachments[0].name if found.attachments else "")
    external = found.external_id or ""
    return {"id": found.id, "external_id": external, "author": found.author, "text": text[:QUOTED]}


def take_along(tx: Tx, row: listing.Conversation, file_ids: list[str], call: Call) -> None:
    """The files become the customer's; another's cannot be sent, nor what this channel has no way for. Raises ApiError."""
    found = []
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
        found.append(file)
    window.check_files(call.parts, row, found)


def _related(tx: Tx, file: files.StoredFile, row: listing.Conversation) -> bool:
    return file.contact_id is not None and contacts.resolve(tx, file.contact_id) == row.contact_id


def _uploaded(file: files.StoredFile, call: Call) -> bool:
    return file.created_by == call.actor.id or call.actor.role in ("admin", "supervisor", "integration")
