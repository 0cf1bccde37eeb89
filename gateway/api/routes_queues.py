"""What the desk's left column is made of: how full each queue is, and rows that are read again many at a time."""

from __future__ import annotations

from typing import Final

from gateway.api import models_queues as models
from gateway.api import show
from gateway.api.allow import SEES_ALL
from gateway.api.declare import Call, Routes
from gateway.api.rows import Kept
from storage import queues
from storage.times import rfc3339

routes = Routes("conversations")
AT_ONCE: Final = 60


@routes.get("/queues", may="conversation.list")
async def list_queues(call: Call) -> models.QueueFills:
    """How many conversations stand in each of your queues, and since when the oldest waits."""
    house = await call.api.boards.house()
    found = await call.store.read(lambda tx: queues.full(tx, call.actor.id, house))
    items = [
        models.QueueFill.model_validate({"name": each.name, "count": each.count, "oldest_at": rfc3339(each.oldest_at)})
        for each in found
    ]
    return models.QueueFills(items=items, next=None)


@routes.get("/rows", may="conversation.list")
async def list_rows(call: Call, query: models.RowQuery) -> models.ConversationRows:
    """These conversations, in the order asked for; one that is not there is left out. For who follows the live feed."""
    wanted = list(dict.fromkeys(each for each in query.ids.split(",") if each))[:AT_ONCE]
    items = [_shown(call, kept) for kept in await call.api.rows.read(wanted)]
    if any(not item.masked for item in items):
        call.note("conversation.list", "conversation", "", fields=("slots",))
    return models.ConversationRows(items=items, next=None)


def _shown(call: Call, kept: Kept) -> models.ConversationRow:
    """Made once for everybody who may see as much of it."""
    variant = call.sees(show.thing(kept.row)), bool({call.actor.role, call.actor.own_role} & SEES_ALL)
    made = kept.shown.get(variant)
    if made is None:
        made = kept.shown[variant] = models.ConversationRow(
            **dict(show.conversation(call, kept.row)),
            handoff=show.card(call, kept.row, kept.handoff) if kept.handoff else None,
        )
    return made
