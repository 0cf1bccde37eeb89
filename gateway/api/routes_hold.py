"""Where a platform lets one app at a time answer a person: taking that back (ADR 85)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from channels.contract import ChannelError, Permanent
from gateway.api import models, show
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_acts import act
from storage import listing

routes = Routes("hold")


@routes.post(
    "/conversations/{conversation_id}/hold",
    may="reply",
    refuses=("not_yours", "wrong_state", "unavailable", "not_found"),
)
async def hold(call: Call, conversation_id: str) -> models.ConversationView:
    """Take the right to answer back from another app of the same page (Messenger). May be asked again."""
    row = await call.store.read(lambda tx: listing.one(tx, conversation_id))
    if row is None:
        raise not_found()
    call.require("reply", show.thing(row), row.assignee)
    client = call.parts.clients.get(f"{row.channel}:{row.account}")
    take: Callable[[str], Awaitable[None]] | None = getattr(client, "hold", None)
    if take is None:
        raise ApiError("wrong_state", f"{row.channel} knows no right to answer that could be taken back")
    try:
        await take(row.thread)
    except Permanent as err:
        raise ApiError("wrong_state", f"the platform does not give it: {err}") from None
    except ChannelError as err:
        raise ApiError("unavailable", f"the platform did not answer: {err}", retry_s=30) from None
    return await act(call, conversation_id, "hold", "reply")
