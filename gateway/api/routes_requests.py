"""Data-subject requests: what somebody wants done with his data, by when, and what was done about it (process 3.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from channels.windows import Purpose, Sender
from gateway.api import copies, cursors, masks, who, window
from gateway.api import models_requests as models
from gateway.api.allow import SEES_ALL, TABLE
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.fields import Person
from handlers import rights, rightswords, wording
from handlers.model import Refused as CoreRefused
from storage import contacts, erasure, holds, listing, people, privacy, tokens
from storage.times import at, ms, rfc3339
from storage.tx import Tx

routes = Routes("privacy")
GAP: Final = "…"  # left for a person to fill
_AT: Final = "/privacy-requests/{request_id}"
_REFUSES: Final = ("not_found", "wrong_state", "conflict")
_TELLS: Final = (*_REFUSES, "window_closed")


# ---- asked


@routes.post("/privacy-requests", may="request.log", status=201, refuses=("not_found",))
async def log_request(call: Call, body: models.NewRequest) -> models.DataRequestView:
    """Write down a request that came by a call, a letter or in a chat: the law's clock began when anybody of ours had it."""
    given = [name for name in ("contact_id", "conversation_id", "who") if getattr(body, name)]
    if len(given) != 1:
        raise _wrong("who", "give one of contact_id, conversation_id, who")
    received = body.received_at or call.parts.now()
    if received > call.parts.now():
        raise _wrong("received_at", "it cannot have come later than now")
    meant = who.read(body.who) if body.who else {}
    by, business = call.actor.id, call.parts.engine.business

    def unit(tx: Tx) -> str:
        contact_id, conversation_id = _whose(tx, body, meant, by)
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

    return await _view(call, await call.once(unit))


def _whose(tx: Tx, body: models.NewRequest, meant: Mapping[str, Any], by: str) -> tuple[str, str | None]:
    """(the person, the conversation with him that an answer would go to). Raises ApiError."""
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
    if len(found) > 1:
        raise _wrong("who", "several people left this: say who, by contact_id")
    if found:
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

    def read(tx: Tx) -> tuple[list[privacy.Row], list[tuple[int, int]], dict[str, contacts.Contact]]:
        contact = query.contact
        if query.conversation:
            contact = tx.value("SELECT contact_id FROM conversation WHERE id = :id", id=query.conversation) or "-"
        if contact:
            found = privacy.of_person(tx, contact, limit=query.limit)
        else:
            after = (mark[0], mark[1]) if mark else None
            found = privacy.page(tx, closed=query.state == "closed", after=after, limit=query.limit + 1)
        return found, privacy.clocks(tx), _people(tx, found)

    found, clocks, known = await call.store.read(read)
    more = len(found) > query.limit
    found = found[: query.limit]
    last = found[-1] if more else None
    now = call.parts.now()
    rings = [rights.alarm(at(received), at(due), now) for received, due in clocks]
    moment = (last.closed_at or last.due_at) if last else 0
    if found and call.actor.role in SEES_ALL:
        call.note("privacy.list", "privacy_request", "", fields=("words",))
    return models.DataRequests(
        items=[_request(call, one, known.get(one.id)) for one in found],
        next=cursors.write("dsr", moment, last.id) if last else None,
        open=len(rings),
        near=rings.count("near"),
        over=rings.count("over"),
    )


@routes.get(_AT, may="request.read")
async def get_request(call: Call, request_id: str) -> models.DataRequestView:
    """One request with everything that was done about it: the evidence."""
    shown = await _view(call, request_id)
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
                alarm=_alarm(call, one),
                handler=_person(one.handler),
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


# ---- done about it


@routes.post(f"{_AT}/take", may="request.edit", refuses=_REFUSES)
async def take_request(call: Call, request_id: str) -> models.DataRequestView:
    """You see to it."""
    return await _do(call, request_id, "take", {"handler_id": call.actor.id})


