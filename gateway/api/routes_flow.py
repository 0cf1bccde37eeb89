"""What came in and what goes out: events and sends, and a person's decision about those that got stuck."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from gateway.api import cursors, window
from gateway.api import models_house as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from handlers.unasked import DUE
from storage import audit, events, may_say, outbox, outbox_resend, sending
from storage.times import rfc3339
from storage.tx import Tx

routes = Routes("flow")
ROUNDS: Final = 40  # windows that one call may look through for what no index knows
_REPLAY: Final = {
    "wrong_state": "it is not quarantined",
    "unreadable": "it could not be read and belongs to no conversation: only its bytes are kept",
    "gone": "its bytes are gone: they are kept for 30 days",
}


@routes.get("/events", may="event.read")
async def list_events(call: Call, query: models.EventQuery) -> models.Events:
    """Events as they came, the newest first; those of platforms, unless you ask for others."""
    source = "" if query.source == "all" else query.source
    if query.state == "quarantined":
        return await _bad(call, query, source)
    mark = cursors.read("e", query.cursor, str)
    after: str | None = mark[0] if mark else None
    found: list[Any] = []
    for _ in range(ROUNDS):
        more = partial(
            events.page,
            state=query.state or "",
            channel=query.channel,
            source=source,
            after=after,
            limit=query.limit - len(found),
        )
        rows, after = await call.store.read(more)
        found += rows
        if after is None or len(found) >= query.limit:
            break
    return models.Events(items=[_event(row) for row in found], next=cursors.write("e", after) if after else None)


async def _bad(call: Call, query: models.EventQuery, source: str) -> models.Events:
    after = cursors.read("q", query.cursor, int, str)
    rows, on = await call.store.read(
        lambda tx: events.bad(tx, channel=query.channel, source=source, after=after, limit=query.limit)
    )
    return models.Events(items=[_event(row) for row in rows], next=cursors.write("q", *on) if on else None)


def _event(row: Any) -> models.Event:
    channel, _, account = row.account_id.partition(":")
    return models.Event(
        id=row.id,
        channel=channel,
        account=account,
        key=row.key,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        received_at=rfc3339(row.received_at),
        source=row.source,
        attempts=row.attempts,
        conversation_id=row.conversation_id,
    )


@routes.post("/events/{event_id}/replay", may="event.replay", refuses=("wrong_state",))
async def replay_event(call: Call, event_id: str) -> models.Event:
    """Think about a quarantined event again, after what is open in its conversation."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        problem = events.replay(tx, event_id, by=by)
        if problem == "not_found":
            raise not_found()
        if problem:
            raise ApiError("wrong_state", _REPLAY[problem])
        return event_id

    await call.once(unit)
    row = await call.store.read(lambda tx: events.one(tx, event_id))
    if row is None:
        raise not_found()
    return _event(row)


@routes.get("/outbox", may="outbox.read")
async def list_outbox(call: Call, query: models.OutboxQuery) -> models.Outbox:
    """Platform calls, the newest first: of a state, or those that are not through yet."""
    mark = cursors.read("o", query.cursor, str)
    after: str | None = mark[0] if mark else None
    found: list[Any] = []
    for _ in range(ROUNDS):
        more = partial(
            sending.page,
            state=query.state or "",
            channel=query.channel,
            account=query.account,
            after=after,
            limit=query.limit - len(found),
        )
        rows, after = await call.store.read(more)
        found += rows
        if after is None or len(found) >= query.limit:
            break
    return models.Outbox(items=[_sending(row) for row in found], next=cursors.write("o", after) if after else None)


def _sending(row: Any) -> models.Sending:
    channel, _, account = row.account_id.partition(":")
    return models.Sending(
        id=row.id,
        channel=channel,
        account=account,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        state=outbox.SHOWN.get(row.state, row.state),
        purpose=row.purpose,
        attempts=row.attempts,
        error=row.error,
        created_at=rfc3339(row.created_at),
        not_before=rfc3339(row.not_before),
        not_after=rfc3339(row.not_after),
        done_at=rfc3339(row.done_at),
    )


@routes.post("/outbox/{sending_id}/resend", may="outbox.resend", refuses=("wrong_state", "window_closed"))
async def resend(call: Call, sending_id: str) -> models.Resent:
    """Send it again as a new call: where it had arrived after all, the customer sees it twice."""
    by = call.actor.id

    def unit(tx: Tx) -> str:
        row = tx.one("SELECT contact_id, conversation_id, purpose FROM outbox WHERE id = :id", id=sending_id)
        if row is None:
            raise not_found()
        why = may_say.why_not_begin(tx, row.contact_id, row.conversation_id)
        if why and row.purpose not in DUE:
            raise window.unwanted(why)
        try:
            made = outbox_resend.resend(tx, sending_id)
        except outbox_resend.Change:
            raise ApiError(
                "wrong_state",
                "this was to change a message: change the message itself once more",
                fields={"reason": "change"},
            ) from None
        if made is None:
            raise ApiError("wrong_state", "only what failed, expired or is unconfirmed is sent again")
        audit.write(tx, actor=by, action="outbox.resend", object_type="outbox", object_id=sending_id)
        return made

    return models.Resent(id=await call.once(unit))
