"""Conversations: the list, one of them, writing first, and the queue."""

from __future__ import annotations

from functools import partial
from typing import Final

from gateway import letters as gateway_letters
from gateway.api import cursors, models, show, values, wanting, window
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import contacts, handoffs, intake, letters, listing
from storage.tx import Tx

routes = Routes("conversations")
ROUNDS: Final = 40  # windows that one call may look through for what no index knows


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
    for _ in range(ROUNDS):
        more = partial(listing.page, wanted=wanted, after=after, limit=query.limit - len(found))
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


@routes.post(
    "/conversations",
    may="conversation.begin",
    status=201,
    refuses=("taken", "not_yours", "wrong_state", "window_closed", "not_found"),
)
async def begin_conversation(call: Call, body: models.NewConversation) -> models.ConversationView:
    """Write first: to a contact, on the channel that he used last, or by e-mail where no chat may be written in; or to
    one contact point, on the channel email by the address of somebody whom we know.

    You have the conversation from then on. Refused where the platform's rules forbid it."""
    if (body.contact_id is None) == (body.point is None):
        raise ApiError("invalid", "to whom?", fields={"contact_id": "give this or `point`, not both"})
    by, engine = call.actor.advisor(), call.parts.engine

    def unit(tx: Tx) -> str:
        contact_id, found = _whom(call, tx, body)
        row = listing.one(tx, found) if found else None
        way = _letter(call, tx, contact_id, body, row)
        if way is not None:
            _not_anothers(call, tx, contact_id)
            point_id = letters.open_point(tx, way, contact_id)
            closed = letters.closed(tx, point_id)
            if closed:
                engine.act(tx, closed, "reopen", by=by, data={})
            return engine.begin(tx, point_id, "reply", by=by, data={"text": body.text})
        if row is None:
            raise _never_wrote()
        window.check(call.parts, tx, row)
        if row.status == "closed":
            engine.act(tx, row.id, "reopen", by=by, data={})
        engine.act(tx, row.id, "reply", by=by, data={"text": body.text})
        return row.id

    return await view(call, await call.once(unit))


def _whom(call: Call, tx: Tx, body: models.NewConversation) -> tuple[str, str | None]:
    """(the person, the conversation in which to write or None where there is none yet). Raises ApiError."""
    if body.contact_id is not None:
        contact = contacts.view(tx, body.contact_id)
        if contact is None:
            raise not_found()
        mail = gateway_letters.accounts(call.parts)
        spoken = [
            each for each in contact.points if each.conversation_id and f"{each.channel}:{each.account}" not in mail
        ]
        best = next((point for point in spoken if point.reachable), None) or next(iter(spoken), None)
        return contact.id, best.conversation_id if best else None
    assert body.point is not None
    account_id = f"{body.point.channel}:{body.point.account}"
    thread = body.point.thread
    if "@" in thread and account_id in gateway_letters.accounts(call.parts):
        thread = gateway_letters.thread_of(call.parts, account_id, thread)
    row = tx.one(
        "SELECT contact_id, conversation_id FROM contact_point WHERE account_id = :account AND thread = :thread",
        account=account_id,
        thread=thread,
    )
    if row is not None and row.contact_id is not None:
        return row.contact_id, row.conversation_id
    if "@" not in body.point.thread or account_id not in gateway_letters.accounts(call.parts):
        raise not_found()
    owners = letters.owners(tx, values.emails([body.point.thread])[0])
    if not owners:
        raise not_found()
    if len(owners) > 1:
        raise ApiError(
            "invalid", "whose?", fields={"point": "several people left this address: say who, by contact_id"}
        )
    return owners[0], None


def _letter(
    call: Call, tx: Tx, contact_id: str, body: models.NewConversation, row: listing.Conversation | None
) -> letters.Way | None:
    """By which way a letter goes to him; None where it is a chat, or nothing. Raises ApiError."""
    mail = gateway_letters.accounts(call.parts)
    if body.point is not None:
        account_id = f"{body.point.channel}:{body.point.account}"
        if account_id not in mail:
            return None
        asked = gateway_letters.thread_of(call.parts, account_id, body.point.thread) or body.point.thread
        found = [way for way in gateway_letters.ways(call.parts, tx, contact_id) if asked == way.thread]
    elif row is not None and f"{row.channel}:{row.account}" not in mail and window.may_advise(call.parts, tx, row):
        return None
    else:
        found = gateway_letters.ways(call.parts, tx, contact_id) if mail else []
        found = [way for way in found if not way.ended]
    if found and found[0].ended:
        raise window.no_letter(call.parts, tx, None, found[0].ended)
    return found[0] if found else None


def _not_anothers(call: Call, tx: Tx, contact_id: str) -> None:
    """A letter goes past the chat in which somebody else speaks with him: not behind his back. Raises ApiError."""
    for conversation_id in _spoken(tx, contact_id):
        row = listing.one(tx, conversation_id)
        if row is not None and row.status == "with_advisor":
            call.require("reply", show.thing(row), row.assignee)


def _spoken(tx: Tx, contact_id: str) -> list[str]:
    contact = contacts.view(tx, contact_id)
    return [point.conversation_id for point in contact.points if point.conversation_id] if contact else []


def _never_wrote() -> ApiError:
    return ApiError(
        "window_closed",
        "this customer has never written here: platforms do not let us begin",
        fields={"reason": "never_wrote", "ways": "call"},
    )


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