@routes.post(f"{_AT}/acknowledge", may="request.edit", refuses=_TELLS)
async def acknowledge_request(call: Call, request_id: str, body: models.Told) -> models.DataRequestView:
    """He hears that it has come in, within two working days."""
    return await _do(call, request_id, "acknowledge", {"acknowledged_at": call.store.now_ms()}, told=body)


@routes.post(f"{_AT}/verify", may="request.edit", refuses=_REFUSES)
async def verify_request(call: Call, request_id: str, body: models.Verify) -> models.DataRequestView:
    """It is he: how you know."""
    to = {"verified_at": call.store.now_ms()}
    return await _do(call, request_id, "verify", to, note={"how": body.how, "note": body.note})


@routes.post(f"{_AT}/start", may="request.edit", refuses=_REFUSES)
async def start_request(call: Call, request_id: str, body: models.Remarked) -> models.DataRequestView:
    """It is granted, and being carried out: what is done, and by whom."""
    return await _do(call, request_id, "start", {"decided_at": call.store.now_ms()}, note={"note": body.note})


@routes.post(f"{_AT}/copy", may="request.edit", keyed=False, proof=True, refuses=_REFUSES)
async def copy_for_request(call: Call, request_id: str) -> web.StreamResponse:
    """The copy of all that we hold of him, as a zip, once it is known that it is he."""
    row = await call.store.read(lambda tx: privacy.one(tx, request_id))
    if row is None:
        raise not_found()
    _stepped(call, row, "copy")

    def beside(tx: Tx, digest: str) -> None:
        now_row = privacy.one(tx, request_id, lock=True)
        if now_row is None:
            raise not_found()
        to = {"state": _stepped(call, now_row, "copy"), "decided_at": now_row.decided_at or tx.now_ms}
        if not privacy.change(tx, now_row, "copy", to, note={"manifest": digest}, by=call.actor.id):
            raise _conflict()

    return await copies.send(call, row.contact_id, "access", beside=beside)


@routes.post(f"{_AT}/erase", may="request.edit", proof=True, refuses=_TELLS)
async def erase_for_request(call: Call, request_id: str, body: models.Erase) -> models.DataRequestView:
    """Ask for his erasure and tell him: somebody else approves it (`/privacy/erasures/{id}/approve`), and when it is done, so is
    the request. Declined, it is yours again."""
    credential = call.actor.credential

    def ask(tx: Tx, row: privacy.Row) -> Mapping[str, Any]:
        try:
            plan = erasure.plan(tx, row.contact_id)
            job = erasure.ask(
                tx, row.contact_id, by=call.actor.id, reason="request", behind=tokens.behind(tx, credential)
            )
        except erasure.Refused as err:
            raise _refused(err) from None
        return {"erasure_id": job, "decided_at": tx.now_ms, "legal": "legal_duty" if plan.stays else ""}

    return await _do(call, request_id, "erase", {}, told=body, also=ask)


@routes.post(f"{_AT}/withdraw", may="request.edit", refuses=_REFUSES)
async def withdraw_for_request(call: Call, request_id: str, body: models.Remarked) -> models.DataRequestView:
    """End his consent in every conversation that we have with him, and what rested on it: as if he had said so there."""

    def end(tx: Tx, row: privacy.Row) -> Mapping[str, Any]:
        family = contacts.family(tx, contacts.resolve(tx, row.contact_id) or row.contact_id)
        for each in tx.among("SELECT id FROM conversation WHERE contact_id IN (:among) ORDER BY id LIMIT 50", family):
            call.parts.engine.act(tx, each.id, "withdraw", by=call.actor.advisor(), data={})
        return {"decided_at": tx.now_ms}

    return await _do(call, request_id, "withdraw", {}, note={"note": body.note}, also=end)


@routes.post(f"{_AT}/extend", may="request.edit", refuses=_TELLS)
async def extend_request(call: Call, request_id: str, body: models.Extend) -> models.DataRequestView:
    """More time, once; he is told before the first date, with the reason."""

    def longer(tx: Tx, row: privacy.Row) -> Mapping[str, Any]:
        until = rights.due(
            row.kind, at(row.received_at), call.parts.engine.business, others=row.processor, extended=True
        )
        return {"due_at": ms(until), "extended_at": tx.now_ms}

    return await _do(call, request_id, "extend", {}, told=body, also=longer)


