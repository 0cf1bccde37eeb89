"""A masked value, shown to who asks for it: one value at a time, with his name in the audit, and not without end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog

from gateway.api import masks
from gateway.api import models_reveal as models
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from gateway.web.limits import Limit
from storage import audit, contacts, listing
from storage.tx import Tx

routes = Routes("reveal")
log = structlog.get_logger("reveal")
AN_HOUR: Final = 40  # an advisor with thirty conversations looks at each person once
_LIMITS: Final = Limit(AN_HOUR, 3600.0)
_PLAIN: Final = frozenset(
    {"name", "phone", "phone_alt", "email", "need", "plate", "province"}
)  # everything else: a reason


@routes.post("/conversations/{conversation_id}/reveal", may="reveal", keyed=False, refuses=("proof_needed", "too_many"))
async def reveal(call: Call, conversation_id: str, body: models.Reveal) -> models.Revealed:
    """One masked value of a conversation's customer in full. Who looked, at which, and what for, is in the audit; a
    national id wants a fresh proof."""
    if body.field not in _PLAIN and not body.reason:
        raise ApiError("invalid", "some fields are not right", fields={"reason": "say what it is for"})
    if body.field in masks.GUARDED:
        call.prove()
    if wait := _LIMITS.wait(call.actor.id):
        log.warning("reveal.limit", advisor=call.actor.id)
        raise ApiError(
            "too_many", "you have looked at many values within an hour: wait, or ask a supervisor", retry_s=wait
        )
    by, through = call.actor.id, call.actor.through

    def unit(tx: Tx) -> list[str] | None:
        row = listing.one(tx, conversation_id)
        if row is None:
            return None
        told = (body.field, f"reason:{body.reason}") if body.reason else (body.field,)
        audit.write(
            tx,
            actor=by,
            action="reveal",
            object_type="conversation",
            object_id=conversation_id,
            fields=told,
            request_id=call.id,
            source=through,
        )
        return _values(row, contacts.view(tx, row.contact_id), body.field)

    found = await call.store.run(unit)
    if found is None:
        raise not_found()
    return models.Revealed(field=body.field, values=found)


def _values(row: listing.Conversation, contact: contacts.Contact | None, field: str) -> list[str]:
    """What people put right first, then what was said."""
    known: Mapping[str, Any] = {**dict(row.state.get("memory", {}).get("lead") or {}), **row.slots}
    of_contact: Mapping[str, tuple[str, ...]] = (
        {"name": (contact.name,), "phone": contact.phones, "email": contact.emails} if contact else {}
    )
    found = [*of_contact.get(field, ()), known.get(field)]
    return list(dict.fromkeys(_words(each) for each in found if each))


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_words(each) for each in value.values() if each)
    return ", ".join(map(_words, value)) if isinstance(value, list | tuple) else str(value)
