"""What intake does with a lead: calls tried, screening, calls logged by hand, records that may be one person."""

from __future__ import annotations

from typing import Any

import orjson

from channels.contract import Account, Delivery
from gateway.api import cursors, models, routes_contacts, show, values, window
from gateway.api import models_intake as intake_models
from gateway.api.allow import allow
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.routes_acts import act
from gateway.api.routes_conversations import view
from storage import contacts, contacts_write, duplicates, inbox, intake, listing
from storage.ids import new_id
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("intake")
_AT = "/conversations/{conversation_id}"
_REFUSES = ("not_yours", "wrong_state", "not_found")


# ---- reaching somebody


@routes.post(f"{_AT}/attempts", may="attempt", refuses=_REFUSES)
async def log_attempt(call: Call, conversation_id: str, body: intake_models.NewAttempt) -> models.ConversationView:
    """A call was tried. Who was reached is yours; a failed one plans the next, in another part of the day; the third says
    a last word and gives up."""
    by, engine = call.actor.advisor(), call.parts.engine

    def unit(tx: Tx) -> str:
        row = listing.one(tx, conversation_id)
        if row is None:
            raise not_found()
        call.require("attempt", show.thing(row), row.assignee)
        engine.act(tx, conversation_id, "attempt", by=by, data=body.model_dump())
        after = listing.one(tx, conversation_id)
        if after is not None and after.stage == "unreachable" and not window.may_write(call.parts, tx, after):
            _last_word(call, tx, after)
        return conversation_id

    return await view(call, await call.once(unit))


def _last_word(call: Call, tx: Tx, row: listing.Conversation) -> None:
    """Where he is to be said good-bye to, when not here: in the chat that he used last, if he is known to be the same."""
    person = contacts.view(tx, row.contact_id)
    for point in person.points if person else ():
        other = listing.one(tx, point.conversation_id) if point.conversation_id else None
        if other is not None and other.id != row.id and window.may_write(call.parts, tx, other):
            call.parts.engine.act(tx, other.id, "last_word", by=call.actor.advisor(), data={})
            return


@routes.get(f"{_AT}/attempts", may="conversation.read", refuses=("not_found",))
async def list_attempts(call: Call, conversation_id: str) -> intake_models.Attempts:
    """The tries, oldest first."""
    row, found = await call.store.read(
        lambda tx: (listing.one(tx, conversation_id), intake.attempts(tx, conversation_id))
    )
    if row is None:
        raise not_found()
    plain = call.sees(show.thing(row))
    named = () if plain else show.names(row)
    return intake_models.Attempts(items=[show.attempt(each, plain=plain, names=named) for each in found], next=None)


# ---- screening


@routes.post(f"{_AT}/screening", may="screen", refuses=_REFUSES)
async def screen(call: Call, conversation_id: str, body: intake_models.NewScreening) -> models.ConversationView:
    """What was found out: a real person, a need, of what, where, when, insured already. Kept with who and when."""
    return await act(call, conversation_id, "screen", "screen", body.model_dump(exclude_none=True))


@routes.get(f"{_AT}/screening", may="conversation.read", refuses=("not_found",))
async def get_screening(call: Call, conversation_id: str) -> intake_models.ScreeningView:
    """The last screening, and what is known for one."""
    row, found = await call.store.read(
        lambda tx: (listing.one(tx, conversation_id), intake.screening(tx, conversation_id))
    )
    if row is None:
        raise not_found()
    return show.screening_view(row, found, plain=call.sees(show.thing(row)))


# ---- calls logged by hand


@routes.post(f"{_AT}/calls", may="call.log", refuses=_REFUSES)
async def log_call(call: Call, conversation_id: str, body: intake_models.NewCall) -> models.ConversationView:
    """A call with this customer. One that nobody took asks for a call back."""
    return await act(call, conversation_id, "call", "call.log", body.model_dump())


@routes.post("/calls", may="call.log", status=201, refuses=("not_yours", "not_found"))
async def log_caller(call: Call, body: intake_models.NewCaller) -> models.ConversationView:
    """A call of a number, known or not: its conversation on the hotline, begun when there is none. A name is taken where
    there is none yet, or where you may correct it."""
    try:
        number = values.phones([body.phone])[0]
    except ApiError as err:
        why = next(iter((err.fields or {}).values()), "")
        raise ApiError("invalid", "whose call was it?", fields={"phone": why}) from None
    account, by = _hotline(call, body.account), call.actor.advisor()
    parts = call.parts
    told = {
        "call_id": f"hand-{new_id()}",
        "event": "answered" if body.answered else "missed",
        "direction": body.direction,
        "from" if body.direction == "inbound" else "to": number,
        "agent": by.name,
        "started_at": rfc3339(parts.clock.ms()),
        "duration_s": str(body.duration_s),
    }
    delivery = Delivery(headers={}, body=orjson.dumps(told))
    (event,) = parts.adapters[account.channel].parse(delivery, account)
    arrival = parts.arrival(account, event)

    def unit(tx: Tx) -> str:
        _require_caller(call, tx, account.id, event.thread)
        inbox.ingest(tx, [arrival])
        row = _point(tx, account.id, event.thread)
        assert row is not None
        parts.engine.think(tx, row.id)
        point = tx.one("SELECT conversation_id, contact_id FROM contact_point WHERE id = :id", id=row.id)
        if point is None or point.conversation_id is None:
            raise ApiError("unavailable", "its turn could not be taken now", retry_s=5)
        if body.name and _may_name(call, tx, point.contact_id):
            contacts_write.set_name(tx, point.contact_id, body.name)
        if body.note:
            parts.engine.act(tx, point.conversation_id, "note", by=by, data={"text": body.note})
        return str(point.conversation_id)

    return await view(call, await call.once(unit))