@routes.post(f"{_AT}/done", may="request.edit", refuses=_TELLS)
async def finish_request(call: Call, request_id: str, body: models.Told) -> models.DataRequestView:
    """All of it is done, and he is told."""
    return await _do(call, request_id, "done", _over(call), told=body)


@routes.post(f"{_AT}/partly-done", may="request.edit", refuses=_TELLS)
async def finish_partly(call: Call, request_id: str, body: models.Partly) -> models.DataRequestView:
    """Some of it is done; he is told what is not, and on which ground."""
    return await _do(call, request_id, "partly_done", {**_over(call), "legal": body.ground}, told=body)


@routes.post(f"{_AT}/refuse", may="request.edit", refuses=_TELLS)
async def refuse_request(call: Call, request_id: str, body: models.Refuse) -> models.DataRequestView:
    """Not done, on a ground of the law, and he is told."""
    to = {**_over(call), "legal": body.ground}
    return await _do(call, request_id, "refuse", to, told=body, note={"ground": body.ground})


@routes.post(f"{_AT}/note", may="request.edit", refuses=_REFUSES)
async def note_on_request(call: Call, request_id: str, body: models.Remarked) -> models.DataRequestView:
    """A line of evidence that he does not see."""
    return await _do(call, request_id, "note", {}, note={"note": body.note})


def _over(call: Call) -> dict[str, Any]:
    now = call.store.now_ms()
    return {"closed_at": now, "decided_at": now}


async def _do(
    call: Call,
    request_id: str,
    act: str,
    to: Mapping[str, Any],
    *,
    note: Mapping[str, Any] | None = None,
    told: models.Told | None = None,
    also: Callable[[Tx, privacy.Row], Mapping[str, Any]] | None = None,
) -> models.DataRequestView:
    def unit(tx: Tx) -> str:
        row = privacy.one(tx, request_id, lock=True)
        if row is None:
            raise not_found()
        values = {"handler_id": row.handler[0] or call.actor.id, **to, "state": _stepped(call, row, act)}
        if told is not None:
            _tell(call, tx, row, told)
            values.setdefault("acknowledged_at", row.acknowledged_at or tx.now_ms)
        if also is not None:
            values |= also(tx, row)
        words = {**(note or {}), **({"way": told.way} if told else {})}
        if not privacy.change(tx, row, act, values, note=words, by=call.actor.id, answer=told.text if told else ""):
            raise _conflict()
        return request_id

    return await _view(call, await call.once(unit))


def _tell(call: Call, tx: Tx, row: privacy.Row, told: models.Told) -> None:
    """What he is told goes out where he wrote, or is told by hand. Raises ApiError."""
    if told.way != "chat":
        return
    where = listing.one(tx, row.conversation_id) if row.conversation_id else None
    if where is None:
        raise _wrong("way", "there is no chat with him: tell him another way, and say which")
    window.check(call.parts, tx, where, sender=Sender.BOT, purpose=Purpose.ANSWER)
    try:
        call.parts.engine.act(tx, where.id, "privacy", by=call.actor.advisor(), data={"text": told.text})
    except CoreRefused as err:
        raise ApiError("wrong_state", str(err)) from None


def _standing(call: Call, row: privacy.Row) -> rights.Standing:
    return rights.Standing(
        kind=row.kind,
        state=row.state,
        extended=row.extended_at is not None,
        acknowledged=row.acknowledged_at is not None,
        erasing=row.erasure in ("asked", "running"),
        over=call.store.now_ms() > row.due_at,
    )


def _stepped(call: Call, row: privacy.Row, act: str) -> str:
    try:
        return rights.step(_standing(call, row), act)
    except rights.Stop as err:
        raise ApiError("wrong_state", str(err)) from None


def _conflict() -> ApiError:
    return ApiError("conflict", "it was changed meanwhile: look again")


