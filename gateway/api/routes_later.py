"""Messages that are sent later: written now, shown in the thread, changed or taken back until they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

from gateway.api import masks, show
from gateway.api import models_later as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.models import Done, Person
from gateway.api.routes_messages import quoted, said, take_along
from storage import audit, files, later, listing
from storage.times import ms, rfc3339
from storage.tx import Tx

routes = Routes("messages")
SOONEST_MS: Final = 30_000
LATEST_MS: Final = 60 * 86_400_000


@routes.get("/conversations/{conversation_id}/later", may="message.read")
async def list_later(call: Call, conversation_id: str) -> models.Laters:
    """What waits to be sent here, and what could not go, by its moment."""

    def read(tx: Tx) -> tuple[listing.Conversation | None, list[tuple[later.Later, list[models.LaterFile]]]]:
        return listing.one(tx, conversation_id), [(one, _files(tx, one)) for one in later.listed(tx, conversation_id)]

    row, found = await call.store.read(read)
    if row is None:
        raise not_found()
    plain = call.sees(show.thing(row))
    return models.Laters(
        items=[_shown(one, carried, plain=plain, names=show.names(row)) for one, carried in found], next=None
    )


@routes.get("/later", may="reply")
async def list_my_later(call: Call) -> models.Laters:
    """What you have waiting anywhere, and what of it could not go."""

    def read(tx: Tx) -> list[tuple[later.Later, list[models.LaterFile]]]:
        return [(one, _files(tx, one)) for one in later.of_advisor(tx, call.actor.id)]

    return models.Laters(
        items=[_shown(one, carried, plain=True) for one, carried in await call.store.read(read)], next=None
    )


@routes.post(
    "/conversations/{conversation_id}/later",
    may="reply",
    status=201,
    refuses=("not_yours", "wrong_state", "conflict"),
)
async def add_later(call: Call, conversation_id: str, body: models.NewLater) -> models.Later:
    """Send it at that moment, if you have the conversation then and the platform's rules allow it; else it expires and
    says why."""
    if not body.text and not body.attachment_ids:
        raise ApiError("invalid", "there is nothing to send", fields={"text": "give a text or attachment_ids"})

    def unit(tx: Tx) -> str:
        row = _to_write(call, tx, conversation_id)
        take_along(tx, row, body.attachment_ids, call)
        owner = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=conversation_id)
        made = later.add(
            tx,
            conversation_id=conversation_id,
            contact_id=owner,
            advisor_id=call.actor.id,
            body=said(body.text, body.attachment_ids, quoted(tx, conversation_id, body.reply_to)),
            due_at=_moment(tx, body.at),
        )
        if made is None:
            raise ApiError("conflict", f"{later.MOST} messages wait here already")
        audit.write(tx, actor=call.actor.id, action="later.add", object_type="later_message", object_id=made)
        return made

    return await _one(call, await call.once(unit))


@routes.patch("/later/{later_id}", may="reply", refuses=("not_yours", "wrong_state"))
async def change_later(call: Call, later_id: str, body: models.ChangedLater) -> models.Later:
    """Other words, another moment; what has expired waits again. Only who wrote it: it goes out under that name. Others may
    take it back."""

    def unit(tx: Tx) -> str:
        one = _open(call, tx, later_id)
        if one.advisor[0] != call.actor.id:
            holder = {"id": one.advisor[0], "name": one.advisor[1]}
            raise ApiError(
                "not_yours", "it goes out under another name: take it back and write your own", holder=holder
            )
        if one.reason in later.ENDED.values():
            raise ApiError("wrong_state", "he has told us to stop since it was written: it does not go")
        if not body.text and not one.body.get("file_ids"):
            raise ApiError("invalid", "there is nothing to send", fields={"text": "give a text"})
        if not later.change(tx, one, body={**one.body, "text": body.text}, due_at=_moment(tx, body.at)):
            raise _gone()
        audit.write(tx, actor=call.actor.id, action="later.change", object_type="later_message", object_id=later_id)
        return later_id

    return await _one(call, await call.once(unit))


@routes.delete("/later/{later_id}", may="reply", refuses=("not_yours", "wrong_state"))
async def cancel_later(call: Call, later_id: str) -> Done:
    """It does not go."""

    def unit(tx: Tx) -> str:
        one = _open(call, tx, later_id)
        if not later.end(tx, one, "cancelled"):
            raise _gone()
        audit.write(tx, actor=call.actor.id, action="later.cancel", object_type="later_message", object_id=later_id)
        return later_id

    await call.once(unit)
    return Done()


def _to_write(call: Call, tx: Tx, conversation_id: str) -> listing.Conversation:
    row = listing.one(tx, conversation_id)
    if row is None:
        raise not_found()
    call.require("reply", show.thing(row), row.assignee)
    if row.status != "with_advisor":
        raise ApiError("wrong_state", "take the conversation first: nobody would send it")
    return row


def _open(call: Call, tx: Tx, later_id: str) -> later.Later:
    one = later.one(tx, later_id)
    row = listing.one(tx, one.conversation_id) if one else None
    if one is None or row is None:
        raise not_found()
    if one.advisor[0] != call.actor.id:
        call.require("reply", show.thing(row), row.assignee)
    if one.state not in ("waiting", "expired"):
        raise _gone()
    return one


def _gone() -> ApiError:
    return ApiError("wrong_state", "it has gone, or was taken back")


def _moment(tx: Tx, at: datetime) -> int:
    due = ms(at)
    if not tx.now_ms + SOONEST_MS <= due <= tx.now_ms + LATEST_MS:
        raise ApiError("invalid", "when?", fields={"at": "a minute from now at the earliest, in 60 days at the latest"})
    return due


def _files(tx: Tx, one: later.Later) -> list[models.LaterFile]:
    found = [files.find(tx, file_id) for file_id in one.body.get("file_ids", ())]
    return [models.LaterFile(id=file.id, name=file.name) for file in found if file is not None]


def _shown(
    one: later.Later, carried: list[models.LaterFile], *, plain: bool, names: Sequence[str] = ()
) -> models.Later:
    text = str(one.body.get("text", ""))
    return models.Later(
        id=one.id,
        conversation_id=one.conversation_id,
        advisor=Person(id=one.advisor[0], name=one.advisor[1]),
        at=rfc3339(one.due_at),
        text=text if plain else masks.text(text, names),
        files=carried if plain else [],
        quote=show.quote(one.body.get("quote"), plain=plain, names=names),
        state=cast(Any, one.state),
        reason=one.reason,
        created_at=rfc3339(one.created_at),
    )


async def _one(call: Call, later_id: str) -> models.Later:
    def read(tx: Tx) -> tuple[later.Later | None, list[models.LaterFile]]:
        one = later.one(tx, later_id)
        return one, _files(tx, one) if one else []

    one, carried = await call.store.read(read)
    if one is None:
        raise not_found()
    return _shown(one, carried, plain=True)
