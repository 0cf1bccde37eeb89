"""What an advisor said, put right or taken back where the platform lets us."""

from __future__ import annotations

from typing import Final

from gateway.api import models, show
from gateway.api.allow import SEES_ALL
from gateway.api.declare import Call, Routes
from gateway.api.errors import ApiError, not_found
from storage import listing, retells, transcript, unchanged
from storage.tx import Tx

routes = Routes("messages")
_AT: Final = "/conversations/{conversation_id}/messages/{message_id}"
_REFUSES: Final = ("not_yours", "wrong_state")
WHY: Final = {
    "not_ours": "only an advisor's own words can be changed",
    "cannot": "this platform lets nobody change what was said",
    "too_old": "it was said too long ago to be changed",
    "not_sent": "it has not arrived yet, or never did",
    "parts": "it went out in several messages: it can be neither changed nor taken back",
    "file": "a file cannot be changed, only taken back",
    "too_long": "it is too long for one message",
    "changing": "an earlier change of it is still on its way: wait until it is done",
}


@routes.post(f"{_AT}/edit", may="retell", refuses=_REFUSES)
async def edit_message(call: Call, conversation_id: str, message_id: str, body: models.Note) -> models.Message:
    """Let it say something else. What it said before stays in the transcript, for us; the customer sees the new words.
    Where that cannot be: 409 `wrong_state`, `fields.reason` says why."""
    return await _retell(call, conversation_id, message_id, body.text)


@routes.post(f"{_AT}/unsend", may="retell", refuses=_REFUSES)
async def unsend_message(call: Call, conversation_id: str, message_id: str) -> models.Message:
    """Take it back: the customer sees it no more. What it said stays in the transcript, for us."""
    return await _retell(call, conversation_id, message_id, "")


async def _retell(call: Call, conversation_id: str, message_id: str, text: str) -> models.Message:
    def unit(tx: Tx) -> str:
        row = listing.one(tx, conversation_id)
        if row is None:
            raise not_found()
        call.require("retell", show.thing(row), row.assignee)
        found = retells.find(tx, conversation_id, message_id)
        if found is None:
            raise not_found()
        if found.advisor_id != call.actor.id and call.actor.role not in SEES_ALL:
            raise ApiError("not_yours", "somebody else said this")
        if unchanged.open_(tx, message_id):
            raise ApiError("wrong_state", WHY["changing"], fields={"reason": "changing"})
        if why := _why_not(call, row, found, text, tx.now_ms):
            raise ApiError("wrong_state", WHY[why], fields={"reason": why})
        name = "message.edit" if text else "message.unsend"
        call.parts.engine.act(
            tx, conversation_id, "retell", by=call.actor.advisor(), data={"as": name, "message": message_id}
        )
        retells.retell(tx, message_id, text)
        return message_id

    made = await call.once(unit)
    message = await call.store.read(lambda tx: transcript.one(tx, made))
    if message is None:
        raise not_found()
    return show.message(call, message, plain=True)


def _why_not(call: Call, row: listing.Conversation, found: retells.Said, text: str, now_ms: int) -> str:
    account = call.parts.accounts.get(f"{row.channel}:{row.account}")
    can = None if account is None else call.parts.adapters[account.channel].carries(account)
    if found.direction != "outbound" or found.author != "advisor":
        return "not_ours"
    if can is None or not can.retells_s:
        return "cannot"
    if found.status not in retells.STANDS or not found.external_id:
        return "not_sent"
    if now_ms - found.said_at >= can.retells_s * 1000:
        return "too_old"
    if found.parts != 1:
        return "parts"
    if text and found.files:
        return "file"
    return "too_long" if len(text) > can.text_limit else ""
