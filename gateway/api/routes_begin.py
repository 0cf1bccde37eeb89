"""Writing first: to somebody whom we know, by a way that is lawful now."""

from __future__ import annotations

from gateway import letters as gateway_letters
from gateway.api import models, models_begin, show, values, window
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_conversations import view
from storage import contacts, letters, listing, may_say
from storage.times import ms, rfc3339
from storage.tx import Tx

routes = Routes("conversations")


@routes.get("/contacts/{contact_id}/ways", may="conversation.begin")
async def list_ways(call: Call, contact_id: str) -> models_begin.Ways:
    """How this person can be written to now, the one he used last first; of what is closed, why."""

    def read(tx: Tx) -> models_begin.Ways:
        contact = contacts.view(tx, contact_id)
        if contact is None:
            raise not_found()
        found = [_chat(call, tx, contact.id, point) for point in contact.points]
        mail = [_mail(tx, contact.id, way) for way in gateway_letters.ways(call.parts, tx, contact.id)]
        chats = [one for one in found if one is not None]
        return models_begin.Ways(items=[*chats, *mail], call=bool(contact.phones), next=None)

    return await call.store.read(read)


def _chat(call: Call, tx: Tx, contact_id: str, point: contacts.Point) -> models_begin.WayView | None:
    """None for a mailbox: letters have their own list."""
    if f"{point.channel}:{point.account}" in gateway_letters.accounts(call.parts):
        return None
    row = listing.one(tx, point.conversation_id) if point.conversation_id else None
    unwanted = may_say.why_not_begin(tx, contact_id, point.conversation_id)
    why, until = unwanted or "never_wrote", None
    if row is not None and not unwanted:
        ruled = window.standing(call.parts, tx, row).advice
        why, until = "" if ruled.allowed else window.reason(tx, row, ruled), rfc3339(ms(ruled.until))
    return models_begin.WayView(
        channel=point.channel,
        account=point.account,
        thread=point.thread,
        conversation_id=point.conversation_id,
        last_inbound_at=rfc3339(point.last_inbound_at),
        open=not why,
        why=why,
        until=until,
    )


def _mail(tx: Tx, contact_id: str, way: letters.Way) -> models_begin.WayView:
    channel, _, account = way.account_id.partition(":")
    why = may_say.why_not_begin(tx, contact_id, letters.conversation(tx, way.point_id)) or way.ended
    return models_begin.WayView(
        channel=channel,
        account=account,
        thread=way.thread,
        conversation_id=None,
        last_inbound_at=None,
        open=not why,
        why=why,
        until=None,
    )


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
        into = letters.conversation(tx, way.point_id) if way else found
        if why := may_say.why_not_begin(tx, contact_id, into):
            raise window.unwanted(why)
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