def _wrong(field: str, why: str) -> ApiError:
    return ApiError("invalid", "some fields are not right", fields={field: why})


def _refused(err: erasure.Refused) -> ApiError:
    return not_found() if err.code == "not_found" else ApiError(err.code, str(err))


# ---- shown


def _people(tx: Tx, rows: list[privacy.Row]) -> dict[str, contacts.Contact]:
    """Whose each is, by the request's id; nobody for who was erased."""
    return {one.id: person for one in rows if (person := contacts.view(tx, one.contact_id)) is not None}


async def _view(call: Call, request_id: str) -> models.DataRequestView:
    def read(tx: Tx) -> tuple[privacy.Row, list[privacy.Step], contacts.Contact | None] | None:
        row = privacy.one(tx, request_id)
        return None if row is None else (row, privacy.steps(tx, row), contacts.view(tx, row.contact_id))

    found = await call.store.read(read)
    if found is None:
        raise not_found()
    row, steps, person = found
    plain = call.actor.role in SEES_ALL
    return models.DataRequestView(
        **_request(call, row, person).model_dump(),
        steps=[
            models.Step(
                act=one.act,
                before=one.before,
                after=one.after,
                by=_person(one.by),
                note={
                    name: value if plain or not isinstance(value, str) else masks.text(value)
                    for name, value in one.note.items()
                },
                at=rfc3339(one.at),
            )
            for one in steps
        ],
    )


def _request(call: Call, row: privacy.Row, person: contacts.Contact | None) -> models.DataRequest:
    plain = call.actor.role in SEES_ALL
    edits = "request.edit" in _may(call)
    now = call.parts.now()
    unanswered = row.acknowledged_at is None and row.closed_at is None
    return models.DataRequest(
        id=row.id,
        codes=list(row.codes),
        kind=row.kind,  # type: ignore[arg-type]
        source=row.source,  # type: ignore[arg-type]
        way=row.way,  # type: ignore[arg-type]
        about=_about(person, plain=plain) if person else None,
        conversation_id=row.conversation_id,
        words=row.words if plain else masks.text(row.words),
        state=row.state,  # type: ignore[arg-type]
        ground=row.legal,
        processor=row.processor,
        handler=_person(row.handler),
        received_at=rfc3339(row.received_at),
        ack_due_at=rfc3339(row.ack_due_at),
        acknowledged_at=rfc3339(row.acknowledged_at),
        ack_alarm=rights.alarm(at(row.received_at), at(row.ack_due_at), now) if unanswered else "",  # type: ignore[arg-type]
        due_at=rfc3339(row.due_at),
        alarm=_alarm(call, row),
        extended_at=rfc3339(row.extended_at),
        verified_at=rfc3339(row.verified_at),
        decided_at=rfc3339(row.decided_at),
        closed_at=rfc3339(row.closed_at),
        answer=row.answer if plain else masks.text(row.answer),
        erasure=models.Erasing(id=row.erasure_id, state=row.erasure, mine=row.erasure_by == call.actor.id)
        if row.erasure
        else None,
        may=rights.may(_standing(call, row)) if edits else [],
        version=row.version,
    )


def _may(call: Call) -> frozenset[str]:
    return TABLE.get(call.actor.role, frozenset())


def _alarm(call: Call, row: privacy.Row) -> Any:
    """Of a closed one how it stood when it was closed: over, or ''."""
    if row.closed_at is not None:
        return "over" if row.closed_at > row.due_at else ""
    return rights.alarm(at(row.received_at), at(row.due_at), call.parts.now())


def _person(who_: tuple[str, str]) -> Person | None:
    return Person(id=who_[0], name=who_[1]) if who_[0] and who_[1] else None


def _about(person: contacts.Contact, *, plain: bool) -> models.About:
    return models.About(
        id=person.id,
        name=person.name if plain else masks.name(person.name),
        phones=[one if plain else masks.phone(one) for one in person.phones],
        emails=[one if plain else masks.email(one) for one in person.emails],
    )
