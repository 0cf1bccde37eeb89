"""Blocking: what a contact point sends is ignored from then on, whatever it is, and nothing goes there."""

from __future__ import annotations

from typing import Final, cast

from gateway.api import cursors, masks, models, models_blocks, show
from gateway.api.allow import Thing, allow
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Paged
from gateway.api.routes_conversations import view
from storage import blocks, listing
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("acts")
_AT: Final = "/conversations/{conversation_id}"


@routes.post(f"{_AT}/block", may="block", refuses=("not_yours", "wrong_state"))
async def block(call: Call, conversation_id: str, body: models_blocks.Block) -> models.ConversationView:
    """Block its customer here: what he sends is answered 200 to the platform, kept as an ignored event, and makes no
    message. The conversation is closed as spam."""
    by = call.actor.advisor()

    def unit(tx: Tx) -> str:
        row = listing.one(tx, conversation_id)
        if row is None:
            raise not_found()
        call.require("block", show.thing(row), row.assignee)
        if blocks.who(tx, conversation_id) is not None:
            raise ApiError("wrong_state", "he is blocked already")
        call.parts.engine.act(tx, conversation_id, "block", by=by, data=body.model_dump())
        blocks.block(tx, conversation_id, by=by.id, why=body.why)
        return conversation_id

    return await view(call, await call.once(unit))


@routes.post(f"{_AT}/unblock", may="block", refuses=("not_yours", "wrong_state"))
async def unblock(call: Call, conversation_id: str) -> models.ConversationView:
    """Listen again. Of intake and advisors only who blocked him may."""
    by = call.actor.advisor()

    def unit(tx: Tx) -> str:
        if listing.one(tx, conversation_id) is None:
            raise not_found()
        who = blocks.who(tx, conversation_id)
        if who is None:
            raise ApiError("wrong_state", "he is not blocked")
        if who != by.id and not allow(call.actor, "block.read"):
            raise ApiError("not_yours", "somebody else has blocked him: ask a supervisor")
        call.parts.engine.act(tx, conversation_id, "unblock", by=by, data={})
        blocks.unblock(tx, conversation_id)
        return conversation_id

    return await view(call, await call.once(unit))


@routes.get("/blocked", may="block.read")
async def list_blocked(call: Call, query: Paged) -> models_blocks.BlockedPoints:
    """Whom we have blocked, the last first."""
    mark = cursors.read("k", query.cursor, int, str)
    after = (mark[0], mark[1]) if mark else None
    rows = await call.store.read(lambda tx: blocks.page(tx, after=after, limit=query.limit + 1))
    shown = rows[: query.limit]
    plain = call.sees(Thing())
    if shown and plain:
        call.note("blocked.list", "contact_point", "", fields=("name",))
    items = [
        models_blocks.BlockedPoint(
            channel=row.channel,
            account=row.account,
            thread=row.thread,
            contact_id=row.contact_id,
            conversation_id=row.conversation_id,
            name=row.name if plain else masks.name(row.name),
            at=rfc3339(row.at),
            by=models.Person(id=row.by[0], name=row.by[1]),
            why=cast(models_blocks.Why, row.why),
            tried_at=rfc3339(row.tried_at),
        )
        for row in shown
    ]
    last = shown[-1] if len(rows) > query.limit else None
    return models_blocks.BlockedPoints(items=items, next=cursors.write("k", last.at, last.point_id) if last else None)
