"""Contacts: a person over all his channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.api import models_contacts as models
from gateway.api import show, values
from gateway.api.allow import Thing, allow
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import carried, contact_changes, contacts
from storage.tx import Tx

routes = Routes("contacts")
_AT = "/contacts/{contact_id}"


def thing(tx: Tx, contact_id: str, actor_id: str) -> Thing:
    """Whose work this contact is."""
    return _of(tx, contacts.family(tx, contact_id), actor_id)


def _of(tx: Tx, ids: Sequence[str], actor_id: str) -> Thing:
    mine, waiting = contacts.held_by(tx, ids, actor_id)
    return Thing(mine=mine, waiting=waiting)


@routes.get(_AT, may="contact.read")
async def get_contact(call: Call, contact_id: str) -> models.Contact:
    """A person. One who was merged into another answers as that other."""
    return await _view(call, contact_id)


async def _view(call: Call, contact_id: str) -> models.Contact:
    def read(tx: Tx) -> tuple[contacts.Contact, Thing] | None:
        found = contacts.view(tx, contact_id)
        return None if found is None else (found, thing(tx, found.id, call.actor.id))

    found = await call.store.read(read)
    if found is None:
        raise not_found()
    contact, whose = found
    plain = call.sees(whose)
    if plain:
        call.note("contact.read", "contact", contact.id, fields=("name", "phones", "emails"))
    return show.contact(contact, plain=plain)


@routes.patch(_AT, may="contact.edit", refuses=("not_yours", "conflict", "not_found"))
async def change_contact(call: Call, contact_id: str, body: models.ContactChange) -> models.Contact:
    """Correct what is known of him. What is left out stays; lists replace what was there."""
    change = contact_changes.Change(
        name=body.name,
        salutation=body.salutation,
        lang=body.lang,
        phones=None if body.phones is None else values.phones(body.phones),
        emails=None if body.emails is None else values.emails(body.emails),
        test=body.test,
    )
    if not change.fields():
        return await _view(call, contact_id)
    by = call.actor.id
    changed = await _write(
        call,
        contact_id,
        "contact.edit",
        lambda tx: contact_changes.change(tx, contact_id, change, by=by, version=body.version),
    )
    return await _view(call, changed)


@routes.post(f"{_AT}/merge", may="contact.merge", refuses=("not_yours", "wrong_state", "not_found"))
async def merge_contact(call: Call, contact_id: str, body: models.Merge) -> models.Contact:
    """He is the same person as `into`, and answers as that one. Can be undone for 30 days."""

    def join(tx: Tx) -> str:
        target = contacts.resolve(tx, body.into)
        if target is not None:
            _require_all(call, tx, contacts.family(tx, target))
        merged = contacts.merge(tx, contact_id, body.into, by=call.actor.id)
        explain(call, tx, merged, body.why)
        return merged

    return await _view(call, await _write(call, contact_id, "contact.merge", join))


@routes.post(f"{_AT}/unmerge", may="contact.merge", refuses=("not_yours", "wrong_state", "not_found"))
async def unmerge_contact(call: Call, contact_id: str) -> models.Contact:
    """Undo: the merged one stands alone again. Asked of the other, the last who joined does."""

    def part(tx: Tx) -> str:
        leaves, remain = contacts.sides(tx, contact_id)
        _require_all(call, tx, leaves, remain)
        parted = contacts.unmerge(tx, contact_id, by=call.actor.id)
        carried.part(tx, leaves, remain)
        carried.part(tx, remain, leaves)
        return parted

    return await _view(call, await _write(call, contact_id, "contact.merge", part))


def explain(call: Call, tx: Tx, contact_id: str, why: str) -> None:
    """The reason of a merge, in the conversation that he used last."""
    person = contacts.view(tx, contact_id)
    last = next((point.conversation_id for point in person.points if point.conversation_id), None) if person else None
    if why and last:
        text = f"Gộp hai hồ sơ cùng một người: {why}"
        call.parts.engine.act(tx, last, "note", by=call.actor.advisor(), data={"text": text})


def _require_all(call: Call, tx: Tx, *sides: Sequence[str]) -> None:
    """Whom he may not merge is not there for him: else he would see through his own the ones of others."""
    if not all(allow(call.actor, "contact.merge", _of(tx, side, call.actor.id)) for side in sides):
        raise not_found()


async def _write(call: Call, contact_id: str, may: str, change: Callable[[Tx], str]) -> str:
    def unit(tx: Tx) -> str:
        found = contacts.resolve(tx, contact_id)
        if found is None:
            raise not_found()
        call.require(may, thing(tx, found, call.actor.id))
        try:
            return change(tx)
        except contacts.Conflict as err:
            raise (not_found() if err.code == "not_found" else ApiError(err.code, str(err))) from None

    return await call.once(unit)
