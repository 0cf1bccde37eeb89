"""What the desk's left column is made of: how full each queue is, and rows that are read again many at a time."""

from __future__ import annotations

from typing import Final

from gateway.api import models_queues as models
from gateway.api import show
from gateway.api.declare import Call, Routes
from storage import handoffs, listing, queues
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("conversations")
AT_ONCE: Final = 60


@routes.get("/queues", may="conversation.list")
async def list_queues(call: Call) -> models.QueueFills:
    """How many conversations stand in each of your queues, and since when the oldest waits."""
    found = await call.store.read(lambda tx: queues.full(tx, call.actor.id))
    items = [
        models.QueueFill.model_validate({"name": each.name, "count": each.count, "oldest_at": rfc3339(each.oldest_at)})
        for each in found
    ]
    return models.QueueFills(items=items, next=None)


@routes.get("/rows", may="conversation.list")
async def list_rows(call: Call, query: models.RowQuery) -> models.ConversationRows:
    """These conversations, in the order asked for; one that is not there is left out. For who follows the live feed."""
    wanted = list(dict.fromkeys(each for each in query.ids.split(",") if each))[:AT_ONCE]

    def read(tx: Tx) -> tuple[dict[str, listing.Conversation], dict[str, handoffs.Handoff]]:
        rows = listing.several(tx, wanted)
        waiting = [row.id for row in rows.values() if row.status == "waiting"]
        return rows, handoffs.of_conversations(tx, waiting)

    rows, waiting = await call.store.read(read)
    items = [
        models.ConversationRow(
            **show.conversation(call, rows[each]).model_dump(),
            handoff=show.card(call, rows[each], waiting[each]) if each in waiting else None,
        )
        for each in wanted
        if each in rows
    ]
    if any(not item.masked for item in items):
        call.note("conversation.list", "conversation", "", fields=("slots",))
    return models.ConversationRows(items=items, next=None)
