"""What is known of a customer: put right by hand, asked for in the chat, asked for by a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from gateway import moving
from gateway import tickets as doors
from gateway.api import masks, models, models_asking, show, window
from gateway.api.allow import SEES_ALL
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_acts import act
from gateway.api.routes_conversations import view
from handlers import captured, schedule
from handlers.captured import Wrong
from handlers.leads import held
from handlers.model import state_from_json
from storage import advisors, field_changes, listing, tickets
from storage.times import at, rfc3339
from storage.tx import Tx

routes = Routes("acts")
_AT: Final = "/conversations/{conversation_id}"
_REFUSES: Final = ("not_yours", "wrong_state")


@routes.patch(f"{_AT}/slots", may="correct", refuses=_REFUSES)
async def correct(call: Call, conversation_id: str, body: models_asking.Correction) -> models.ConversationView:
    """Put a captured value right. What stood there is kept; the bot and everybody read the new one from now on."""
    today = schedule.local(call.parts.now(), call.parts.config.business()).date()
    try:
        value = captured.read(body.field, body.value, today=today)
    except Wrong as err:
        raise ApiError("invalid", "this is no such value", fields={"value": err.code}) from None
    by, engine = call.actor.advisor(), call.parts.engine

    def unit(tx: Tx) -> str:
        row = _mine(call, tx, conversation_id, "correct")
        before = held(state_from_json(row.state)).get(body.field)
        if before == value:
            return conversation_id
        engine.act(tx, conversation_id, "correct", by=by, data={"field": body.field, "value": value})
        field_changes.add(
            tx,
            conversation_id=conversation_id,
            name=body.field,
            before=before,
            after=value,
            raw=body.value,
            source="desk",
            by=by.id,
        )
        return conversation_id

    return await view(call, await call.once(unit))


@routes.get(f"{_AT}/changes", may="conversation.read")
async def list_changes(call: Call, conversation_id: str) -> models_asking.Changes:
    """What was put right, and what a form filled in, the last first: with who, when, and what stood there before."""

    def read(tx: Tx) -> tuple[listing.Conversation | None, list[field_changes.Change]]:
        return listing.one(tx, conversation_id), field_changes.of_conversation(tx, conversation_id)

    row, found = await call.store.read(read)
    if row is None:
        raise not_found()
    plain, names = call.sees(show.thing(row)), show.names(row)
    if plain and found:
        call.note("changes.read", "conversation", conversation_id, fields=("slots",))
    return models_asking.Changes(
        items=[
            models_asking.ChangeView(
                id=each.id,
                field=each.field,
                before=_shown(call, each.field, each.before, plain=plain, names=names),
                after=_shown(call, each.field, each.after, plain=plain, names=names),
                source=cast(Any, each.source),
                by=models.Person(id=each.by[0], name=each.by[1]),
                at=rfc3339(each.at),
            )
            for each in found
        ],
        next=None,
    )


def _shown(call: Call, field: str, value: Any, *, plain: bool, names: Sequence[str]) -> Any:
    if value is None:
        return None
    if not plain:
        return masks.slots({field: value}, names)[field]
    whole = {call.actor.role, call.actor.own_role} & SEES_ALL
    return value if whole else masks.guarded({field: value})[field]


@routes.post(f"{_AT}/ask", may="ask", refuses=(*_REFUSES, "window_closed"))
async def ask(call: Call, conversation_id: str, body: models_asking.Question) -> models.ConversationView:
    """Have the question put in the chat, with its buttons; the answer fills the field."""
    await call.store.read(lambda tx: _writes(call, tx, conversation_id))
    return await act(call, conversation_id, "ask", "ask", {"field": body.field})


@routes.post(f"{_AT}/forms", may="ask", refuses=(*_REFUSES, "window_closed"))
async def send_form(call: Call, conversation_id: str, body: models_asking.NewForm) -> models.ConversationView:
    """Send a link to a form of ours: good once, for three days. What he enters comes in as an event and fills the fields."""
    by, parts = call.actor.advisor(), call.parts

    def unit(tx: Tx) -> str:
        row = _writes(call, tx, conversation_id)
        origin = doors.origin(parts, f"{row.channel}:{row.account}")
        if not origin:
            raise ApiError(
                "invalid", "nobody can open a form of ours", fields={"fields": "server.public_url is not https"}
            )
        fields = list(dict.fromkeys(body.fields))
        token, until = doors.issue(
            tx, parts, "form", conversation_id=conversation_id, data={"fields": fields}, by=by.id
        )
        ends = schedule.local(at(until), parts.config.business()).strftime("%H:%M %d/%m/%Y")
        told = {"fields": tuple(fields), "link": f"{origin}/form/{token}", "until": ends}
        parts.engine.act(tx, conversation_id, "form", by=by, data=told)
        return conversation_id

    return await view(call, await call.once(unit))


@routes.get(f"{_AT}/places", may="conversation.read")
async def list_places(call: Call, conversation_id: str) -> models_asking.Places:
    """Other chats of ours to which this customer can be led."""
    row = await call.store.read(lambda tx: listing.one(tx, conversation_id))
    if row is None:
        raise not_found()
    found = [one.partition(":") for one in moving.places(call.parts, f"{row.channel}:{row.account}")]
    return models_asking.Places(
        items=[
            models_asking.Place(
                account=f"{channel}:{name}", channel=channel, name=name, carries=channel in moving.CARRY
            )
            for channel, _, name in found
        ],
        next=None,
    )


@routes.post(f"{_AT}/move", may="ask", refuses=(*_REFUSES, "window_closed"))
async def move(call: Call, conversation_id: str, body: models_asking.Move) -> models.ConversationView:
    """Send him a link to another chat of ours. Who comes there by it is known to be the same person: the two records are
    merged, what he has told goes with him, and both conversations say so."""
    by, parts = call.actor.advisor(), call.parts
    row = await call.store.read(lambda tx: _writes(call, tx, conversation_id))
    if body.account not in moving.places(parts, f"{row.channel}:{row.account}"):
        raise ApiError("invalid", "nobody can be led there", fields={"account": "no such account, or the same one"})
    account = parts.accounts[body.account]
    base = await moving.link(parts, account)
    if not base:
        raise ApiError("invalid", "nobody can be led there now", fields={"account": "its name there is not known"})

    def unit(tx: Tx) -> str:
        here = _writes(call, tx, conversation_id)
        token, until = doors.issue(tx, parts, "move", conversation_id=here.id, data={"account": body.account}, by=by.id)
        ends = schedule.local(at(until), parts.config.business()).strftime("%H:%M %d/%m/%Y")
        carried = account.channel in moving.CARRY
        told = {"account": body.account, "until": ends, "link": base + token if carried else base}
        parts.engine.act(tx, here.id, "move", by=by, data=told if carried else {**told, "code": token})
        return conversation_id

    return await view(call, await call.once(unit))


@routes.get(f"{_AT}/tickets", may="conversation.read")
async def list_tickets(call: Call, conversation_id: str) -> models_asking.Tickets:
    """Forms and ways to another channel that were sent here, the newest first: opened, used, over."""

    def read(tx: Tx) -> tuple[list[tickets.Ticket], dict[str, str]] | None:
        if listing.one(tx, conversation_id) is None:
            return None
        found = tickets.of_conversation(tx, conversation_id)
        people = (advisors.find(tx, one) for one in {each.created_by for each in found})
        return found, {person.id: person.name for person in people if person is not None}

    told = await call.store.read(read)
    if told is None:
        raise not_found()
    found, names = told
    return models_asking.Tickets(items=[_ticket(each, names) for each in found], next=None)


def _ticket(each: tickets.Ticket, names: dict[str, str]) -> models_asking.TicketView:
    return models_asking.TicketView(
        id=each.id,
        kind=cast(Any, each.kind),
        fields=list(each.data.get("fields", ())),
        account=str(each.data.get("account", "")),
        by=models.Person(id=each.created_by, name=names.get(each.created_by, "")),
        created_at=rfc3339(each.created_at),
        expires_at=rfc3339(each.expires_at),
        opened_at=rfc3339(each.opened_at),
        used_at=rfc3339(each.used_at),
    )


def _mine(call: Call, tx: Tx, conversation_id: str, may: str) -> listing.Conversation:
    row = listing.one(tx, conversation_id)
    if row is None:
        raise not_found()
    call.require(may, show.thing(row), row.assignee)
    return row


def _writes(call: Call, tx: Tx, conversation_id: str) -> listing.Conversation:
    """Where the caller may write now. Raises ApiError."""
    row = _mine(call, tx, conversation_id, "ask")
    window.check(call.parts, tx, row)
    return row
