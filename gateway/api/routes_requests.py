"""Data-subject requests: what somebody wants done with his data, and by when (process 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.api import cursors, who
from gateway.api import models_requests as models
from gateway.api.allow import SEES_ALL, TABLE
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.show_requests import Whose, alarm, by_name, request, view, whose
from gateway.web.limits import Limit
from handlers import rights, rightswords, wording
from storage import contacts, erasure, holds, listing, people, privacy, privacy_clocks
from storage.times import at, ms, rfc3339
from storage.tx import Tx

routes = Routes("privacy")
_AT: Final = "/privacy-requests/{request_id}"
NEAR: Final = next(share for share, name in rights.ALARMS if name == "near")
LATEST: Final = timedelta(days=90)  # a letter that lay about; what is older is a slip of the pen
AN_HOUR: Final = 60
_LIMITS: Final = Limit(AN_HOUR, 3600.0)
GAP: Final = "…"  # left for a person to fill


# ---- asked


@routes.post("/privacy-requests", may="request.log", status=201, refuses=("not_found", "too_many"))
async def log_request(call: Call, body: models.NewRequest) -> models.Receipt:
    """Write down a request that came by a call, a letter or in a chat: the law's clock began when anybody of ours had it. The
    answer is the same whether he is known to us or not; who may read requests looks at it with `GET`."""
    given = [name for name in ("contact_id", "conversation_id", "who") if getattr(body, name)]
    if len(given) != 1:
        raise _wrong("who", "give one of contact_id, conversation_id, who")
    received = _received(call, body)
    meant = who.read(body.who) if body.who else {}
    if wait := _LIMITS.wait(call.actor.id):
        raise ApiError("too_many", "you have written down many requests within an hour: wait", retry_s=wait)
    by, business = call.actor.id, call.parts.engine.business
    reads = "request.read" in TABLE.get(call.actor.role, frozenset())

    def unit(tx: Tx) -> str:
        contact_id, conversation_id = _whose(tx, body, meant, by, reads=reads)
        return privacy.add(
            tx,
            contact_id=contact_id,
            conversation_id=conversation_id,
            kind=body.kind,
            code="",
            source="desk" if call.actor.door == "session" else "api",
            way=body.way,
            words=body.words,
            received_at=ms(received),
            ack_due_at=ms(rights.ack_due(received, business)),
            due_at=ms(rights.due(body.kind, received, business, others=body.processor)),
            processor=body.processor,
            by=by,
        )

    made = await call.once(unit)
    row = await call.store.read(lambda tx: privacy.one(tx, made))
    if row is None:
        raise not_found()
    return models.Receipt(
        id=row.id,
        codes=list(row.codes),
        kind=body.kind,
        received_at=rfc3339(row.received_at),
        ack_due_at=rfc3339(row.ack_due_at),
        due_at=rfc3339(row.due_at),
    )


def _received(call: Call, body: models.NewRequest) -> datetime:
    now = call.parts.now()
    received = body.received_at or now
    if received > now:
        raise _wrong("received_at", "it cannot have come later than now")
    if received < now - LATEST:
        raise _wrong(
            "received_at", f"longer ago than {LATEST.days} days: look at the year, or give the day it was found"
        )
    return received


def _whose(
    tx: Tx, body: models.NewRequest, meant: Mapping[str, Any], by: str, *, reads: bool
) -> tuple[str, str | None]:
    """(the person, the conversation with him that an answer would go to). `reads` -- may see requests; the others do not learn
    from the answer who is known. Raises ApiError."""
    if body.conversation_id:
        row = listing.one(tx, body.conversation_id)
        if row is None:
            raise _wrong("conversation_id", "there is no such conversation")
        return str(tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=row.id)), row.id
    if body.contact_id:
        contact_id = contacts.resolve(tx, body.contact_id)
        if contact_id is None:
            raise _wrong("contact_id", "there is nobody with this id, or he was erased")
        return contact_id, _last(tx, contact_id)
    found = people.found(tx, **meant)
    if len(found) > 1 and reads:
        raise _wrong("who", "several people left this: say who, by contact_id")
    if len(found) == 1:
        return found[0].id, _last(tx, found[0].id)
    if "contact_id" in meant:
        raise _wrong("who", "there is nobody with this id")
    values = {kind: meant.get(kind, ()) for kind in ("phones", "emails")}
    return people.newcomer(tx, name=body.name or "", source=by, **values), None


def _last(tx: Tx, contact_id: str) -> str | None:
    """Where he spoke with us last."""
    rows = tx.among(
        "SELECT id, last_message_at FROM conversation WHERE contact_id IN (:among) ORDER BY last_message_at DESC LIMIT 1",
        contacts.family(tx, contact_id),
    )
    return max(rows, key=lambda row: row.last_message_at or 0).id if rows else None


# ---- looked at


@routes.get("/privacy-requests", may="request.read")
async def list_requests(call: Call, query: models.RequestQuery) -> models.DataRequests:
    """Requests with their clocks."""
    mark = cursors.read("dsr", query.cursor, int, str)

    def read(tx: Tx) -> tuple[list[privacy.Row], tuple[int, int, int], dict[str, Whose]]:
        contact = query.contact
        if query.conversation:
            contact = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=query.conversation) or "-"
        if contact:
            found = privacy.of_person(tx, contact, limit=query.limit)
        else:
            after = (mark[0], mark[1]) if mark else None
            found = privacy.page(tx, closed=query.state == "closed", after=after, limit=query.limit + 1)
        return found, privacy_clocks.counts(tx, near=NEAR), whose(tx, found)

    found, (open_, near, over), known = await call.store.read(read)
    more = len(found) > query.limit
    found = found[: query.limit]
    last = found[-1] if more else None
    moment = (last.closed_at or last.due_at) if last else 0
    if found and call.actor.role in SEES_ALL:
        call.note("privacy.list", "privacy_request", "", fields=("words",))
    return models.DataRequests(
        items=[request(call, one, known.get(one.id)) for one in found],
        next=cursors.write("dsr", moment, last.id) if last else None,
        open=open_,
        near=near,
        over=over,
    )


@routes.get(_AT, may="request.read")
async def get_request(call: Call, request_id: str) -> models.DataRequestView:
    """One request with everything that was done about it: the evidence."""
    shown = await view(call, request_id)
    call.note("privacy.read", "privacy_request", request_id, fields=("words", "steps"))
    return shown


@routes.get("/conversations/{conversation_id}/privacy-requests", may="conversation.read")
async def list_of_conversation(call: Call, conversation_id: str) -> models.Briefs:
    """His requests, as whoever speaks with him needs to know them."""

    def read(tx: Tx) -> list[privacy.Row] | None:
        row = listing.one(tx, conversation_id)
        return None if row is None else privacy.of_person(tx, row.contact_id, limit=20)

    found = await call.store.read(read)
    if found is None:
        raise not_found()
    return models.Briefs(
        items=[
            models.Brief(
                id=one.id,
                codes=list(one.codes),
                kind=one.kind,  # type: ignore[arg-type]
                state=one.state,  # type: ignore[arg-type]
                received_at=rfc3339(one.received_at),
                due_at=rfc3339(one.due_at),
                alarm=alarm(call, one),
                handler=by_name(one.handler),
            )
            for one in found
        ]
    )


@routes.get(f"{_AT}/words", may="request.read")
async def draft_words(call: Call, request_id: str, query: models.Draft) -> models.Drafted:
    """Words to begin an answer with: nothing is sent by this."""

    def read(tx: Tx) -> tuple[privacy.Row | None, contacts.Contact | None, list[holds.Stay]]:
        row = privacy.one(tx, request_id)
        person = contacts.view(tx, row.contact_id) if row else None
        stays = list(erasure.plan(tx, person.id).stays) if person and query.act in ("erase", "partly_done") else []
        return row, person, stays

    row, person, stays = await call.store.read(read)
    if row is None:
        raise not_found()
    return _drafted(call, row, person, stays, query)


def _drafted(
    call: Call, row: privacy.Row, person: contacts.Contact | None, stays: list[holds.Stay], query: models.Draft
) -> models.Drafted:
    texts, business, known = call.parts.texts, call.parts.engine.business, at(row.received_at)
    lang = person.lang if person else "vi"
    longer = query.act == "extend" or row.extended_at is not None
    key, values = rightswords.begin(
        query.act,
        rightswords.Facts(
            kind=row.kind,
            code=row.codes[0],
            received=known,
            now=call.parts.now(),
            due=rights.due(row.kind, known, business, others=row.processor, extended=longer),
            ground=query.ground,
            kept=tuple(dict.fromkeys(stay.kind for stay in stays)),
            kept_until=at(max(stay.until for stay in stays)) if stays else None,
            salutation=wording.address(person.salutation) if person else "",
        ),
        lang=lang,
        business=business,
        texts=texts,
    )
    holes = texts.variables(key, lang)
    filled = {name: values.get(name) or GAP for name in holes if name != "xung_ho" or values.get(name)}
    return models.Drafted(
        text=texts.render(key, lang, **filled), fill=sorted(name for name, value in filled.items() if value == GAP)
    )


def _wrong(field: str, why: str) -> ApiError:
    return ApiError("invalid", "some fields are not right", fields={field: why})