def _point(tx: Tx, account_id: str, thread: str) -> Any:
    return tx.one(
        "SELECT id, conversation_id FROM contact_point WHERE account_id = :account AND thread = :thread",
        account=account_id,
        thread=thread,
    )


def _require_caller(call: Call, tx: Tx, account_id: str, thread: str) -> None:
    """Raises ApiError where somebody else has the conversation of this number now."""
    point = _point(tx, account_id, thread)
    row = listing.one(tx, point.conversation_id) if point is not None and point.conversation_id else None
    if row is not None and row.status == "with_advisor":
        call.require("call.log", show.thing(row), row.assignee)


def _may_name(call: Call, tx: Tx, contact_id: str) -> bool:
    contact = contacts.view(tx, contact_id)
    if contact is None or not contact.name:
        return True
    return allow(call.actor, "contact.edit", routes_contacts.thing(tx, contact_id, call.actor.id))


def _hotline(call: Call, wanted: str) -> Account:
    """The hotline's account. Raises ApiError."""
    found = [
        one for one in call.parts.accounts.values() if one.channel == "hotline" and wanted in ("", one.name, one.id)
    ]
    if len(found) != 1:
        why = "there is no such hotline account" if not found else "there are several hotline accounts: name one"
        raise ApiError("invalid", "on which hotline?", fields={"account": why})
    return found[0]


# ---- doubles


@routes.get("/duplicates", may="contact.read")
async def list_duplicates(call: Call, query: intake_models.DuplicateQuery) -> intake_models.Duplicates:
    """Records that may be one person, offered because they share a number or an address: nobody merges them but you."""
    mark = cursors.read("d", query.cursor, str)
    after = mark[0] if mark else ""

    def read(tx: Tx) -> tuple[list[Any], str]:
        if query.contact:
            found, end = duplicates.of_contact(tx, query.contact), ""
        else:
            found, end = duplicates.page(tx, after=after, limit=query.limit)
        return [(each, _sides(tx, call, each)) for each in found], end

    rows, end = await call.store.read(read)
    items = [_duplicate(each, sides) for each, sides in rows if all(sides)]
    if items:
        call.note("duplicate.list", "contact", query.contact, fields=("name", "phones", "emails"))
    return intake_models.Duplicates(items=items, next=cursors.write("d", end) if end else None)


def _sides(tx: Tx, call: Call, each: duplicates.Duplicate) -> list[tuple[contacts.Contact, bool]]:
    """Both, with whether their values are the caller's to see."""
    found = []
    for contact_id in (each.one_id, each.other_id):
        contact = contacts.view(tx, contact_id)
        if contact is not None:
            found.append((contact, call.sees(routes_contacts.thing(tx, contact.id, call.actor.id))))
    return found


def _duplicate(each: duplicates.Duplicate, sides: list[tuple[contacts.Contact, bool]]) -> intake_models.Duplicate:
    return intake_models.Duplicate(
        id=each.id,
        reason=each.reason,  # type: ignore[arg-type]
        state=each.state,  # type: ignore[arg-type]
        contacts=[show.contact(contact, plain=plain) for contact, plain in sides],
        created_at=rfc3339(each.created_at),
    )


@routes.post("/duplicates/{duplicate_id}/accept", may="contact.merge", refuses=_REFUSES)
async def accept_duplicate(call: Call, duplicate_id: str, body: intake_models.Accept) -> intake_models.Duplicate:
    """They are one person: merged, by the same act as everywhere, and to be undone for 30 days."""

    def unit(tx: Tx) -> str:
        found = _mine(call, tx, duplicate_id)
        one, other = (contacts.resolve(tx, each) for each in (found.one_id, found.other_id))
        into = contacts.resolve(tx, body.into) if body.into else min(filter(None, (one, other)), default=None)
        if into not in (one, other) or into is None:
            raise ApiError("invalid", "into whom?", fields={"into": "one of the two"})
        joins = other if into == one else one
        try:
            duplicates.decide(tx, found, "merged", by=call.actor.id)
            if joins is not None and joins != into:
                contacts.merge(tx, joins, into, by=call.actor.id)
        except contacts.Conflict as err:
            raise (not_found() if err.code == "not_found" else ApiError(err.code, str(err))) from None
        routes_contacts.explain(call, tx, into, body.why)
        return duplicate_id

    return await _one(call, await call.once(unit))


@routes.post("/duplicates/{duplicate_id}/dismiss", may="contact.merge", refuses=_REFUSES)
async def dismiss_duplicate(call: Call, duplicate_id: str) -> intake_models.Duplicate:
    """They are two: not offered again."""

    def unit(tx: Tx) -> str:
        try:
            duplicates.decide(tx, _mine(call, tx, duplicate_id), "dismissed", by=call.actor.id)
        except contacts.Conflict as err:
            raise ApiError(err.code, str(err)) from None
        return duplicate_id

    return await _one(call, await call.once(unit))


def _mine(call: Call, tx: Tx, duplicate_id: str) -> duplicates.Duplicate:
    """The pair, when both of it are the caller's work. Raises ApiError."""
    found = duplicates.find(tx, duplicate_id)
    if found is None:
        raise not_found()
    for contact_id in (found.one_id, found.other_id):
        if not allow(call.actor, "contact.merge", routes_contacts.thing(tx, contact_id, call.actor.id)):
            raise not_found()
    return found


async def _one(call: Call, duplicate_id: str) -> intake_models.Duplicate:
    def read(tx: Tx) -> tuple[duplicates.Duplicate | None, list[tuple[contacts.Contact, bool]]]:
        found = duplicates.find(tx, duplicate_id)
        return found, _sides(tx, call, found) if found else []

    found, sides = await call.store.read(read)
    if found is None:
        raise not_found()
    return _duplicate(found, sides)
