"""Conversations: the list, one of them, and the queue. Writing first is `routes_begin`."""

from __future__ import annotations

from functools import partial
from typing import Final

from gateway.api import cursors, models, show, wanting, window
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import handoffs, intake, listing
from storage.tx import Tx

routes = Routes("conversations")
FIRST: Final = 250  # conversations that the first look for what no index knows takes; most lists are full by then
LOOK: Final = 2000  # and each further one
ROUNDS: Final = 10


def _thread(call: Call, query: models.ConversationQuery) -> str:
    """A caller is asked for by his number, a reader by his address; neither is what his thread is called."""
    if not query.thread.startswith("+") and "@" not in query.thread:
        return query.thread
    for account in call.parts.accounts.values():
        thread_of = call.parts.adapters[account.channel].thread_of
        if thread_of and query.channel in ("", account.channel) and query.account in ("", account.name):
            found = thread_of(account, query.thread)
            if found:
                return found
    return query.thread


@routes.get("/conversations", may="conversation.list", refuses=("busy",))
async def list_conversations(call: Call, query: models.ConversationQuery) -> models.Conversations:
    """Conversations, the last message first.

    A page may be short and yet not be the last one: go on while `next` is not null."""
    if query.q and call.parts.pressure.no_more:
        raise ApiError("busy", "searching waits until there is time for it", retry_s=5)
    after = cursors.read("c", query.cursor, int, str)
    wanted = wanting.wanted(call, query, thread=_thread(call, query))
    found: list[listing.Conversation] = []
    for number in range(ROUNDS):
        look = LOOK if number else FIRST
        more = partial(listing.page, wanted=wanted, after=after, limit=query.limit - len(found), look=look)
        page = await call.store.read(more)
        found += page.items
        after = page.after
        if after is None or len(found) >= query.limit:
            break
    items = [show.conversation(call, row) for row in found]
    if query.q:
        call.note("conversation.search", "conversation", "", fields=("q",))
    elif any(not item.masked for item in items):
        call.note("conversation.list", "conversation", "", fields=("slots",))
    return models.Conversations(items=items, next=cursors.write("c", *after) if after else None)


@routes.get("/conversations/{conversation_id}", may="conversation.read")
async def get_conversation(call: Call, conversation_id: str) -> models.ConversationView:
    """One conversation."""
    return await view(call, conversation_id)


async def view(call: Call, conversation_id: str) -> models.ConversationView:
    """One conversation as the caller may see it. Raises ApiError not_found."""

    row, handoff, tries, screened, standing = await call.store.read(
        lambda tx: (
            (row := listing.one(tx, conversation_id)),
            handoffs.of_conversation(tx, conversation_id),
            intake.attempts(tx, conversation_id),
            intake.screening(tx, conversation_id),
            None if row is None else window.standing(call.parts, tx, row),
        )
    )
    if row is None or standing is None:
        raise not_found()
    shown = show.conversation_view(call, row, handoff, tries, screened, standing)
    if not shown.masked and (shown.slots or shown.lead):
        call.note("conversation.read", "conversation", conversation_id, fields=("slots",))
    return shown


@routes.get("/handoffs", may="handoff.list")
async def list_handoffs(call: Call, query: models.Paged) -> models.Queue:
    """Who waits for a person: the more urgent first, then by when each is to hear from us, each with its card."""
    after = cursors.read("h", query.cursor, int, int, str)

    def read(tx: Tx) -> tuple[list[handoffs.Handoff], dict[str, listing.Conversation], int]:
        waiting = handoffs.queue(tx, after=after, limit=query.limit + 1)
        return waiting, listing.several(tx, [each.conversation_id for each in waiting]), tx.now_ms

    waiting, rows, now_ms = await call.store.read(read)
    last = waiting[query.limit - 1] if len(waiting) > query.limit else None
    items = [
        models.Queued(
            handoff=show.card(call, rows[each.conversation_id], each),
            conversation=show.conversation(call, rows[each.conversation_id]),
            waited_s=max(0, now_ms - each.opened_at) // 1000,
        )
        for each in waiting[: query.limit]
        if each.conversation_id in rows
    ]
    if any(not item.conversation.masked for item in items):
        call.note("handoff.list", "handoff", "", fields=("slots",))
    return models.Queue(items=items, next=cursors.write("h", last.priority, last.due_at, last.id) if last else None)
