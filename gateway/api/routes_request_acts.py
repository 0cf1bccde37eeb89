"""What is done about a data-subject request, each act with what the customer is told by it (process 3.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from channels.windows import Purpose, Sender
from gateway.api import copies, window
from gateway.api import models_requests as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.api.show_requests import stepped, view
from handlers import rights
from handlers.model import Refused as CoreRefused
from storage import contacts, erasure, listing, privacy, tokens
from storage.times import at, ms
from storage.tx import Tx

routes = Routes("privacy")
_AT: Final = "/privacy-requests/{request_id}"
_REFUSES: Final = ("not_found", "wrong_state", "conflict")
_TELLS: Final = (*_REFUSES, "window_closed")


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
    stepped(call, row, "copy")

    def beside(tx: Tx, digest: str) -> None:
        now_row = privacy.one(tx, request_id, lock=True)
        if now_row is None:
            raise not_found()
        to = {"state": stepped(call, now_row, "copy"), "decided_at": now_row.decided_at or tx.now_ms}
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
        values = {"handler_id": row.handler[0] or call.actor.id, **to, "state": stepped(call, row, act)}
        if told is not None:
            _tell(call, tx, row, told)
            values.setdefault("acknowledged_at", row.acknowledged_at or tx.now_ms)
        if also is not None:
            values |= also(tx, row)
        words = {**(note or {}), **({"way": told.way} if told else {})}
        if not privacy.change(tx, row, act, values, note=words, by=call.actor.id, answer=told.text if told else ""):
            raise _conflict()
        return request_id

    return await view(call, await call.once(unit))


def _tell(call: Call, tx: Tx, row: privacy.Row, told: models.Told) -> None:
    """What he is told goes out where he wrote, or is told by hand. Raises ApiError."""
    if told.way != "chat":
        return
    where = listing.one(tx, row.conversation_id) if row.conversation_id else None
    if where is None:
        wrong = {"way": "there is no chat with him: tell him another way, and say which"}
        raise ApiError("invalid", "some fields are not right", fields=wrong)
    window.check(call.parts, tx, where, sender=Sender.BOT, purpose=Purpose.ANSWER, required=True)
    try:
        call.parts.engine.act(tx, where.id, "privacy", by=call.actor.advisor(), data={"text": told.text})
    except CoreRefused as err:
        raise ApiError("wrong_state", str(err)) from None


def _conflict() -> ApiError:
    return ApiError("conflict", "it was changed meanwhile: look again")


def _refused(err: erasure.Refused) -> ApiError:
    return not_found() if err.code == "not_found" else ApiError(err.code, str(err))
